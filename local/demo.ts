// The demonstration that `npm start` runs, step by step, on a running stack: history, worker, stream, run. Uses the product as an
// operator does; nothing here is known to the product.
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { withTemporal, type Connected } from '../client/connect.ts';
import { followRun } from '../client/follow-run.ts';
import { registerSearchAttributes } from '../client/register-search-attributes.ts';
import { checkStream, createSchedule, readStream, startRun, type RunHandle } from '../client/streams.ts';
import { CommandError, EXIT } from '../client/exit-codes.ts';
import { openConnection } from '../history/connection.ts';
import { importFiles } from '../history/import/import-files.ts';
import { loadDemoCall } from '../history/import/load-demo-call.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { readClickHouseAdmin, readTemporalConfig, readWorkerConfig } from '../worker/config.ts';
import { makeBundle, startWorker, type RunningWorker } from '../worker/run-worker.ts';
import {
  intervalContaining,
  lastIntervalEndedBy,
  toCompactTime,
  type Interval,
} from '../workflows/model/interval.ts';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import { type RunProgress, type RunSummary } from '../workflows/model/run.ts';
import { type StreamDefinition } from '../workflows/model/stream.ts';
import { STACK_DESTINATION, toEnvironment } from './stack-environment.ts';
import { type RunningStack } from './stack.ts';

export interface DemoOptions {
  /** Made-up rooms beside the recorded call. */
  rooms: number;
  /** Dumps of the user's own that take the place of the recorded call. */
  dumps: readonly string[];
}

/** Short enough to see the schedule fire while one looks on. */
const EVERY_SECONDS = 15 * 60;

export const DEMO_STREAM: StreamDefinition = {
  name: 'demo',
  // What it makes by itself begins when it is made; the interval before that is asked for.
  fromMs: intervalContaining(Date.now(), { everySeconds: EVERY_SECONDS, offsetSeconds: 0 }).startMs,
  untilMs: null,
  skipped: [],
  revisions: [
    {
      fromMs: 0,
      settings: {
        project: 'demo',
        destination: STACK_DESTINATION,
        prefix: 'rooms/',
        everySeconds: EVERY_SECONDS,
        offsetSeconds: 0,
        // The history is loaded before the run is started: nothing can come late.
        settleSeconds: 0,
        format: 'json',
        compression: 'none',
        fields: 'standard',
        keyTemplate: KEY_TEMPLATE_DEFAULT,
        empty: 'write',
        giveUpSeconds: 86_400,
      },
    },
  ],
};

const DEMO_GRID = { everySeconds: EVERY_SECONDS, offsetSeconds: 0 };
const DEMO_PROJECT = 'demo';

/** Applies the migrations, loads rooms, and returns the intervals in which they were finalised, oldest first. */
export async function loadDemoHistory(stack: RunningStack, options: DemoOptions): Promise<Interval[]> {
  const admin = readClickHouseAdmin(toEnvironment(stack));
  await migrate(admin);
  const connection = openConnection(admin);
  const last = lastIntervalEndedBy(Date.now(), DEMO_GRID);
  // At the interval's very start: the recorded call is the first room of the file, made-up ones come after it.
  const finalizedAtMs = last.startMs;
  try {
    const intervals = new Map([[last.endMs, last]]);
    if (options.dumps.length > 0) {
      const { files, rooms } = await importFiles(connection, options.dumps, {
        projectId: DEMO_PROJECT,
        finalizedAtMs,
      });
      const failed = files.find(({ error }) => error !== null);
      if (failed !== undefined) throw new CommandError(`${failed.path}: ${failed.error ?? ''}`, EXIT.failed);
      const sessionIds = rooms.map(({ room }) => room.session_id);
      // Imported before, they are where they were: in the interval of that time.
      intervals.clear();
      const answer = await connection.query({
        query: `SELECT DISTINCT toUnixTimestamp64Milli(finalized_at) AS ms FROM export_rooms
          WHERE project_id = {project:String} AND session_id IN {sessions:Array(String)}`,
        query_params: { project: DEMO_PROJECT, sessions: sessionIds },
        format: 'JSONEachRow',
      });
      for (const { ms } of await answer.json<{ ms: string | number }>()) {
        const interval = intervalContaining(Number(ms), DEMO_GRID);
        intervals.set(interval.endMs, interval);
      }
    } else {
      const sessionId = `recorded-call-${toCompactTime(last.endMs)}`;
      await loadDemoCall(connection, { projectId: DEMO_PROJECT, finalizedAtMs, sessionId });
    }
    if (options.rooms > 0) {
      await makeHistory(connection, {
        rooms: options.rooms,
        seed: last.endMs / 1000,
        projectId: DEMO_PROJECT,
        fromMs: last.startMs + 1,
        toMs: last.endMs,
      });
    }
    return [...intervals.values()].sort((a, b) => a.endMs - b.endMs);
  } finally {
    await connection.close();
  }
}

/** Starts a worker in this process; its log goes to a file, the terminal is for the demonstration. */
export async function startDemoWorker(stack: RunningStack): Promise<RunningWorker> {
  const log = createWriteStream(join(stack.logFolder, 'worker.log'), { flags: 'a' });
  const logger = new DefaultLogger('INFO', ({ level, timestampNanos, message, meta }) => {
    const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    log.write(`${at} ${level} ${message}${meta === undefined ? '' : ` ${JSON.stringify(meta)}`}\n`);
  });
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
  });
  return startWorker(readWorkerConfig(toEnvironment(stack)), await makeBundle({ logger }));
}

/** Makes the stream unless it is there; a worker says whether it could run. */
export async function ensureDemoStream(connected: Connected): Promise<'created' | 'there already'> {
  try {
    await readStream(connected, DEMO_STREAM.name);
    return 'there already';
  } catch (error) {
    if (!(error instanceof CommandError && error.exitCode === EXIT.notFound)) throw error;
  }
  const problems = await checkStream(connected, DEMO_STREAM);
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.failed);
  await createSchedule(connected, DEMO_STREAM);
  return 'created';
}

export interface DemoRun {
  handle: RunHandle;
  summary: RunSummary;
}

/** Runs the interval and hears of each change of stage. */
export async function runDemoInterval(
  connected: Connected,
  interval: Interval,
  onStage: (progress: RunProgress) => void,
): Promise<DemoRun> {
  const handle = await startRun(connected, { stream: DEMO_STREAM, interval, force: false });
  let state: string | undefined;
  const summary = await followRun(handle, (progress) => {
    if (progress.state === state) return;
    state = progress.state;
    onStage(progress);
  });
  return { handle, summary };
}

/** A connection to the stack's Temporal for the time of `use`; the search attributes are there. */
export function withDemoTemporal<Result>(
  stack: RunningStack,
  use: (connected: Connected) => Promise<Result>,
): Promise<Result> {
  return withTemporal(
    async (connected) => {
      await registerSearchAttributes(connected);
      return use(connected);
    },
    readTemporalConfig(toEnvironment(stack)),
  );
}
