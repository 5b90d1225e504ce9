// A run: one workflow execution that exports one interval. What it is asked, what it carries over
// continue-as-new, what it shows while it works and what it ends with. Plain and small: all of it passes
// through Temporal.
import { describeInterval, toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import type { Manifest } from './manifest.ts';
import type { ExportedPart, IntervalPlan } from './plan.ts';
import type { StreamDefinition } from './stream.ts';

export interface ExportRequest {
  stream: StreamDefinition;
  /** Absent when a schedule fires: then the nominal time names the interval. */
  interval?: Interval;
  /** Make the interval again although it is complete. */
  force?: boolean;
  /** Set by continue-as-new only. */
  carried?: CarriedRun;
}

/** What survives continue-as-new. */
export interface CarriedRun {
  startedAtMs: number;
  plan: IntervalPlan;
  uploadId: string;
  parts: ExportedPart[];
  uploadsBegun: number;
  checksMade: number;
  batchesRedone: number;
  /** A schedule started the run: it looks at the intervals before when it is done. */
  looksBack: boolean;
}

export type RunState =
  | 'waiting'
  | 'planning'
  | 'exporting'
  | 'checking'
  | 'completing'
  | 'complete'
  | 'already-complete'
  | 'failed'
  | 'canceled'
  | 'handed-over'
  | 'not-due';

/** What was done when a run entered a state. */
export interface StateEntered extends Pick<
  RunProgress,
  'state' | 'roomsDone' | 'batchesDone' | 'rawBytesDone'
> {
  atMs: number;
}

/** More than a run with every part made again goes through; the oldest are left out beyond. */
const STATES_KEPT_MAX = 50;

export interface RunProgress {
  stream: string;
  interval: string;
  state: RunState;
  key: string | null;
  generation: number | null;
  roomsPlanned: number;
  roomsDone: number;
  batchesPlanned: number;
  batchesDone: number;
  /** Batches made again because the history moved or an upload vanished. */
  batchesRedone: number;
  rawBytesDone: number;
  startedAtMs: number;
  exportStartedAtMs: number | null;
  updatedAtMs: number;
  note: string | null;
  /** Every state that this execution went through, in order, so that a look now and then misses none. */
  states: StateEntered[];
}

export interface RunSummary {
  /** `not-due`: the schedule fired where no interval of the stream ends. */
  outcome: 'complete' | 'already-complete' | 'handed-over' | 'not-due';
  stream: string;
  /** Of a run that was not due: the nominal time of its fire. */
  interval: string;
  /** Null when the run handed over to the one that owns the interval, or was not due. */
  manifest: Manifest | null;
  batchesRedone: number;
}

export function newProgress(stream: string, interval: Interval, nowMs: number): RunProgress {
  return {
    stream,
    interval: describeInterval(interval),
    state: 'waiting',
    key: null,
    generation: null,
    roomsPlanned: 0,
    roomsDone: 0,
    batchesPlanned: 0,
    batchesDone: 0,
    batchesRedone: 0,
    rawBytesDone: 0,
    startedAtMs: nowMs,
    exportStartedAtMs: null,
    updatedAtMs: nowMs,
    note: null,
    states: [{ state: 'waiting', atMs: nowMs, roomsDone: 0, batchesDone: 0, rawBytesDone: 0 }],
  };
}

export function changeProgress(
  before: RunProgress,
  change: Partial<Omit<RunProgress, 'states' | 'updatedAtMs'>>,
  nowMs: number,
): RunProgress {
  const { states, ...after } = { ...before, ...change, updatedAtMs: nowMs };
  if (after.state === before.state) return { ...after, states };
  const { state, roomsDone, batchesDone, rawBytesDone } = after;
  const entered: StateEntered = { state, atMs: nowMs, roomsDone, batchesDone, rawBytesDone };
  return { ...after, states: [...states, entered].slice(-STATES_KEPT_MAX) };
}

/** The queue on which a worker takes batches, beside the queue of everything else. */
export function batchQueueOf(taskQueue: string): string {
  return `${taskQueue}-batches`;
}

/** What a person types once that is mended for which the run of this interval failed. */
export function retryCommandOf(stream: string, interval: Interval): string {
  return `room-streams run retry ${stream} ${toRfc3339(interval.endMs)}`;
}
