// What a stream's schedule would do in hours, done now: its own backfill fires slots at their nominal times.
import { ScheduleOverlapPolicy, WorkflowNotFoundError } from '@temporalio/client';
import type { Connected } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { runIdOf, scheduleIdOf } from '../workflows/model/interval.ts';
import type { ExportRequest, RunSummary } from '../workflows/model/run.ts';
import { until, untilSent } from '../local/until.ts';

/**
 * Jitter moves the time at which a slot fires, and with it whether it lies in the range; shorter than any
 * grid.
 */
const AFTER_NOMINAL_MS = 20_000;

/** Fires slots one by one, each once the one before has started its run. */
export async function fireSlots(
  { client }: Connected,
  streamName: string,
  nominals: readonly number[],
): Promise<void> {
  const schedule = client.schedule.getHandle(scheduleIdOf(streamName));
  for (const nominalMs of nominals) {
    const workflowId = runIdOf(streamName, { startMs: 0, endMs: nominalMs });
    await untilSent(
      `run ${workflowId} is there`,
      () =>
        schedule.backfill({
          start: new Date(nominalMs),
          end: new Date(nominalMs + AFTER_NOMINAL_MS),
          overlap: ScheduleOverlapPolicy.ALLOW_ALL,
        }),
      () => liveStatusOf(client, workflowId),
    );
  }
}

/** Of the newest run with this id, once there is one that nobody terminated. */
export async function resultOf({ client }: Connected, workflowId: string): Promise<RunSummary> {
  await until(`run ${workflowId} is there and not terminated`, () => liveStatusOf(client, workflowId));
  return awaitResult(client.workflow.getHandle<(request: ExportRequest) => Promise<RunSummary>>(workflowId));
}

/** Undefined: there is no such run, or it was terminated. */
async function liveStatusOf(client: Connected['client'], workflowId: string) {
  try {
    const status = (await client.workflow.getHandle(workflowId).describe()).status.name;
    return status === 'TERMINATED' ? undefined : status;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
