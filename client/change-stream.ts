// Changes existing streams: their settings from a border on, their end, and their jitter. Plans the change,
// writes it to the schedule, and checks that it took effect. This file never prints.
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { ScheduleHandle } from '@temporalio/client';
import { changeStreamSchedule } from '../streams/stream-schedules.ts';
import { firingOf } from '../workflows/model/firing.ts';
import {
  intervalContaining,
  lastIntervalEndedBy,
  scheduleIdOf,
  toRfc3339,
} from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { reviseStream } from '../workflows/model/revise-stream.ts';
import type { StreamState } from '../workflows/questions/status-contract.ts';
import { spanProblems } from '../workflows/model/stream-problems.ts';
import { isWanted, settingsAt, settingsEndingAt } from '../workflows/model/stream.ts';
import type { StreamDefinition, StreamSettings } from '../workflows/model/stream.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { readStream, startRun, toUnknownStream } from './streams.ts';

/**
 * A border may have passed since the change was planned. This is safe while no interval that begins there can
 * have ended, and the shortest interval is a minute.
 */
const PLANNED_TOO_LONG_MS = 30_000;

/** The schedule may fire this late; slots that fell due during the change are checked after this time. */
const LAG_MS = 5_000;

const POLL_MS = 100;
/** This is long compared with the moment that a patch needs. */
const PATCH_AGAIN_MS = 3_000;
const EFFECT_WITHIN_MS = 10_000;

export interface StreamChange {
  changes: Partial<StreamSettings>;
  /** The change applies from the first border at or after this time; absent means now. */
  atMs?: number | undefined;
  dropsPlanned: boolean;
  /** Null removes the end; absent keeps it. */
  untilMs?: number | null | undefined;
  /** Null restores the default; absent keeps the current value. */
  jitterSeconds?: number | null | undefined;
}

export interface PlannedChange {
  before: StreamDefinition;
  after: StreamDefinition;
  /** The border from which new settings apply; null when no setting changes. */
  fromMs: number | null;
}

/**
 * Plans a change of a stream without asking or writing anything.
 * @throws CommandError that names what is not allowed.
 */
export function planChange(before: StreamDefinition, change: StreamChange, nowMs: number): PlannedChange {
  const { changes, atMs = nowMs, dropsPlanned, untilMs, jitterSeconds } = change;
  if (atMs < nowMs)
    throw new CommandError(
      `at: got ${toRfc3339(atMs)}, allowed: now or later; intervals that began keep their settings`,
      EXIT.usage,
    );
  const endsAnew = untilMs !== undefined && untilMs !== before.untilMs;
  if (endsAnew) assertNotMade(before, untilMs, nowMs);
  const ending = endsAnew ? { ...before, untilMs } : before;
  const revised = reviseStream(ending, { changes, atMs, dropsPlanned });
  if (revised.stream === null) throw new CommandError(revised.problem, EXIT.usage);
  if (endsAnew) assertEnd(revised.stream);
  const after = jitterSeconds === undefined ? revised.stream : withJitter(revised.stream, jitterSeconds);
  return { before, after, fromMs: revised.fromMs };
}

function withJitter(stream: StreamDefinition, jitterSeconds: number | null): StreamDefinition {
  const changed = { ...stream };
  if (jitterSeconds === null) delete changed.jitterSeconds;
  else changed.jitterSeconds = jitterSeconds;
  return changed;
}

/**
 * The end cannot move before the current interval, because intervals that have ended are exported. The interval
 * in progress may be cut off.
 */
function assertNotMade(stream: StreamDefinition, untilMs: number | null, nowMs: number): void {
  const underway = intervalContaining(nowMs, settingsAt(stream, nowMs));
  if (untilMs === null || untilMs >= underway.startMs) return;
  throw new CommandError(
    `until: got ${toRfc3339(untilMs)}, allowed: none, or ${toRfc3339(underway.startMs)} or later; what has ended is made`,
    EXIT.usage,
  );
}

