// A run: one workflow execution that exports one interval. This file has its request, its state over
// continue-as-new, its progress and its result. Values are plain and small, because all of them pass through
// Temporal.
import { describeInterval, toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import type { Manifest } from './manifest.ts';
import type { ExportedPart, IntervalPlan } from './plan.ts';
import type { StreamDefinition } from './stream.ts';

export interface ExportRequest {
  stream: StreamDefinition;
  /** Absent when a schedule fires: then the nominal time determines the interval. */
  interval?: Interval;
  /** Re-export the interval although it is complete. */
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
  /** Whether the run checks the intervals before it at the end. True when a schedule started it. */
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

/** The progress at the time when a run entered a state. */
export interface StateEntered extends Pick<
  RunProgress,
  'state' | 'roomsDone' | 'batchesDone' | 'rawBytesDone'
> {
  atMs: number;
}

/** More than a run needs that exports every part twice. Beyond this, the oldest states are dropped. */
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
  /** Batches exported again because the history changed or an upload vanished. */
  batchesRedone: number;
  rawBytesDone: number;
  startedAtMs: number;
  exportStartedAtMs: number | null;
  updatedAtMs: number;
  note: string | null;
  /** Every state of this execution in order, so that occasional readers miss none. */
  states: StateEntered[];
}

export interface RunSummary {
  /** `not-due`: the schedule fired where no interval of the stream ends. */
  outcome: 'complete' | 'already-complete' | 'handed-over' | 'not-due';
  stream: string;
  /** For a run that was not due, the nominal time of its fire. */
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

/** The task queue of batches, which is separate from the queue of everything else. */
export function batchQueueOf(taskQueue: string): string {
  return `${taskQueue}-batches`;
}

/** The command that a person types once the reason of the failure is fixed. */
export function retryCommandOf(stream: string, interval: Interval): string {
  return `room-streams run retry ${stream} ${toRfc3339(interval.endMs)}`;
}
