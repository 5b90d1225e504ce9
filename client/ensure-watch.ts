// Creates the schedule of the watch over all streams, for `migrate` and the demonstration. Calling it again
// updates the schedule where needed and keeps it paused if somebody paused it.
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { WATCH_EVERY_MS, WATCH_ID } from '../workflows/watch/contract.ts';
import type { WatchRequest } from '../workflows/watch/contract.ts';
import type { Connected } from '../temporal/connect.ts';

/** Missed checks are not caught up after an outage, because the next check sees the same state. */
const CATCHUP_WINDOW_MS = 60_000;

/** A check that no worker has taken within this time is abandoned, so that it does not delay the next one. */
const LOOK_WITHIN_MS = 2 * WATCH_EVERY_MS;

/** `updated`: the schedule had another task queue or another period. */
export async function ensureWatch({
  client,
  config,
}: Connected): Promise<'created' | 'updated' | 'up to date'> {
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'watchStreams',
    workflowId: WATCH_ID,
    taskQueue: config.taskQueue,
    args: [{}] satisfies [WatchRequest],
    workflowExecutionTimeout: LOOK_WITHIN_MS,
    staticSummary: 'looks for streams that are late, or whose runs fail one after another',
  };
  const spec = { intervals: [{ every: WATCH_EVERY_MS }] };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW_MS };
  try {
    await client.schedule.create({ scheduleId: WATCH_ID, spec, action, policies });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  const handle = client.schedule.getHandle(WATCH_ID);
  const { action: before, spec: held } = await handle.describe();
  const isSame = before.taskQueue === config.taskQueue && held.intervals?.[0]?.every === WATCH_EVERY_MS;
  if (isSame) return 'up to date';
  await handle.update(({ state }) => ({ spec, action, policies, state }));
  return 'updated';
}
