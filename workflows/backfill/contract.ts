// A backfill exports a range of past intervals with the same runs, under the same ids, as the schedule. This
// file has its request, its state over continue-as-new, its progress, and the activities that it calls.
// Values are plain and small, because all of them pass through Temporal.
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

export const CONCURRENCY_DEFAULT = 4;
/** Each run occupies a few stages. More runs than workers have slots would only wait. */
export const CONCURRENCY_MAX = 50;

/** The most failures that the result names; all are counted. Temporal's payloads should stay small. */
export const FAILURES_NAMED_MAX = 100;

/** The most ranges of missing intervals that a dry run names. */
export const RANGES_NAMED_MAX = 200;

export interface BackfillRequest {
  stream: StreamDefinition;
  /** Begins and ends on borders of the stream, and is in the past. */
  range: Interval;
  /** Runs in progress at once, 1 to 50. */
  concurrency: number;
  /** Re-export intervals that are complete. */
  force: boolean;
  /** Include intervals that the stream skips on purpose. */
  includesSkipped: boolean;
  /** Start nothing, and only report what would be exported. */
  isDryRun: boolean;
  /**
   * Continues as new after this many intervals, or earlier when Temporal suggests it. When absent, only
   * Temporal's suggestion counts.
   */
  intervalsPerExecution?: number;
  /** Set by continue-as-new only. */
  carried?: CarriedBackfill;
}

export interface CarriedBackfill {
  progress: BackfillProgress;
  /** Where the next page of intervals begins. */
  cursorMs: number;
  /** The intervals that wait, and those in progress. */
  runs: { queue: Interval[]; running: RunningInterval[] };
}

export interface RunningInterval {
  interval: Interval;
  /** A run of somebody else is in progress; start when it has ended. */
  isInTheWay: boolean;
}

export type BackfillState = 'running' | 'complete' | 'failed' | 'canceled';

export interface FailedInterval {
  interval: Interval;
  workflowId: string;
  /** The message of the run's failure. */
  message: string;
}

export interface BackfillProgress {
  stream: string;
  range: Interval;
  force: boolean;
  concurrency: number;
  isDryRun: boolean;
  state: BackfillState;
  /** Intervals in the range. Skipped ones count only when they were requested. */
  total: number;
  /** Exported by this backfill. */
  done: number;
  /** Already complete: a manifest covers them. */
  skipped: number;
  failed: number;
  running: number;
  /** In a dry run: the intervals that would be exported. */
  missing: number;
  /** In a dry run: the missing intervals, with neighbours merged into ranges; the first ones only. */
  missingRanges: Interval[];
  failures: FailedInterval[];
  /** Intervals checked or exported per second, over the last minute. */
  ratePerSecond: number;
  /** Null while there is no estimate. */
  secondsLeft: number | null;
  startedAtMs: number;
  updatedAtMs: number;
  /** How often it has continued as new. */
  continued: number;
}

export interface UncoveredRequest {
  stream: StreamDefinition;
  intervals: Interval[];
}

export interface StartRequest {
  stream: StreamDefinition;
  intervals: Interval[];
  force: boolean;
  /** Identifies the starter. A forced run is not started twice by the same starter. */
  startedFor: string;
}

/**
 * `running`: our run, or an equivalent one. `in-the-way`: another run of that interval is in progress, and a
 * forced run, or one with other settings, has to wait for it.
 */
export type StartOutcome = 'running' | 'in-the-way';

export interface EndedRun {
  workflowId: string;
  /** Null when the run ended with a complete file. */
  failure: string | null;
}

/** The activities of a backfill. */
export interface BackfillStages extends RunStarting {
  /** The intervals that are not covered by a manifest with its file. */
  findUncovered(request: UncoveredRequest): Promise<Interval[]>;
}

/** The activities for starting runs of past intervals. */
export interface RunStarting {
  /** In the order of the request. */
  startRuns(request: StartRequest): Promise<StartOutcome[]>;
  /** Waits for a limited time until one of the runs has ended. Returns all that have ended, possibly none. */
  awaitRuns(request: { workflowIds: string[] }): Promise<EndedRun[]>;
}

/** The failure type of a backfill with failed intervals; its detail is the final progress. */
export const INTERVALS_FAILED = 'IntervalsFailed';

/** One id for each range, so that starting a backfill twice joins the first one. */
export function backfillIdOf(stream: string, { startMs, endMs }: Interval): string {
  return `backfill:${stream}-${toRfc3339(startMs)}-${toRfc3339(endMs)}`;
}

/** The finished share of the range, from 0 to 1, for progress bars. */
export function finishedOf({ done, skipped, failed, missing }: BackfillProgress): number {
  return done + skipped + failed + missing;
}
