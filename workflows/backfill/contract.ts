// A backfill: makes a range of past intervals by the same runs, under the same ids, as the schedule does.
// What it is asked, what it carries over continue-as-new, what it shows, and the activities that it calls.
// Plain and small: all of it passes through Temporal.
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

export const CONCURRENCY_DEFAULT = 4;
/** Each run keeps a few stages busy; more at once than workers have slots only wait. */
export const CONCURRENCY_MAX = 50;

/** Named in the result; all are counted. A payload of Temporal's is to stay small. */
export const FAILURES_NAMED_MAX = 100;

/** Ranges of missing intervals that a dry run names. */
export const RANGES_NAMED_MAX = 200;

export interface BackfillRequest {
  stream: StreamDefinition;
  /** Both borders of the stream; the range is over. */
  range: Interval;
  /** Runs under way at once, 1 to 50. */
  concurrency: number;
  /** Make intervals again that are complete. */
  force: boolean;
  /** Also what the stream leaves out on purpose. */
  includesSkipped: boolean;
  /** Start nothing, only say what would be. */
  isDryRun: boolean;
  /** Continues as new after so many intervals, if Temporal does not suggest it before. Absent: only then. */
  intervalsPerExecution?: number;
  /** Set by continue-as-new only. */
  carried?: CarriedBackfill;
}

export interface CarriedBackfill {
  progress: BackfillProgress;
  /** Where the walk goes on. */
  cursorMs: number;
  /** What waits, and what is under way. */
  runs: { queue: Interval[]; running: RunningInterval[] };
}

export interface RunningInterval {
  interval: Interval;
  /** Another's run is in the way: start when it has ended. */
  isInTheWay: boolean;
}

export type BackfillState = 'running' | 'complete' | 'failed' | 'canceled';

export interface FailedInterval {
  interval: Interval;
  workflowId: string;
  /** What the run failed with. */
  message: string;
}

export interface BackfillProgress {
  stream: string;
  range: Interval;
  force: boolean;
  concurrency: number;
  isDryRun: boolean;
  state: BackfillState;
  /** Intervals in the range, those left out on purpose not counted (unless asked for). */
  total: number;
  /** Made by this backfill. */
  done: number;
  /** Complete before: a manifest covers them. */
  skipped: number;
  failed: number;
  running: number;
  /** Of a dry run: what would be made. */
  missing: number;
  /** Of a dry run: those, neighbours put together; the first ones. */
  missingRanges: Interval[];
  failures: FailedInterval[];
  /** Intervals looked at or made in a second, over the last minute. */
  ratePerSecond: number;
  /** Null while nothing can be said. */
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
  /** Who starts: a forced run that was started by the same one is not started a second time. */
  startedFor: string;
}

/**
 * `running`: ours, or as good as ours. `in-the-way`: another's run of that interval is under way, and a
 * forced one, or one under other settings, has to wait for it.
 */
export type StartOutcome = 'running' | 'in-the-way';

export interface EndedRun {
  workflowId: string;
  /** Null: it ended with a complete file. */
  failure: string | null;
}

/** The activities of a backfill. */
export interface BackfillStages extends RunStarting {
  /** Those of the intervals that no manifest with its file covers. */
  findUncovered(request: UncoveredRequest): Promise<Interval[]>;
}

/** The activities of whoever starts runs of past intervals. */
export interface RunStarting {
  /** In the order of the request. */
  startRuns(request: StartRequest): Promise<StartOutcome[]>;
  /** Waits until one of the runs has ended, for a while at most; returns all that have, which may be none. */
  awaitRuns(request: { workflowIds: string[] }): Promise<EndedRun[]>;
}

/** The failure of a backfill some of whose intervals failed; its detail is the progress at the end. */
export const INTERVALS_FAILED = 'IntervalsFailed';

/** One for each range, so that who starts it twice joins it. */
export function backfillIdOf(stream: string, { startMs, endMs }: Interval): string {
  return `backfill:${stream}-${toRfc3339(startMs)}-${toRfc3339(endMs)}`;
}

/** A share of one, for bars: how much of the range is behind it. */
export function finishedOf({ done, skipped, failed, missing }: BackfillProgress): number {
  return done + skipped + failed + missing;
}
