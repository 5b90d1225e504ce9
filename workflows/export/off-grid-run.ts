// Ends a run that the schedule started at a time when no interval of the stream ends. While the grid changes,
// the schedule fires on both the old and the new grid. Such a run exports nothing. When its grid is no longer
// in force, it removes that grid from the schedule.
import { log, setCurrentDetails } from '@temporalio/workflow';
import { firingOf } from '../model/firing.ts';
import { isBorder, toRfc3339 } from '../model/interval.ts';
import type { RunSummary } from '../model/run.ts';
import type { StreamDefinition } from '../model/stream.ts';
import { callTrimSchedule } from './stages.ts';

/** Never fails: nothing is lost, and the next stray run tries again. */
export async function finishOffGridRun(stream: StreamDefinition, nominalMs: number): Promise<RunSummary> {
  const at = toRfc3339(nominalMs);
  setCurrentDetails(
    `**not due**\n\nThe schedule fired at ${at}, where no interval of the stream ends: its grid changes, or has changed. There is nothing to do.`,
  );
  if (!firingOf(stream, nominalMs).grids.some((grid) => isBorder(nominalMs, grid))) {
    try {
      await callTrimSchedule({ stream: stream.name });
    } catch (error) {
      log.warn('could not take an old grid out of the schedule', {
        stream: stream.name,
        cause: String(error),
      });
    }
  }
  return { outcome: 'not-due', stream: stream.name, interval: at, manifest: null, batchesRedone: 0 };
}
