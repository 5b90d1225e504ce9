// The note of a paused schedule. Temporal keeps no time of a pause, and unpausing replaces the note. So the
// note begins with the time, which `stream resume` reads first. People and workers who pause a stream both
// write the note with this file.
import { toInstantMs } from './instant.ts';
import { toRfc3339 } from './interval.ts';

/** Matches our notes. The text after the time is free. */
const PAUSED = /^paused at (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(?:: ([\s\S]*))?$/;

export function toPauseNote(atMs: number, words: string | null): string {
  return `paused at ${toRfc3339(atMs)}${words === null || words === '' ? '' : `: ${words}`}`;
}

/**
 * The time, in whole seconds, and the text of a note. Null for a note in another form, such as the Web UI's,
 * or with a time that does not exist.
 */
export function parsePauseNote(note: string | null): { atMs: number; words: string | null } | null {
  const [, time, words] = PAUSED.exec(note ?? '') ?? [];
  const atMs = time === undefined ? null : toInstantMs(time);
  return atMs === null ? null : { atMs, words: words ?? null };
}

/** Matches the watch's text, which has the start of the first failed interval, before the pause. */
const FAILED_FROM = /^\d+ intervals in a row failed, from (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z) on\./;

/** Matches the text of `toCreatingNote`. */
const FILLED_FROM =
  /^fires once what is over, from (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z) on, is being made\b/;

/**
 * The note of a stream that is created with past intervals. When its creation is interrupted before the
 * backfill has begun, `stream resume` continues from this note.
 */
export function toCreatingNote(stream: string, { atMs, fromMs }: { atMs: number; fromMs: number }): string {
  const words = `fires once what is over, from ${toRfc3339(fromMs)} on, is being made`;
  return toPauseNote(atMs, `${words}; if it stays like this: room-streams stream resume ${stream}`);
}

/** The start of what has to be exported when a paused stream is resumed; null for a note in another form. */
export function missedFromMs(note: string | null): number | null {
  const noted = parsePauseNote(note);
  if (noted === null) return null;
  const words = noted.words ?? '';
  const [, from] = FAILED_FROM.exec(words) ?? FILLED_FROM.exec(words) ?? [];
  return from === undefined ? noted.atMs : toInstantMs(from);
}

/** The note of a stream that is resumed or, after `toCreatingNote`, started for the first time. */
export function toResumeNote(
  before: string | null,
  { atMs, sinceMs }: { atMs: number; sinceMs: number },
): string {
  if (FILLED_FROM.test(parsePauseNote(before)?.words ?? ''))
    return `created at ${toRfc3339(atMs)}; what was over since ${toRfc3339(sinceMs)} is made by a backfill`;
  return `resumed at ${toRfc3339(atMs)}; was paused since ${toRfc3339(sinceMs)}`;
}

/** When a stream was resumed, according to its note; null for a note in another form. */
export function resumedAtMs(note: string | null): number | null {
  const [, time] = /^resumed at (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)/.exec(note ?? '') ?? [];
  return time === undefined ? null : toInstantMs(time);
}
