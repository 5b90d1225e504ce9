// Checks all streams once: which are late, and whose intervals fail one after another. The stores say which
// intervals are complete, and Temporal says whether the runs of missing ones failed. The check decides what
// to report and which streams to pause. The watch workflow does both.
import { Context, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { StreamLate, StreamPaused } from '../../workflows/webhooks/contract.ts';
import { toInstantMs } from '../../workflows/model/instant.ts';
import { runBaseIdOf, runIdOf, toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { destinationsOf, latenessOf, MISSING_MAX, missingIntervals } from '../../workflows/watch/lateness.ts';
import { resumedAtMs, toPauseNote } from '../../workflows/model/pause-note.ts';
import type { StreamState } from '../../workflows/questions/status-contract.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { describeFailures, failedInARow } from '../../workflows/watch/contract.ts';
import type { PausePlan, WatchMemory, WatchOutcome, WatchRequest } from '../../workflows/watch/contract.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import { readLatestIntervals } from '../status/read-latest-intervals.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { webhooksFor } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { listStreamStates } from '../../streams/stream-schedules.ts';

/** Streams whose runs are listed at once. */
const ASKED_AT_ONCE = 4;

/**
 * The most failed runs of one stream that are read, the newest first. Far fewer are enough to pause a stream.
 */
const FAILED_MAX = 1_000;

/** Each report is its own workflow. Streams left over are reported by the next check. */
const REPORTED_AT_ONCE = 200;

export async function watchStreams(
  tools: StageTools,
  { names, memory: before }: WatchRequest & { memory: WatchMemory },
  run: StageRun,
): Promise<WatchOutcome> {
  const { client } = Context.current();
  const listed = await listStreamStates(client);
  for (const { problem } of listed.unreadable) log.warn('a stream is not watched', { problem });
  const states = listed.states.filter(
    ({ stream }) => isOurs(tools, stream) && (names === undefined || names.includes(stream.name)),
  );
  run.report({ streams: states.length });
  const lastEnds = await readLastEnds(tools, states, { before, run });
  const nowMs = tools.nowMs();
  const memory: WatchMemory = { latest: {}, reported: {}, pausedAtMs: {} };
  const late: StreamLate[] = [];
  const suspects: Suspect[] = [];
  for (const state of states) {
    const { name } = state.stream;
    const lastEnd = lastEnds.get(name);
    const pausedAtMs = before.pausedAtMs[name];
    if (pausedAtMs !== undefined) memory.pausedAtMs[name] = pausedAtMs;
    if (lastEnd === undefined) continue;
    memory.latest[name] = lastEnd;
    const lateness = latenessOf(state.stream, toMs(lastEnd), nowMs);
    if (lateness.isLate) {
      const reported = before.reported[name];
      if (reported !== undefined) memory.reported[name] = reported;
      else if (late.length < REPORTED_AT_ONCE) {
        memory.reported[name] = lastEnd;
        late.push(toLate(state, lastEnd, { ...lateness, nowMs }));
      }
    }
    if (tools.pauseAfterFailed > 0 && !state.paused && lateness.missing >= tools.pauseAfterFailed)
      suspects.push({ state, lastEndMs: toMs(lastEnd), countedFromMs: pausedAtMs ?? 0 });
  }
  const plans = await inLanes(suspects, ASKED_AT_ONCE, (suspect) => planPause(tools, client, suspect));
  return {
    late: webhooksFor(tools, 'stream.late').length > 0 ? late : [],
    toPause: plans.filter((plan) => plan !== null),
    memory,
  };
}

/** Streams of other workers in the namespace have other destinations, and those workers watch them. */
function isOurs({ destinations }: StageTools, stream: StreamState['stream']): boolean {
  return destinationsOf(stream).some((name) => destinations.has(name));
}

/**
 * The newest complete end of each stream. When a store does not answer, the last known value is kept. A
 * stream without any known value is absent.
 */
async function readLastEnds(
  tools: StageTools,
  states: readonly StreamState[],
  { before, run }: { before: WatchMemory; run: StageRun },
): Promise<Map<string, string | null>> {
  const ends = new Map<string, string | null>();
  for (const { stream, latest, problem } of await readLatestIntervals(tools, states, run)) {
    const end = problem === null ? (latest?.interval_end ?? null) : before.latest[stream.name];
    if (end !== undefined) ends.set(stream.name, end);
  }
  return ends;
}

function toLate(
  { stream, paused, note }: StreamState,
  lastEnd: string | null,
  { lagSeconds, limitSeconds, nowMs }: { lagSeconds: number; limitSeconds: number; nowMs: number },
): StreamLate {
  const { project, destination } = settingsAt(stream, nowMs);
  return {
    id: `stream.late:${stream.name}-${lastEnd ?? 'never'}`,
    type: 'stream.late',
    atMs: nowMs,
    data: {
      stream: stream.name,
      project,
      destination,
      last_complete_end: lastEnd,
      lag_seconds: lagSeconds,
      limit_seconds: limitSeconds,
      paused,
      note: paused ? (note ?? '') : '',
    },
  };
}

interface Suspect {
  state: StreamState;
  lastEndMs: number | null;
  /** Earlier failures do not count, because somebody has resumed the stream since. */
  countedFromMs: number;
}

async function planPause(
  tools: StageTools,
  client: Client,
  { state, lastEndMs, countedFromMs }: Suspect,
): Promise<PausePlan | null> {
  const { stream, note } = state;
  const nowMs = tools.nowMs();
  const sinceMs = Math.max(countedFromMs, resumedAtMs(note) ?? 0);
  const failed = await failedEnds(client, stream.name, sinceMs);
  const missing = missingIntervals(stream, lastEndMs, { nowMs, countMax: MISSING_MAX });
  const row = failedInARow(missing, ({ endMs }) => failed.has(endMs), tools.pauseAfterFailed);
  if (row === null) return null;
  const counted = row.slice(-tools.pauseAfterFailed);
  // A list of runs lags a little, so each run that counts towards a pause is read itself.
  for (const interval of counted) if (!(await hasFailed(client, runIdOf(stream.name, interval)))) return null;
  const newest = counted.at(-1);
  if (newest === undefined) return null;
  const words = describeFailures(stream.name, row);
  const plan = { stream: stream.name, note: toPauseNote(nowMs, words) };
  if (webhooksFor(tools, 'stream.paused').length === 0) return { ...plan, event: null };
  const message = await failureOf(client, runIdOf(stream.name, newest));
  return { ...plan, event: toPaused(state, { row, newest, message, nowMs, note: plan.note }) };
}

/** The ends of the intervals whose runs have failed since then, up to the newest FAILED_MAX. */
async function failedEnds(client: Client, stream: string, sinceMs: number): Promise<Set<number>> {
  const base = `${runBaseIdOf(stream)}-`;
  const query = `WorkflowType = 'exportInterval' AND RoomStream = '${stream}' AND ExecutionStatus = 'Failed' AND CloseTime > '${new Date(sinceMs).toISOString()}'`;
  const ends = new Set<number>();
  for await (const { workflowId } of client.workflow.list({ query })) {
    const endMs = workflowId.startsWith(base) ? toInstantMs(workflowId.slice(base.length)) : null;
    if (endMs !== null) ends.add(endMs);
    if (ends.size >= FAILED_MAX) break;
  }
  return ends;
}

/** Whether the newest run with that id failed. A run that was retried is in progress or complete. */
async function hasFailed(client: Client, workflowId: string): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name === 'FAILED';
}

/** The message of the run's failure. */
async function failureOf(client: Client, workflowId: string): Promise<string> {
  try {
    await client.workflow.getHandle(workflowId).result();
    return '';
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  }
}

function toPaused(
  { stream }: StreamState,
  of: { row: readonly Interval[]; newest: Interval; message: string; nowMs: number; note: string },
): StreamPaused {
  const { project, destination } = settingsAt(stream, of.nowMs);
  return {
    id: `stream.paused:${stream.name}-${toRfc3339(of.newest.endMs)}:${of.nowMs}`,
    type: 'stream.paused',
    atMs: of.nowMs,
    data: {
      stream: stream.name,
      project,
      destination,
      failed_intervals: of.row.map(({ endMs }) => toRfc3339(endMs)),
      message: of.message,
      note: of.note,
    },
  };
}

function toMs(end: string | null): number | null {
  return end === null ? null : toInstantMs(end);
}