function assertEnd(stream: StreamDefinition): void {
  const { fromMs, untilMs } = stream;
  if (untilMs === null) return;
  const atFrom = settingsAt(stream, fromMs);
  const problems = spanProblems({ fromMs, untilMs }, { atFrom, atUntil: settingsAt(stream, untilMs - 1) });
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.usage);
}

/** Writes the planned change, unless the stream was changed since it was planned. */
export async function writeChange(
  connected: Connected,
  { before, after, fromMs }: PlannedChange,
): Promise<StreamState> {
  const plannedMs = Date.now();
  const state = await changeOrUnknown(connected, before.name, (held) => {
    if (!isDeepStrictEqual(held.stream, before)) {
      throw new CommandError(
        `stream "${before.name}" was changed by somebody else meanwhile; look at stream describe, then try again`,
        EXIT.failed,
      );
    }
    if (fromMs !== null && Date.now() > fromMs + PLANNED_TOO_LONG_MS)
      throw new CommandError(
        `at: ${toRfc3339(fromMs)} has passed meanwhile; nothing was written, try again`,
        EXIT.failed,
      );
    return { stream: after };
  });
  await startDroppedSlots(connected, state, plannedMs);
  return state;
}

/**
 * Temporal drops slots that fell due while a schedule was being changed. This starts their runs; a run that
 * already exists is not started twice.
 */
export async function startDroppedSlots(
  connected: Connected,
  { stream, paused }: StreamState,
  sinceMs: number,
): Promise<void> {
  if (paused) return;
  const nowMs = Date.now();
  const { jitterSeconds } = firingOf(stream, nowMs);
  const { endMs } = lastIntervalEndedBy(nowMs, settingsAt(stream, nowMs));
  if (endMs < sinceMs - jitterSeconds * 1000 - LAG_MS) return;
  const { interval } = settingsEndingAt(stream, endMs);
  if (isWanted(stream, interval)) await startRun(connected, { stream, interval, force: false });
}

/**
 * Returns the whole intervals of the stream from `startMs`, a border, that have ended; null when there are
 * none.
 */
export function rangeUntil(stream: StreamDefinition, startMs: number, nowMs: number): Interval | null {
  const untilMs = Math.min(nowMs, stream.untilMs ?? nowMs);
  const { endMs } = lastIntervalEndedBy(untilMs, settingsAt(stream, untilMs));
  return endMs > startMs ? { startMs, endMs } : null;
}

/** Sorts the ranges and merges those that touch. */
export function withRange(ranges: readonly Interval[], added: Interval): Interval[] {
  const merged: Interval[] = [];
  for (const range of [...ranges, added].sort((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1);
    if (last === undefined || range.startMs > last.endMs) merged.push({ ...range });
    else last.endMs = Math.max(last.endMs, range.endMs);
  }
  return merged;
}

export async function changeOrUnknown(
  { client }: Connected,
  name: string,
  change: Parameters<typeof changeStreamSchedule>[2],
): Promise<StreamState> {
  try {
    return await changeStreamSchedule(client, name, change);
  } catch (error) {
    throw error instanceof ScheduleNotFoundError ? toUnknownStream(name, error) : error;
  }
}

/**
 * Sends a patch to a stream's schedule until it has taken effect, because Temporal may lose a patch without
 * an error. The patch must be idempotent.
 */
export async function patchUntil(
  connected: Connected,
  name: string,
  {
    patch,
    isThere,
  }: { patch: (schedule: ScheduleHandle) => Promise<void>; isThere: (state: StreamState) => boolean },
): Promise<StreamState> {
  const schedule = connected.client.schedule.getHandle(scheduleIdOf(name));
  const deadlineMs = Date.now() + EFFECT_WITHIN_MS;
  let againMs = 0;
  while (Date.now() < deadlineMs) {
    if (Date.now() >= againMs) {
      await patch(schedule);
      againMs = Date.now() + PATCH_AGAIN_MS;
    }
    const state = await readStream(connected, name);
    if (isThere(state)) return state;
    await wait(POLL_MS);
  }
  throw new CommandError(
    `stream "${name}": Temporal took the change, but it had no effect within ${EFFECT_WITHIN_MS / 1000} s; somebody else may have changed it, see stream describe`,
    EXIT.failed,
  );
}
