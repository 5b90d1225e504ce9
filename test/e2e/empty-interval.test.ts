// An interval without rooms: the rooms are not asked for where the plan has counted none, and one that turns
// up meanwhile is in the file all the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { withReadRows } from '../read-rows.ts';

/** The fingerprint of a plan asks each of them once. */
const VIEWS = 3;

describe('an interval without rooms', () => {
  it('is exported without a scan for rooms', () =>
    withCounted(
      () => Promise.resolve(),
      async (bench, asked) => {
        const { manifest } = await bench.run(makeStream(bench.unique('empty')), HOUR);
        assert.equal((await bench.readFile(manifest)).toString(), '[]\n');
        assert.equal(asked(), 0);
      },
    ));

  it('has its rooms in the file when they arrive after the plan', () =>
    withCounted(
      (bench, projectId) =>
        makeHistory(bench.connection, {
          rooms: 5,
          seed: 1,
          projectId,
          fromMs: HOUR.startMs,
          toMs: HOUR.endMs,
        }),
      async (bench, asked) => {
        for (const compression of ['none', 'gzip'] as const) {
          const stream = makeStream(bench.unique(`late-${compression}`), { compression });
          const { manifest, batchesRedone } = await bench.run(stream, HOUR);
          assert.deepEqual([manifest?.rooms, batchesRedone], [5, 1]);
          const rooms: unknown = JSON.parse((await bench.readFile(manifest)).toString());
          assert.ok(Array.isArray(rooms) && rooms.length === 5);
        }
        assert.equal(asked(), 2);
      },
    ));
});

/**
 * A bench whose worker counts how often the rooms are asked for, and lets something happen between plan and
 * export.
 */
function withCounted(
  afterPlan: (bench: ExportBench, projectId: string) => Promise<void>,
  use: (bench: ExportBench, asked: () => number) => Promise<void>,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      let asked = 0;
      const answers = new Map<string, number>();
      const wrapTools = (tools: StageTools): StageTools => {
        const watching = withReadRows(tools, async ({ projectId }) => {
          const answered = (answers.get(projectId) ?? 0) + 1;
          answers.set(projectId, answered);
          if (answered === VIEWS) await afterPlan(bench, projectId);
        });
        const { writers } = tools;
        const write: typeof writers.write = (task, signal) => {
          if (task.scan !== null) asked += 1;
          return writers.write(task, signal);
        };
        return { ...watching, writers: { ...writers, write } };
      };
      const worker = await startTestWorker(bench.config, { wrapTools });
      try {
        await use(bench, () => asked);
      } finally {
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}
