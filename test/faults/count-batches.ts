// How often a run exported its batches, from Temporal's own record of it.
import type { WorkflowHandle } from '@temporalio/client';

export interface BatchCounts {
  /** Batches that came to a result. */
  completed: number;
  /** Attempts that were started, the last of each batch included. */
  attempts: number;
}

export async function countBatches(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<BatchCounts> {
  const { events } = await handle.fetchHistory();
  const batches = new Set<string>();
  const counts = { completed: 0, attempts: 0 };
  for (const event of events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name === 'exportBatch') batches.add(String(event.eventId));
    const started = event.activityTaskStartedEventAttributes;
    if (started !== null && started !== undefined && batches.has(String(started.scheduledEventId)))
      counts.attempts += started.attempt ?? 1;
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed !== null && completed !== undefined && batches.has(String(completed.scheduledEventId)))
      counts.completed += 1;
  }
  return counts;
}

/** Attempts beyond the first of each range: after crashes, and because the history moved. */
export async function countRepeatedBatches(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<number> {
  const { events } = await handle.fetchHistory();
  const ranges = new Set<string>();
  for (const event of events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name !== 'exportBatch') continue;
    ranges.add(
      Buffer.from(scheduled.input?.payloads?.[0]?.data ?? [])
        .toString('utf8')
        .replace(/"fingerprint":\{[^}]*\}/, ''),
    );
  }
  const { attempts } = await countBatches(handle);
  return Math.max(0, attempts - ranges.size);
}
