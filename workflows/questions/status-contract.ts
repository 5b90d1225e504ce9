// Where a stream is: what its schedule says, and what its store names as its newest complete interval. Pure;
// made by workers, shown by the command line.
import { toRfc3339 } from '../model/interval.ts';
import { latenessOf } from '../watch/lateness.ts';
import type { FoundLatest } from '../watch/lateness.ts';
import { settingsAt, settingsEndingAt } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** What the schedule says. */
export interface StreamState {
  stream: StreamDefinition;
  paused: boolean;
  note: string | null;
  /** The next nominal time; null: paused, or past its end. */
  nextFireMs: number | null;
}

/** A stream whose schedule was edited by hand into what no run can work with. */
export interface UnreadableStream {
  name: string;
  /** A sentence: the field, what it got, what is allowed, and what to do. */
  problem: string;
}

/** Paused is paused, also when it is late; `ended`: it makes no further interval. `unknown`: its store could not be asked. `unreadable`: its schedule
 * holds what no run can work with. */
export type StatusState = 'active' | 'late' | 'paused' | 'ended' | 'unknown' | 'unreadable';

export interface StreamStatus {
  stream: string;
  project: string;
  destination: string;
  state: StatusState;
  /** Behind by more than `limitSeconds`, whatever its state. */
  isLate: boolean;
  /** Of the schedule: why it is paused. */
  note: string | null;
  lastCompleteEnd: string | null;
  /**
   * How long the oldest missing interval is overdue: since its end and the settling; 0 when none is missing.
   * Null: unknown.
   */
  lagSeconds: number | null;
  limitSeconds: number;
  /** Of the newest complete interval: from when it could begin to when it was complete. */
  lastSeconds: number | null;
  rooms: number | null;
  bytes: number | null;
  /**
   * Intervals in a row, since the newest complete one, that should be there and are not; counted to 1000.
   * Null: unknown.
   */
  missing: number | null;
  /** The end of the next interval: then its run is started. */
  nextEnd: string | null;
  /** Why the store could not be asked. */
  problem: string | null;
}

/** Of streams whose schedules were read already, or of at most `rowsMax` from a place of the list on. */
export type StatusRequest = { states: StreamState[] } | { from: ListPlace; rowsMax: number };

/** Where a list of schedules goes on, as base64; null: at its beginning. */
export type ListPlace = string | null;

export interface StatusAnswer {
  rows: StreamStatus[];
  /** Where the rest begins; null when there is none. */
  rest: ListPlace;
}

export interface StatusReading {
  readStatus(request: StatusRequest): Promise<StatusAnswer>;
}

export function toStatus(
  { stream, paused, note, nextFireMs, latest, problem }: StreamState & FoundLatest,
  nowMs: number,
): StreamStatus {
  const lastEndMs = latest === null ? null : Date.parse(latest.interval_end);
  const { lagSeconds, limitSeconds, missing, isLate } = latenessOf(stream, lastEndMs, nowMs);
  const isKnown = problem === null;
  const { project, destination } = settingsAt(stream, nowMs);
  return {
    stream: stream.name,
    project,
    destination,
    state: stateOf({ paused, nextFireMs, isKnown, isLate }),
    isLate: isKnown && isLate,
    note,
    lastCompleteEnd: latest?.interval_end ?? null,
    lagSeconds: isKnown ? lagSeconds : null,
    limitSeconds,
    lastSeconds: latest === null ? null : lastSecondsOf(stream, latest),
    rooms: latest?.rooms ?? null,
    bytes: latest?.size_bytes ?? null,
    missing: isKnown ? missing : null,
    nextEnd: nextFireMs === null ? null : toRfc3339(nextFireMs),
    problem,
  };
}

/** Nothing is known but its name. */
export function toUnreadableStatus({ name, problem }: UnreadableStream): StreamStatus {
  return {
    stream: name,
    project: '',
    destination: '',
    state: 'unreadable',
    isLate: false,
    note: null,
    lastCompleteEnd: null,
    lagSeconds: null,
    limitSeconds: 0,
    lastSeconds: null,
    rooms: null,
    bytes: null,
    missing: null,
    nextEnd: null,
    problem,
  };
}

function stateOf(of: {
  paused: boolean;
  nextFireMs: number | null;
  isKnown: boolean;
  isLate: boolean;
}): StatusState {
  if (of.paused) return 'paused';
  if (!of.isKnown) return 'unknown';
  if (of.isLate) return 'late';
  return of.nextFireMs === null ? 'ended' : 'active';
}

/** A run that waited for its interval to settle did nothing while it waited. */
function lastSecondsOf(stream: StreamDefinition, latest: NonNullable<FoundLatest['latest']>): number {
  const endMs = Date.parse(latest.interval_end);
  const settledMs = endMs + settingsEndingAt(stream, endMs).settings.settleSeconds * 1000;
  const begunMs = Math.max(Date.parse(latest.started_at), settledMs);
  return Math.max(0, (Date.parse(latest.completed_at) - begunMs) / 1000);
}
