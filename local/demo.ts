// The demonstration that `npm start` runs, step by step, on a running stack: worker, stream, run. Uses the
// product as an operator does; nothing here is known to the product.
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { ensureWatch } from '../client/ensure-watch.ts';
import { followRun } from '../client/follow-workflow.ts';
import { registerSearchAttributes } from '../client/register-search-attributes.ts';
import { checkStream, createSchedule, readStream, startRun } from '../client/streams.ts';
import type { RunHandle } from '../client/streams.ts';
import { CommandError, EXIT } from '../client/exit-codes.ts';
import { readTemporalConfig, readWorkerConfig } from '../config/config.ts';
import { makeBundle, startWorker } from '../worker/run-worker.ts';
import type { RunningWorker } from '../worker/run-worker.ts';
import { intervalContaining } from '../workflows/model/interval.ts';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { RunProgress, RunSummary } from '../workflows/model/run.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { DEMO_GRID, DEMO_PROJECT } from './demo-history.ts';
import type { LoadedInterval } from './demo-history.ts';
import { STACK_DESTINATION, toEnvironment } from './stack-environment.ts';
import type { RunningStack } from './stack.ts';

export const DEMO_STREAM: StreamDefinition = {
  name: 'demo',
  // What it makes by itself begins when it is made; the interval before that is asked for.
  fromMs: intervalContaining(Date.now(), DEMO_GRID).startMs,
  untilMs: null,
  skipped: [],
  revisions: [
    {
      fromMs: 0,
      settings: {
        project: DEMO_PROJECT,
        destination: STACK_DESTINATION,
        prefix: 'rooms/',
        ...DEMO_GRID,
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
  return startWorker(readWorkerConfig(toEnvironment(stack)), await makeBundle());
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

/**
 * Runs the interval and hears of each state that the run enters. What has new rooms is made again, though it
 * may be complete without them.
 */
export async function runDemoInterval(
  connected: Connected,
  { interval, hasNewRooms }: LoadedInterval,
  onState: (progress: RunProgress) => void,
): Promise<DemoRun> {
  const handle = await startRun(connected, { stream: DEMO_STREAM, interval, force: hasNewRooms });
  let heardOf = 0;
  const summary = await followRun(handle, (progress) => {
    for (const entered of progress.states.slice(heardOf)) onState({ ...progress, ...entered });
    heardOf = progress.states.length;
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
      await ensureWatch(connected);
      return use(connected);
    },
    readTemporalConfig(toEnvironment(stack)),
  );
}
