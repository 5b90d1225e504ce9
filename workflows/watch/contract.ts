// The watch over all streams: its request, its memory from one check to the next, and its decisions. Types
// and pure rules only; the check itself is in activities/watch/watch-streams.ts.
import type { StreamLate, StreamPaused } from '../webhooks/contract.ts';
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';

/**
 * The id of the watch's schedule and the base of its runs' ids. Ids of streams begin differently, so no
 * stream can have it.
 */
export const WATCH_ID = 'watch:streams';

/** The shortest reported lag is half an hour. A check costs as much as `room-streams status`. */
export const WATCH_EVERY_MS = 5 * 60_000;

export interface WatchRequest {
  /** When absent, all streams are watched. */
  names?: string[];
}

/**
 * The result of one check, which the next check receives. If it is lost, something is reported at most once
 * more.
 */
export interface WatchMemory {
  /** By stream: the end of its newest complete interval, as its store last reported it. */
  latest: Record<string, string | null>;
  /**
   * By late stream: its newest complete end when it became late. A stream is reported once, until it is no
   * longer late.
   */
  reported: Record<string, string | null>;
  /**
   * By stream: when the watch last paused it, in epoch milliseconds. Earlier failures are not counted again.
   */
  pausedAtMs: Record<string, number>;
}

export interface PausePlan {
  stream: string;
  note: string;
  /** Null when no webhook wants this event. */
  event: StreamPaused | null;
}

export interface WatchOutcome {
  late: StreamLate[];
  toPause: PausePlan[];
  /** Does not include the planned pauses: each is added once it is done. */
  memory: WatchMemory;
}

/** The activities of the watch. */
export interface Watching {
  watchStreams(request: WatchRequest & { memory: WatchMemory }): Promise<WatchOutcome>;
  /** False when a person has paused or deleted the stream meanwhile. */
  pauseStream(plan: PausePlan): Promise<boolean>;
}

/**
 * The newest sequence of at least `count` consecutive missing intervals that failed; null when there is none.
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

/** The text after the time in the schedule's note: why the stream was paused, and how to resume it. */
export function describeFailures(stream: string, failed: readonly Interval[]): string {
  const [first] = failed;
  const from = first === undefined ? '' : toRfc3339(first.startMs);
  return (
    `${failed.length} intervals in a row failed, from ${from} on. Fix what their runs report, then: ` +
    `room-streams stream resume ${stream}, which makes them, too`
  );
}
