// The status of a stream: the state of its schedule, and the newest complete interval that its store names.
// Pure; workers make it, and the command line shows it.
import { toRfc3339 } from '../model/interval.ts';
import { latenessOf } from '../watch/lateness.ts';
import type { FoundLatest } from '../watch/lateness.ts';
import { settingsAt, settingsEndingAt } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** The state of a stream's schedule. */
export interface StreamState {
  stream: StreamDefinition;
  paused: boolean;
  note: string | null;
  /** The next nominal time; null when the stream is paused or past its end. */
  nextFireMs: number | null;
}

/** A stream whose schedule was edited by hand into an input that no run can use. */
export interface UnreadableStream {
  name: string;
  /** A sentence: the field, what it got, what is allowed, and what to do. */
  problem: string;
}

/**
 * A paused stream is `paused` even when it is late. `ended`: it exports no further interval. `unknown`: its
 * store could not be read. `unreadable`: no run can use the input of its schedule.
 */
export type StatusState = 'active' | 'late' | 'paused' | 'ended' | 'unknown' | 'unreadable';

export interface StreamStatus {
  stream: string;
  project: string;
  destination: string;
  state: StatusState;
  /** Behind by more than `limitSeconds`, whatever its state. */
  isLate: boolean;
  /** The schedule's note: why the stream is paused. */
  note: string | null;
  lastCompleteEnd: string | null;
  /**
   * How long the oldest missing interval is overdue, counted from its end plus the settle time. 0 when none
   * is missing; null when unknown.
   */
  lagSeconds: number | null;
  limitSeconds: number;
  /**
   * The duration of the newest complete interval's export, from when it could begin until it was complete.
   */
  lastSeconds: number | null;
  rooms: number | null;
  bytes: number | null;
  /** Missing intervals since the newest complete one, counted to 1000; null when unknown. */
  missing: number | null;
  /** The end of the next interval, when its run starts. */
  nextEnd: string | null;
  /** Why the store could not be read. */
  problem: string | null;
}

/**
 * Asks for streams whose schedules were read already, or for at most `rowsMax` streams from a page token on.
 */
export type StatusRequest = { states: StreamState[] } | { from: ListPlace; rowsMax: number };

/** The page token of a list of schedules, in base64; null for its first page. */
export type ListPlace = string | null;

export interface StatusAnswer {
  rows: StreamStatus[];
  /** The token of the next page; null after the last one. */
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

/** The status of a stream of which only the name is known. */
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

/** The time that a run waited for its interval to settle does not count. */
function lastSecondsOf(stream: StreamDefinition, latest: NonNullable<FoundLatest['latest']>): number {
  const endMs = Date.parse(latest.interval_end);
  const settledMs = endMs + settingsEndingAt(stream, endMs).settings.settleSeconds * 1000;
  const begunMs = Math.max(Date.parse(latest.started_at), settledMs);
  return Math.max(0, (Date.parse(latest.completed_at) - begunMs) / 1000);
}
