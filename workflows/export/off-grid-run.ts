// A run that the schedule started where no interval of the stream ends: around a change of the grid it fires
// on the old and the new one. Makes nothing. When the grid that it fired on is a thing of the past, the
// schedule is told to leave it out.
import { log, setCurrentDetails } from '@temporalio/workflow';
import { firingOf } from '../model/firing.ts';
import { isBorder, toRfc3339 } from '../model/interval.ts';
import type { RunSummary } from '../model/run.ts';
import type { StreamDefinition } from '../model/stream.ts';
import { callTrimSchedule } from './stages.ts';

/** Never fails: there is nothing to be missed, and the next stray run tries again. */
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
