// Where every stream is: what its schedule says, and what the store names as its newest complete interval, read by a worker. Collects; the
// command prints.
import {
  destinationsOf,
  latenessOf,
  type FoundLatest,
  type LatestRequest,
} from '../workflows/model/lateness.ts';
import { toRfc3339 } from '../workflows/model/interval.ts';
import { settingsAt, settingsEndingAt, type StreamDefinition } from '../workflows/model/stream.ts';
import { askWorker } from './ask-worker.ts';
import { type Connected } from './connect.ts';
import { listStreams, readStream, type StreamState } from './streams.ts';

/** Longer than the workflow gives its activities. */
const TIMEOUT_MS = 3 * 60_000;

/** Of one question: its answer has to fit into Temporal's payloads. */
const STREAMS_EACH = 2_000;

/** Paused is paused, also when it is late; `ended`: it makes no further interval. `unknown`: its store could not be asked. */
export type StatusState = 'active' | 'late' | 'paused' | 'ended' | 'unknown';

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
  /** How long the oldest missing interval is overdue: since its end and the settling; 0 when none is missing. Null: unknown. */
  lagSeconds: number | null;
  limitSeconds: number;
  /** Of the newest complete interval: from when it could begin to when it was complete. */
  lastSeconds: number | null;
  rooms: number | null;
  bytes: number | null;
  /** Intervals in a row, since the newest complete one, that should be there and are not; counted to 1000. Null: unknown. */
  missing: number | null;
  /** The end of the next interval: then its run is started. */
  nextEnd: string | null;
  /** Why the store could not be asked. */
  problem: string | null;
}

/** By name. Throws CommandError (not found) for an unknown stream; without names, all there are. */
export async function readStatus(
  connected: Connected,
  names: readonly string[],
  nowMs: () => number = Date.now,
): Promise<StreamStatus[]> {
  const states =
    names.length === 0
      ? await listStreams(connected)
      : await Promise.all([...new Set(names)].sort().map((name) => readStream(connected, name)));
  if (states.length === 0) return [];
  const found = await findLatest(connected, states);
  const readAtMs = nowMs();
  return states.map((state, index) => toStatus(state, found[index], readAtMs));
}

async function findLatest(connected: Connected, states: readonly StreamState[]): Promise<FoundLatest[]> {
  const requests: LatestRequest[] = [];
  for (let at = 0; at < states.length; at += STREAMS_EACH) {
    const some = states.slice(at, at + STREAMS_EACH);
    const streams = some.map(({ stream }) => ({ name: stream.name, destinations: destinationsOf(stream) }));
    requests.push({ streams });
  }
  const found = await Promise.all(
    requests.map((request) =>
      askWorker<FoundLatest[]>(connected, {
        workflow: 'latestIntervals',
        request,
        summary: `the newest intervals of ${request.streams.length} streams`,
        timeoutMs: TIMEOUT_MS,
      }),
    ),
  );
  return found.flat();
}

function toStatus(
  { stream, paused, note, nextFireMs }: StreamState,
  found: FoundLatest | undefined,
  nowMs: number,
): StreamStatus {
  const latest = found?.latest ?? null;
  const problem = found === undefined ? 'the worker left it out' : found.problem;
  const lastEndMs = latest === null ? null : Date.parse(latest.interval_end);
  const { lagSeconds, limitSeconds, missing, isLate } = latenessOf(stream, lastEndMs, nowMs);
  const isKnown = problem === null;
  const { project, destination } = settingsAt(stream, nowMs);
  return {
    ...{ stream: stream.name, project, destination },
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

/** Null for a pointer that does not say when its run began. A run that waited for its interval to settle did nothing while it waited. */
function lastSecondsOf(stream: StreamDefinition, latest: NonNullable<FoundLatest['latest']>): number | null {
  if (latest.started_at === undefined) return null;
  const endMs = Date.parse(latest.interval_end);
  const settledMs = endMs + settingsEndingAt(stream, endMs).settings.settleSeconds * 1000;
  const begunMs = Math.max(Date.parse(latest.started_at), settledMs);
  return Math.max(0, (Date.parse(latest.completed_at) - begunMs) / 1000);
}
