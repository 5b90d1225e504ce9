// The note of a paused schedule. Temporal keeps no time of a pause, and unpausing replaces the note: so the
// time stands at its beginning, where `stream resume` reads it first. Whoever pauses a stream, a person or a
// worker, writes it by this file.
import { toInstantMs } from './instant.ts';
import { toRfc3339 } from './interval.ts';

/** Of a note of ours; what a person reads after the time is free. */
const PAUSED = /^paused at (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(?:: ([\s\S]*))?$/;

export function toPauseNote(atMs: number, words: string | null): string {
  return `paused at ${toRfc3339(atMs)}${words === null || words === '' ? '' : `: ${words}`}`;
}

/**
 * Null for a note that somebody else wrote, as the Web UI does, or one whose time does not exist. `atMs` is
 * in whole seconds.
 */
export function parsePauseNote(note: string | null): { atMs: number; words: string | null } | null {
  const [, time, words] = PAUSED.exec(note ?? '') ?? [];
  const atMs = time === undefined ? null : toInstantMs(time);
  return atMs === null ? null : { atMs, words: words ?? null };
}

/** Of the watch's words: from when on the stream made nothing, though it was not paused yet. */
const FAILED_FROM = /^\d+ intervals in a row failed, from (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z) on\./;

/** Of the words of `toCreatingNote`. */
const FILLED_FROM =
  /^fires once what is over, from (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z) on, is being made\b/;

/**
 * Of a stream that is created with a past: whoever dies before its backfill has begun leaves it like this,
 * and `stream resume` goes on.
 */
export function toCreatingNote(stream: string, { atMs, fromMs }: { atMs: number; fromMs: number }): string {
  const words = `fires once what is over, from ${toRfc3339(fromMs)} on, is being made`;
  return toPauseNote(atMs, `${words}; if it stays like this: room-streams stream resume ${stream}`);
}

/**
 * What is to be made up for when a paused stream is resumed begins here; null for a note that somebody else
 * wrote.
 */
export function missedFromMs(note: string | null): number | null {
  const noted = parsePauseNote(note);
  if (noted === null) return null;
  const words = noted.words ?? '';
  const [, from] = FAILED_FROM.exec(words) ?? FILLED_FROM.exec(words) ?? [];
  return from === undefined ? noted.atMs : toInstantMs(from);
}

/** The note of a stream that runs again, or, after `toCreatingNote`, for the first time. */
export function toResumeNote(
  before: string | null,
  { atMs, sinceMs }: { atMs: number; sinceMs: number },
): string {
  if (FILLED_FROM.test(parsePauseNote(before)?.words ?? ''))
    return `created at ${toRfc3339(atMs)}; what was over since ${toRfc3339(sinceMs)} is made by a backfill`;
  return `resumed at ${toRfc3339(atMs)}; was paused since ${toRfc3339(sinceMs)}`;
}

/** When a stream was resumed by its note; null for a note that somebody else wrote. */
export function resumedAtMs(note: string | null): number | null {
  const [, time] = /^resumed at (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)/.exec(note ?? '') ?? [];
  return time === undefined ? null : toInstantMs(time);
}
