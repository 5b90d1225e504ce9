// Pauses and resumes streams, and creates streams that begin in the past. Creating such a stream is like
// resuming one: the missed intervals are exported, then the schedule fires. This file never prints.
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { readLastSlotMs } from '../streams/stream-schedules.ts';
import { intervalContaining, runIdOf } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import {
  missedFromMs,
  parsePauseNote,
  toCreatingNote,
  toPauseNote,
  toResumeNote,
} from '../workflows/model/pause-note.ts';
import type { StreamState } from '../workflows/questions/status-contract.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { startBackfill } from './backfills.ts';
import { changeOrUnknown, startDroppedSlots, patchUntil, rangeUntil, withRange } from './change-stream.ts';
import type { Connected } from '../temporal/connect.ts';
import { createSchedule, readStream } from './streams.ts';

/** The clocks of the machine that pauses and of Temporal differ by less than this. */
const SKEW_MS = 60_000;

export interface Paused {
  state: StreamState;
  wasPaused: boolean;
}

/**
 * Writes the time of the pause into the schedule's note, where `resumeStream` reads it. A stream that is
 * already paused keeps its time; only the text of the note changes, if one is given.
 */
export async function pauseStream(connected: Connected, name: string, words: string | null): Promise<Paused> {
  const before = await readStream(connected, name);
  const since = parsePauseNote(before.note);
  if (before.paused && (words === null || since === null)) return { state: before, wasPaused: true };
  const note = toPauseNote(before.paused && since !== null ? since.atMs : Date.now(), words);
  const state = await patchUntil(connected, name, {
    patch: (schedule) => schedule.pause(note),
    isThere: (now) => now.paused && now.note === note,
  });
  return { state, wasPaused: before.paused };
}

export interface Resumed {
  wasPaused: boolean;
  /** The whole intervals that ended while the stream was paused; null when there are none. */
  missed: Interval | null;
  /** The backfill that exports them; null when none was missed, or when they are left out. */
  backfillId: string | null;
  state: StreamState;
}

/**
 * Exports missed intervals through a backfill, or with `skips` records them as left out, and then lets the
 * schedule fire. This order makes a crash harmless: the stream is still paused, and resuming it again loses
 * nothing.
 */
export async function resumeStream(
  connected: Connected,
  name: string,
  { skips }: { skips: boolean },
): Promise<Resumed> {
  const before = await readStream(connected, name);
  if (!before.paused) return { wasPaused: false, missed: null, backfillId: null, state: before };
  const sinceMs = await pausedSinceMs(connected, before);
  const resumingMs = Date.now();
  const note = toResumeNote(before.note, { atMs: resumingMs, sinceMs });
  const startMs = await firstMissedMs(connected, before.stream, sinceMs);
  if (skips) {
    let missed: Interval | null = null;
    const state = await changeOrUnknown(connected, name, (held) => {
      missed = rangeUntil(held.stream, startMs, resumingMs);
      const skipped = missed === null ? held.stream.skipped : withRange(held.stream.skipped, missed);
      return { stream: { ...held.stream, skipped }, state: { paused: false, note } };
    });
    await startDroppedSlots(connected, state, resumingMs);
    return { wasPaused: true, missed, backfillId: null, state };
  }
  const missed = rangeUntil(before.stream, startMs, resumingMs);
  const backfill =
    missed === null ? null : await startBackfill(connected, { stream: before.stream, range: missed });
  const state = await patchUntil(connected, name, {
    patch: (schedule) => schedule.unpause(note),
    isThere: (now) => !now.paused && now.note === note,
  });
  await startDroppedSlots(connected, state, resumingMs);
  return { wasPaused: true, missed, backfillId: backfill?.workflowId ?? null, state };
}

/**
 * Creates a stream. A stream that begins in the past is created paused and then resumed, so that it never
 * fires before its past intervals are exported.
 */
export async function createStream(
  connected: Connected,
  stream: StreamDefinition,
): Promise<Pick<Resumed, 'missed' | 'backfillId'>> {
  const { name, fromMs } = stream;
  const atMs = Date.now();
  if (rangeUntil(stream, fromMs, atMs) === null) {
    await createSchedule(connected, stream);
    return { missed: null, backfillId: null };
  }
  await createSchedule(connected, stream, toCreatingNote(name, { atMs, fromMs }));
  return resumeStream(connected, name, { skips: false });
}

/**
 * Reads the time of the pause from the note. A note written by others, such as the Web UI, has none; the last
 * slot that was run counts then.
 */
async function pausedSinceMs({ client }: Connected, { stream, note }: StreamState): Promise<number> {
  const notedMs = missedFromMs(note);
  if (notedMs !== null) return notedMs;
  return (await readLastSlotMs(client, stream)) ?? stream.fromMs;
}

/**
 * Returns the start of the first interval that ended after the pause and whose run the schedule had not
 * started just before.
 */
async function firstMissedMs(
  { client }: Connected,
  stream: StreamDefinition,
  sinceMs: number,
): Promise<number> {
  const fromMs = Math.max(sinceMs - SKEW_MS, stream.fromMs);
  let { startMs } = intervalContaining(fromMs, settingsAt(stream, fromMs));
  for (;;) {
    const interval = { startMs, endMs: startMs + settingsAt(stream, startMs).everySeconds * 1000 };
    if (interval.endMs > sinceMs + SKEW_MS) return startMs;
    if (interval.startMs >= stream.fromMs && !(await hasRun(client, stream, interval))) return startMs;
    startMs = interval.endMs;
  }
}

async function hasRun(client: Client, stream: StreamDefinition, interval: Interval): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(runIdOf(stream.name, interval)).describe();
    // A failed run exported nothing; such runs are why the watch pauses a stream.
    return status.name !== 'FAILED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
