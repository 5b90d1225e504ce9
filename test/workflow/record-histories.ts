// `npm run histories:record -- RELEASE`: makes one run of each shape on the real stack and keeps its history
// under the release's name. Done once for every release in which a workflow changed; what is there is never
// overwritten.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeStreamSchedule } from '../../streams/stream-schedules.ts';
import { awaitAudit, startAudit } from '../../client/audits.ts';
import { awaitBackfill, startBackfill } from '../../client/backfills.ts';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { startStack } from '../../local/stack.ts';
import { runIdOf, scheduleIdOf } from '../../workflows/model/interval.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { HOUR, HOUR_MS, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fireSlots } from '../fire-slots.ts';
import { TEST_STACK_VARIABLE } from '../stack.ts';
import { until, untilSent } from '../../local/until.ts';
import { readHistories, saveHistory } from './histories.ts';

const ROOMS_OF_SEVERAL_PARTS = 8_000;

async function main(release: string | undefined): Promise<void> {
  if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release))
    throw new Error('usage: npm run histories:record -- 1.0.0');
  if (readHistories().some(({ shape }) => shape.startsWith(`${release}-`)))
    throw new Error(`release ${release}: its histories are there already`);
  await withStack({}, (bench) => recordAll(bench, release));
  await withStack(IMPATIENT, (bench) => recordContinued(bench, release));
}

/** A server that wants runs to continue as new after few events. */
const IMPATIENT = { 'limit.historyCount.suggestContinueAsNew': '25' };

async function withStack(
  temporalSettings: Readonly<Record<string, string>>,
  use: (bench: ExportBench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-record-'));
  const stack = await startStack({ folder, exporterReads: '*.*', temporalSettings });
  const { clickhouse, temporal, store } = stack;
  process.env[TEST_STACK_VARIABLE] = JSON.stringify({ clickhouse, temporal, store });
  try {
    await withExportBench(use, { batches: { rangeBytesPlain: 6_000_000 } });
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the newest execution, or of the one named. */
type Keep = (shape: string, workflowId: string, runId?: string) => Promise<void>;

function keepFor(bench: ExportBench, release: string): Keep {
  return async (shape, workflowId, runId) => {
    const handle = bench.connected.client.workflow.getHandle(workflowId, runId, { followRuns: false });
    await handle.result().catch(() => undefined);
    const history = await handle.fetchHistory();
    console.log(saveHistory({ shape: `${release}-${shape}`, workflowId, history }));
  };
}

async function recordContinued(bench: ExportBench, release: string): Promise<void> {
  const keep = keepFor(bench, release);
  const rooms = { rooms: ROOMS_OF_SEVERAL_PARTS, seed: 1, fromMs: HOUR.startMs, toMs: HOUR.endMs };
  await makeHistory(bench.connection, { ...rooms, projectId: 'long' });
  const stream = makeStream('long');
  const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
  await handle.result();
  await keep('continued-as-new', handle.workflowId, handle.firstExecutionRunId);
  await keep('complete-after-continuing', handle.workflowId);
}

async function recordAll(bench: ExportBench, release: string): Promise<void> {
  const keep = keepFor(bench, release);
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

  await bench
    .run(makeStream('lost', { destination: 'moon', giveUpSeconds: 60 }), HOUR)
    .catch(() => undefined);
  await keep('failed-for-good', runIdOf('lost', HOUR));

  const waiting = makeStream('waiting', { settleSeconds: 86_400 * 365 });
  const handle = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
  await until('the run waits for late rows', async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).some(({ timerStartedEventAttributes }) => timerStartedEventAttributes) || undefined;
  });
  await handle.cancel();
  await keep('canceled-while-settling', runIdOf('waiting', HOUR));

  await recordScheduled(bench, keep);
  await recordTriggered(bench, keep);
  await recordStray(bench, keep);
  await recordWalks(bench, keep);
}

/**
 * Fired by its schedule: the run looks back at the interval before, which has no file, and starts its run.
 */
async function recordScheduled(bench: ExportBench, keep: Keep): Promise<void> {
  const stream = { ...makeStream('scheduled'), fromMs: HOUR.startMs - HOUR_MS };
  await createSchedule(bench.connected, stream);
  try {
    await fireSlots(bench.connected, stream.name, [HOUR.endMs]);
    await keep('complete-that-looked-back', runIdOf(stream.name, HOUR));
  } finally {
    await deleteSchedule(bench.connected, stream.name);
  }
}

/** A stream that went over from quarters to hours: the schedule fires at a quarter that is none any more. */
async function recordStray(bench: ExportBench, keep: Keep): Promise<void> {
  const quarters = makeStream('stray', { everySeconds: 900 });
  const [first] = quarters.revisions;
  if (first === undefined) throw new Error('a stream has one revision at least');
  const hourly = { fromMs: HOUR.startMs, settings: { ...first.settings, everySeconds: 3_600 } };
  await createSchedule(bench.connected, quarters);
  try {
    const nominalMs = HOUR.startMs + 900_000;
    const changed = { ...quarters, revisions: [first, hourly] };
    await changeStreamSchedule(bench.connected.client, quarters.name, () => ({ stream: changed }));
    const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(quarters.name));
    await schedule.update((held) => ({ ...held, spec: { ...held.spec, intervals: [{ every: 900_000 }] } }));
    await fireSlots(bench.connected, quarters.name, [nominalMs]);
    await keep('not-due', runIdOf(quarters.name, { startMs: 0, endMs: nominalMs }));
  } finally {
    await deleteSchedule(bench.connected, quarters.name);
  }
}

/** A backfill that continues as new, and audits that find nothing, find something, and repair it. */
async function recordWalks(bench: ExportBench, keep: Keep): Promise<void> {
  const stream = makeStream('walked');
  const range = { startMs: HOUR.startMs - 2 * HOUR_MS, endMs: HOUR.endMs };
  const backfilled = await startBackfill(bench.connected, { stream, range, intervalsPerExecution: 2 });
  await awaitBackfill(backfilled.handle);
  await keep('backfill-that-continued', backfilled.workflowId, backfilled.runId);
  await keep('backfill-to-its-end', backfilled.workflowId);
  const auditOf = async (shape: string, repair: boolean): Promise<void> => {
    const handle = await startAudit(bench.connected, { stream, range, repair });
    await awaitAudit(handle);
    await keep(shape, handle.workflowId);
  };
  await auditOf('audit-clean', false);
  const { project } = settingsAt(stream, HOUR.startMs);
  await makeHistory(bench.connection, {
    rooms: 3,
    seed: 2,
    projectId: project,
    fromMs: HOUR.startMs,
    toMs: HOUR.endMs,
  });
  await auditOf('audit-that-found', false);
  await auditOf('audit-that-repaired', true);
}

async function recordTriggered(bench: ExportBench, keep: Keep): Promise<void> {
  const stream = makeStream('triggered');
  await createSchedule(bench.connected, stream);
  try {
    const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
    const action = await untilSent(
      'the trigger has started a run',
      () => schedule.trigger(),
      async () => (await schedule.describe()).info.recentActions[0]?.action,
    );
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
