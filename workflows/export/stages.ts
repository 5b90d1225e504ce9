// How long each stage may take, how often it is retried, and on which task queue it runs. Every number with
// its reason. Used by the workflows only; the stages themselves are described in model/stages.ts.
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

/** A worker that is killed is noticed after this; short, because a crash should cost a batch, not minutes. */
const HEARTBEAT_TIMEOUT = '10 seconds';

/**
 * Retries: quick at first for a lost connection, then at most every minute, so that a store that is down for
 * an hour is not hammered.
 */
const RETRY = {
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
} as const;

/** No stage may be given less than this in all, also when the interval is long past. */
const GIVE_UP_MS_MIN = 60_000;

/**
 * How long a stage may take within the run's own workflow task. Servers that are well answer in a tenth of
 * that, and Temporal gives a workflow task ten seconds.
 */
const QUICK_TIMEOUT = '3 seconds';

/** The stages that take milliseconds while all servers are well. */
export type QuickStage = 'completeFile' | 'writeManifest' | 'lookBack';

/**
 * Stages as local activities: the worker that decides runs them at once, and Temporal gets the result
 * together with the next decision. Each is tried once; what fails is called again as an activity, which is
 * retried, and whose attempts are seen on the run's page.
 */
const quickStages = proxyLocalActivities<Pick<Stages, QuickStage>>({
  startToCloseTimeout: QUICK_TIMEOUT,
  scheduleToCloseTimeout: QUICK_TIMEOUT,
  retry: { maximumAttempts: 1 },
});

export interface StageCalls {
  /**
   * Nothing may depend on such a result before it is recorded: the run decides from it, and the decision is
   * recorded with it.
   */
  quick: LocalActivityInterfaceFor<Pick<Stages, QuickStage>>;
  /**
   * A run that is cancelled while it is planned waits for the answer: it may hold an upload that was begun.
   */
  planning: ActivityInterfaceFor<Pick<Stages, 'planInterval'>>;
  /** Short calls: one query or a few requests to the store. */
  control: ActivityInterfaceFor<Stages>;
  /** Batches have a queue of their own: its slots times the buffer is the memory bound of a worker. */
  batches: ActivityInterfaceFor<Stages>;
  /** Cleaning up must not hold a failed run open for a day. */
  cleanup: ActivityInterfaceFor<Stages>;
}

/** The stages with their time-outs; all retrying ends at `giveUpAtMs` (epoch milliseconds). */
export function callStages(nowMs: number, giveUpAtMs: number): StageCalls {
  const scheduleToCloseTimeout = Math.max(GIVE_UP_MS_MIN, giveUpAtMs - nowMs);
  const control = {
    // Planning a million rooms takes seconds; ten minutes leaves room for a history a hundred times larger on
    // a busy server.
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
      // A batch is tens of megabytes: seconds of work. Fifteen minutes is a store at less than 100 kB/s,
      // better taken up anew.
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

/** After the work is done: what cannot be done now is left to the next run. */
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
 * Calls a stage as a local activity, and as an activity when that fails, or at once where `quick` is null.
 * @param onSlow called before the activity: the run then waits for servers, for as long as they take.
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
