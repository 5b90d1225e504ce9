// `npm run histories:record -- RELEASE`: makes one run of each shape on the real stack and keeps its history under the release's name. Done once for
// every release in which a workflow changed; what is there is never overwritten.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { startStack } from '../../local/stack.ts';
import { runIdOf, scheduleIdOf } from '../../workflows/model/interval.ts';
import { HOUR, makeStream, withExportBench, type ExportBench } from '../export-bench.ts';
import { TEST_STACK_VARIABLE } from '../stack.ts';
import { until } from '../until.ts';
import { readHistories, saveHistory } from './histories.ts';

const ROOMS_OF_SEVERAL_PARTS = 8_000;

async function main(release: string | undefined): Promise<void> {
  if (release === undefined || !/^\d+\.\d+$/.test(release))
    throw new Error('usage: npm run histories:record -- 1.0');
  if (readHistories().some(({ shape }) => shape.startsWith(`${release}-`)))
    throw new Error(`release ${release}: its histories are there already`);
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-record-'));
  const stack = await startStack({ folder, exporterReads: '*.*' });
  process.env[TEST_STACK_VARIABLE] = JSON.stringify({
    clickhouse: stack.clickhouse,
    temporal: stack.temporal,
    store: stack.store,
  });
  try {
    await withExportBench((bench) => recordAll(bench, release), { batches: { rangeBytesPlain: 10_000_000 } });
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function recordAll(bench: ExportBench, release: string): Promise<void> {
  const keep = async (shape: string, workflowId: string): Promise<void> => {
    const handle = bench.connected.client.workflow.getHandle(workflowId);
    await handle.result().catch(() => undefined);
    const history = await handle.fetchHistory();
    console.log(saveHistory({ shape: `${release}-${shape}`, workflowId, history }));
  };
  const empty = makeStream('empty');
  await bench.run(empty, HOUR);
  await keep('complete-empty', runIdOf('empty', HOUR));
  await bench.run(empty, HOUR);
  await keep('already-complete', runIdOf('empty', HOUR));
  await bench.run(makeStream('skipped', { empty: 'skip' }), HOUR);
  await keep('complete-without-file', runIdOf('skipped', HOUR));

  const rooms = { rooms: ROOMS_OF_SEVERAL_PARTS, seed: 1, fromMs: HOUR.startMs, toMs: HOUR.endMs };
  await makeHistory(bench.connection, { ...rooms, projectId: 'several' });
  await bench.run(makeStream('several'), HOUR);
  await keep('complete-of-several-parts', runIdOf('several', HOUR));
  await bench.run(makeStream('several', { compression: 'gzip', fields: 'extended' }), HOUR, true);
  await keep('complete-again-compressed', runIdOf('several', HOUR));

  await bench.run(makeStream('lost', { destination: 'moon' }), HOUR).catch(() => undefined);
  await keep('failed-for-good', runIdOf('lost', HOUR));

  const waiting = makeStream('waiting', { settleSeconds: 86_400 * 365 });
  const handle = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
  await handle.cancel();
  await keep('canceled-while-settling', runIdOf('waiting', HOUR));

  await recordTriggered(bench, keep);
}

async function recordTriggered(
  bench: ExportBench,
  keep: (shape: string, workflowId: string) => Promise<void>,
): Promise<void> {
  const stream = makeStream('triggered');
  await createSchedule(bench.connected, stream);
  try {
    const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
    await schedule.trigger();
    const action = await until('the trigger has started a run', async () => {
      const { info } = await schedule.describe();
      return info.recentActions[0]?.action;
    });
    await keep('handed-over', action.workflow.workflowId);
  } finally {
    await deleteSchedule(bench.connected, stream.name);
  }
}

main(process.argv[2]).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
