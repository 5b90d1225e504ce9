// For a backfill: finds the intervals without a complete file. Only the store decides that, and not what
// Temporal remembers.
import { setMaxListeners } from 'node:events';
import type { UncoveredRequest } from '../../workflows/backfill/contract.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { Target } from '../../workflows/export/contract.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import { findCover } from '../manifests/find-cover.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

/** Each interval takes two short requests. This many at once hide their round trips. */
const INTERVALS_AT_ONCE = 16;

export async function findUncovered(
  tools: StageTools,
  { stream, intervals }: UncoveredRequest,
  run: StageRun,
): Promise<Interval[]> {
  // Each request listens to the signal of the attempt.
  setMaxListeners(2 * INTERVALS_AT_ONCE, run.signal);
  let looked = 0;
  const covers = await inLanes(intervals, INTERVALS_AT_ONCE, async (interval) => {
    const settings = settingsAt(stream, interval.startMs);
    const opened = openDestination(tools, settings.destination);
    const isCovered = await isCoveredBy(opened, { stream: stream.name, settings, interval }, run.signal);
    looked += 1;
    run.report({ looked, of: intervals.length });
    return isCovered;
  });
  return intervals.filter((_interval, index) => covers[index] !== true);
}

/**
 * An unreadable manifest covers nothing. The run of that interval reports what to do, and the other intervals
 * are still exported.
 */
async function isCoveredBy(opened: OpenedDestination, target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    return (await findCover(opened, target, signal)).manifest !== null;
  } catch (error) {
    if (error instanceof UnreadableRecordError) return false;
    throw error;
  }
}
