// The watch over all streams: what it is asked, what it remembers from one look to the next, and what is to
// be told and done. Plain types and rules; looked at in activities/watch/watch-streams.ts.
import type { StreamLate, StreamPaused } from '../webhooks/contract.ts';
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';

/**
 * The schedule of the watch, and the base of its runs' ids. No stream can have it: theirs begin otherwise.
 */
export const WATCH_ID = 'watch:streams';

/** The shortest lag that is told is half an hour; a look costs as much as `room-streams status`. */
export const WATCH_EVERY_MS = 5 * 60_000;

export interface WatchRequest {
  /** Absent: all streams. */
  names?: string[];
}

/**
 * Handed from one look to the next as the result of its run. What is lost with it is told once more at most.
 */
export interface WatchMemory {
  /** By stream: the end of its newest complete interval when its store last answered. */
  latest: Record<string, string | null>;
  /**
   * By stream that is late: its newest complete end when it became so. Told once, until it is late no more.
   */
  told: Record<string, string | null>;
  /** By stream: when the watch last paused it, epoch milliseconds. Failures before do not count again. */
  pausedAtMs: Record<string, number>;
}

export interface PausePlan {
  stream: string;
  note: string;
  /** Null when nobody wants to hear of it. */
  event: StreamPaused | null;
}

export interface WatchOutcome {
  late: StreamLate[];
  toPause: PausePlan[];
  /** Without what is to be paused: that is added once it is. */
  memory: WatchMemory;
}

/** The activities of the watch. */
export interface Watching {
  watchStreams(request: WatchRequest & { memory: WatchMemory }): Promise<WatchOutcome>;
  /** False when a person has paused it meanwhile, or deleted it. */
  pauseStream(plan: PausePlan): Promise<boolean>;
}

/**
 * The newest row of at least `count` failed intervals that follow each other among the missing ones; null:
 * there is none.
 */
export function failedInARow(
  missing: readonly Interval[],
  isFailed: (interval: Interval) => boolean,
  count: number,
): Interval[] | null {
  let row: Interval[] = [];
  let newest: Interval[] | null = null;
  for (const interval of missing) {
    row = isFailed(interval) ? [...row, interval] : [];
    if (row.length >= count) newest = row;
  }
  return newest;
}

/** For the schedule's note, behind the time: why, and how to go on. */
export function describeFailures(stream: string, failed: readonly Interval[]): string {
  const [first] = failed;
  const from = first === undefined ? '' : toRfc3339(first.startMs);
  return (
    `${failed.length} intervals in a row failed, from ${from} on. Mend what their runs say, then: ` +
    `room-streams stream resume ${stream}, which makes them, too`
  );
}
