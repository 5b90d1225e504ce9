// Planning: an interval that is surely one range is not cut, also where its texts make it far longer than its
// counts say; and the upload that planning begins is given up when the run is cancelled meanwhile.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import type { BenchOptions, ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf } from '../../local/file-keys.ts';
import { withReadRows } from '../read-rows.ts';
import type { StatementKind } from '../read-rows.ts';
import { until } from '../../local/until.ts';

const ROOMS = { rooms: 100, seed: 3, fromMs: HOUR.startMs, toMs: HOUR.endMs };

describe('the plan of an interval', () => {
  it('counts the rooms of a short interval once and does not split it', () =>
    withStatements(async (bench, statements) => {
      const stream = makeStream(bench.unique('short'));
      await makeHistory(bench.connection, { ...ROOMS, projectId: stream.name });
      const { manifest } = await bench.run(stream, HOUR);
      assert.deepEqual([manifest?.rooms, manifest?.parts], [ROOMS.rooms, 1]);
      // One for each view, once for the plan and once for the check.
      assert.deepEqual(statements(), Array<StatementKind>(6).fill('fingerprint'));
    }));

  it('splits an interval whose texts exceed the buffer once a batch has reported that', () =>
    withStatements(
      async (bench, statements) => {
        const stream = makeStream(bench.unique('texts'));
        await makeHistory(bench.connection, { ...ROOMS, projectId: stream.name });
        await bench.connection.command({
          query: `INSERT INTO peers SELECT * REPLACE (map('note', [repeat('x', 150000)]) AS keys, version + 1 AS version)
            FROM peers FINAL WHERE project_id = {project:String}`,
          query_params: { project: stream.name },
        });
        const { manifest } = await bench.run(stream, HOUR);
        assert.equal(manifest?.rooms, ROOMS.rooms);
        assert.ok(manifest.parts > 2, `${manifest.parts} parts`);
        assert.equal(statements().filter((statement) => statement === 'cut').length, 1);
        const rooms: unknown = JSON.parse((await bench.readFile(manifest)).toString());
        assert.ok(Array.isArray(rooms) && rooms.length === ROOMS.rooms);
      },
      { batches: { rangeBytesPlain: 10_000_000 } },
    ));

  it('leaves no upload behind when the run is canceled during planning', () =>
    withExportBench(
      async (bench) => {
        const stream = makeStream(bench.unique('canceled-plan'));
        const key = fileKeyOf(stream, HOUR);
        const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
        let uploadsWhenCanceled = 0;
        const worker = await startTestWorker(bench.config, {
          wrapTools: (tools) =>
            withReadRows(tools, async () => {
              // A batch that has begun before the run hears of it finds no upload any more.
              if (uploadsWhenCanceled > 0) return;
              const uploads = await until('the upload has begun', async () => {
                const found = await bench.store.listUploads({ key });
                return found.length > 0 ? found : undefined;
              });
              uploadsWhenCanceled = uploads.length;
              await handle.cancel();
            }),
        });
        try {
          await assert.rejects(
            handle.result(),
            (error: unknown) =>
              error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
          );
          assert.equal(uploadsWhenCanceled, 1);
          assert.deepEqual(await bench.store.listUploads({ key }), []);
        } finally {
          await worker.stop();
        }
      },
      { startsWorker: false },
    ));
});

/** A bench whose worker tells which short statements it has asked so far. */
function withStatements(
  use: (bench: ExportBench, statements: () => StatementKind[]) => Promise<void>,
  options: BenchOptions = {},
): Promise<void> {
  const asked: StatementKind[] = [];
  return withExportBench((bench) => use(bench, () => asked), {
    ...options,
    wrapTools: (tools) => withReadRows(tools, ({ kind }) => void asked.push(kind)),
  });
}
