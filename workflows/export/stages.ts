// How long each stage may take, how often it is retried, and on which task queue it runs. Every number has
// its reason. Used by the workflows only; the stages themselves are described in contract.ts.
import {
  ActivityCancellationType,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivityInterfaceFor, LocalActivityInterfaceFor } from '@temporalio/workflow';
import { batchQueueOf } from '../model/run.ts';
import type { LookBackOutcome, LookBackRequest, Stages } from './contract.ts';

/** A killed worker is noticed after this time. It is short, so that a crash costs a batch and not minutes. */
const HEARTBEAT_TIMEOUT = '10 seconds';

/**
 * Retries begin quickly because most failures are lost connections. They slow down to one a minute, so that a
 * store that is down for an hour is not flooded.
 */
const RETRY = {
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
} as const;

/** The least total time of a stage, even when the interval is long past. */
const STAGE_TOTAL_MS_MIN = 60_000;

/**
 * How long a local activity may take. Healthy servers answer in a tenth of that, and Temporal gives a
 * workflow task ten seconds.
 */
const QUICK_TIMEOUT = '3 seconds';

/** The stages that take milliseconds while all servers are healthy. */
export type QuickStage = 'completeFile' | 'writeManifest' | 'lookBack';

/**
 * Stages as local activities: the workflow's own worker runs them at once, and Temporal receives the result
 * with the next decision. Each is tried once. When it fails it is called again as a normal activity, which is
 * retried and whose attempts the run's page shows.
 */
const quickStages = proxyLocalActivities<Pick<Stages, QuickStage>>({
  startToCloseTimeout: QUICK_TIMEOUT,
  scheduleToCloseTimeout: QUICK_TIMEOUT,
  retry: { maximumAttempts: 1 },
});

export interface StageCalls {
  /**
   * Only the workflow may use these results before they are recorded: its decision is recorded together with
   * the result.
   */
  quick: LocalActivityInterfaceFor<Pick<Stages, QuickStage>>;
  /**
   * A run that is cancelled during planning waits for the answer, because planning may have begun an upload.
   */
  planning: ActivityInterfaceFor<Pick<Stages, 'planInterval'>>;
  /** Short calls: one query, or a few requests to the store. */
  control: ActivityInterfaceFor<Stages>;
  /** Batches have their own task queue. Its slots times the buffer size bound a worker's memory. */
  batches: ActivityInterfaceFor<Stages>;
  /** Cleaning up is bounded, so that it cannot keep a failed run open for a day. */
  cleanup: ActivityInterfaceFor<Stages>;
}

/**
 * The stages with their time-outs.
 * @param retriesEndAtMs when retrying ends, in epoch milliseconds
 */
export function callStages(nowMs: number, retriesEndAtMs: number): StageCalls {
  const scheduleToCloseTimeout = Math.max(STAGE_TOTAL_MS_MIN, retriesEndAtMs - nowMs);
  const control = {
    // Planning a million rooms takes seconds. Ten minutes are enough for a hundred times as many on a busy
    // server.
    startToCloseTimeout: '10 minutes',
    scheduleToCloseTimeout,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: RETRY,
  } as const;
  return {
    quick: quickStages,
    planning: proxyActivities<Pick<Stages, 'planInterval'>>({
      ...control,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }),
    control: proxyActivities<Stages>(control),
    batches: proxyActivities<Stages>({
      taskQueue: batchQueueOf(workflowInfo().taskQueue),
      // A batch is tens of megabytes, which takes seconds. After fifteen minutes the store takes less than
      // 100 kB/s, and a new attempt is better.
      startToCloseTimeout: '15 minutes',
      scheduleToCloseTimeout,
      heartbeatTimeout: HEARTBEAT_TIMEOUT,
      retry: RETRY,
    }),
    cleanup: proxyActivities<Stages>({
      startToCloseTimeout: '1 minute',
      scheduleToCloseTimeout: '5 minutes',
      heartbeatTimeout: HEARTBEAT_TIMEOUT,
      retry: { ...RETRY, maximumAttempts: 5 },
    }),
  };
}

/** These run after the file is complete. What fails here is left to the next run. */
const afterwards = proxyActivities<Stages>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '5 minutes',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { ...RETRY, maximumAttempts: 3 },
});

export const { trimSchedule: callTrimSchedule } = afterwards;

export function callLookBack(request: LookBackRequest): Promise<LookBackOutcome> {
  return callQuickly({ quick: quickStages.lookBack, retried: afterwards.lookBack }, request, {});
}

interface CallableStage<Request, Result> {
  executeWithOptions(options: { summary?: string }, args: [Request]): Promise<Result>;
}

/**
 * Calls a stage as a local activity, and as a normal activity when that fails. Where `quick` is null it is
 * called as a normal activity at once.
 * @param onSlow called before the normal activity, because the run then waits for servers without a short
 *   bound
 */
export async function callQuickly<Request, Result>(
  {
    quick,
    retried,
  }: { quick: CallableStage<Request, Result> | null; retried: CallableStage<Request, Result> },
  request: Request,
  { summary, onSlow }: { summary?: string; onSlow?: () => void },
): Promise<Result> {
  const options = summary === undefined ? {} : { summary };
  if (quick !== null) {
    try {
      return await quick.executeWithOptions(options, [request]);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }
  onSlow?.();
  return retried.executeWithOptions(options, [request]);
}
