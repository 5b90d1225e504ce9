// A run whose history grows long continues as a new execution with its plan, its upload and its parts: on a
// server that suggests it after few events, nothing is exported twice, and the file is that of a run that
// never continued.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSchedule, deleteSchedule } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { startStack } from '../../local/stack.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { fireSlots } from '../fire-slots.ts';
import { HOUR, HOUR_MS, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { countBatches } from '../faults/count-batches.ts';
import { TEST_STACK_VARIABLE } from '../stack.ts';
import { until } from '../../local/until.ts';

/** A run of one batch has fewer events, one of several batches more. */
const EVENTS_BEFORE_CONTINUING = 25;

/**
 * So many batches that some are left when the run is long enough, also where those under way end in the same
 * moment.
 */
const ROOMS = 22_000;
/** Well above what a store takes for a part: a batch that comes out shorter makes the run begin again. */
const RANGE_BYTES = 8_000_000;

describe('a run with a long event history', () => {
  it('continues as new with its state, exports each batch once, and looks back at the end', () =>
    withImpatientServer(() =>
      withExportBench(
        async (bench) => {
          const stream = {
            ...makeStream(bench.unique('long')),
            fromMs: HOUR.startMs - HOUR_MS,
          };
          await makeHistory(bench.connection, {
            rooms: ROOMS,
            seed: 3,
            projectId: stream.name,
            fromMs: HOUR.startMs,
            toMs: HOUR.endMs,
          });
          const executions = await fire(bench, stream);
          assert.ok(executions.length >= 2, `${executions.length} executions`);
          const last = bench.connected.client.workflow.getHandle(
            runIdOf(stream.name, HOUR),
            executions.at(-1),
          );
          const { manifest } = (await last.result()) as Awaited<ReturnType<ExportBench['run']>>;
          const counts = await Promise.all(
            executions.map((runId) =>
              countBatches(bench.connected.client.workflow.getHandle(runIdOf(stream.name, HOUR), runId)),
            ),
          );
          const batches = counts.reduce((sum, { completed }) => sum + completed, 0);
          // One more part closes the file.
          assert.equal(batches, (manifest?.parts ?? 0) - 1);
          const other = makeStream(bench.unique('short'), { project: stream.name, compression: 'gzip' });
          const short = await bench.run(other, HOUR);
          assert.deepEqual(await bench.readFile(manifest), await bench.readFile(short.manifest));
          assert.deepEqual(await bench.store.listUploads({ key: manifest?.key ?? '' }), []);

          const before = runIdOf(stream.name, { startMs: HOUR.startMs - HOUR_MS, endMs: HOUR.startMs });
          await until('the run before, which had no file, is made', () =>
            bench.connected.client.workflow
              .getHandle(before)
              .result()
              .catch(() => undefined),
          );
        },
        { batches: { rangeBytesPlain: RANGE_BYTES } },
      ),
    ));
});

/** Lets the stream's schedule fire the hour; returns the ids of all executions that followed one another. */
async function fire(bench: ExportBench, stream: StreamDefinition): Promise<string[]> {
  await createSchedule(bench.connected, stream);
  try {
    await fireSlots(bench.connected, stream.name, [HOUR.endMs]);
    const workflowId = runIdOf(stream.name, HOUR);
    const executions: string[] = [];
    const handle = bench.connected.client.workflow.getHandle(workflowId);
    await handle.result();
    const { events } = await handle.fetchHistory();
    let runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? '';
    while (runId !== '') {
      executions.push(runId);
      const history = await bench.connected.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const end = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
      runId = end?.newExecutionRunId ?? '';
    }
    return executions;
  } finally {
    await deleteSchedule(bench.connected, stream.name);
  }
}

/** The tests' shared server has the limits of a real one, so this has its own. */
async function withImpatientServer(use: () => Promise<void>): Promise<void> {
  const shared = process.env[TEST_STACK_VARIABLE];
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-long-'));
  const stack = await startStack({
    folder,
    exporterReads: '*.*',
    temporalSettings: { 'limit.historyCount.suggestContinueAsNew': `${EVENTS_BEFORE_CONTINUING}` },
  });
  try {
    const { clickhouse, temporal, store } = stack;
    process.env[TEST_STACK_VARIABLE] = JSON.stringify({ clickhouse, temporal, store });
    await use();
  } finally {
    process.env[TEST_STACK_VARIABLE] = shared;
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
