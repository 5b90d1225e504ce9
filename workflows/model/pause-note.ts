// The note of a paused schedule. Temporal keeps no time of a pause, and unpausing replaces the note: so the time stands at its beginning, where
// `stream resume` reads it first. Whoever pauses a stream, a person or a worker, writes it by this file.
import { toRfc3339 } from './interval.ts';

/** Of a note of ours; what a person reads after the time is free. */
const PAUSED = /^paused at (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(?:: ([\s\S]*))?$/;

export function toPauseNote(atMs: number, words: string | null): string {
  return `paused at ${toRfc3339(atMs)}${words === null || words === '' ? '' : `: ${words}`}`;
}

/** Null for a note that somebody else wrote, as the Web UI does. `atMs` is in whole seconds. */
export function parsePauseNote(note: string | null): { atMs: number; words: string | null } | null {
  const [, time, words] = PAUSED.exec(note ?? '') ?? [];
  if (time === undefined) return null;
  return { atMs: Date.parse(time), words: words ?? null };
}
