// How long each stage may take, how often it is retried, and on which task queue it runs. Every number with its reason.
// Used by the workflows only; the stages themselves are described in model/stages.ts.
import {
  ActivityCancellationType,
  proxyActivities,
  workflowInfo,
  type ActivityInterfaceFor,
} from '@temporalio/workflow';
import { batchQueueOf } from './model/run.ts';
import { type Stages } from './model/stages.ts';

/** A worker that is killed is noticed after this; short, because a crash should cost a batch, not minutes. */
const HEARTBEAT_TIMEOUT = '10 seconds';

/** Retries: quick at first for a lost connection, then at most every minute, so that a store that is down for an hour is not hammered. */
const RETRY = {
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
} as const;

/** No stage may be given less than this in all, also when the interval is long past. */
const GIVE_UP_MS_MIN = 60_000;

export interface StageCalls {
  /** A run that is cancelled while it is planned waits for the answer: it may hold an upload that was begun. */
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
    // Planning a million rooms takes seconds; ten minutes leaves room for a history a hundred times larger on a busy server.
    startToCloseTimeout: '10 minutes',
    scheduleToCloseTimeout,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: RETRY,
  } as const;
  return {
    planning: proxyActivities<Pick<Stages, 'planInterval'>>({
      ...control,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }),
    control: proxyActivities<Stages>(control),
    batches: proxyActivities<Stages>({
      taskQueue: batchQueueOf(workflowInfo().taskQueue),
      // A batch is tens of megabytes: seconds of work. Fifteen minutes is a store at less than 100 kB/s, better taken up anew.
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
export const { lookBack: callLookBack, trimSchedule: callTrimSchedule } = proxyActivities<Stages>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '5 minutes',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { ...RETRY, maximumAttempts: 3 },
});
