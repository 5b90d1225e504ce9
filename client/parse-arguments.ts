// Parses what a person types into durations, instants and intervals. Every parser throws commander's
// InvalidArgumentError, which names the option; the message says what is allowed.
import { InvalidArgumentError } from 'commander';
import { INSTANT_YEARS, isInstantMs, toInstantMs } from '../workflows/model/instant.ts';
import { toGot } from '../workflows/model/problem.ts';
import { prefixProblem } from '../workflows/model/stream-problems.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Accepts `90s`, `15m`, `1h`, `7d`, or a sum of those (`1h30m`); whole seconds only. */
export function parseDurationSeconds(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) {
    throw new InvalidArgumentError(
      `got "${text}", allowed: whole numbers with s, m, h or d, as 90s, 15m, 1h30m, 7d`,
    );
  }
  return parts.reduce(
    (sum, [, count = '0', unit = 's']) => sum + Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN),
    0,
  );
}

/**
 * Accepts an instant in ISO 8601 with its zone, to the second.
 * @returns epoch milliseconds
 */
export function parseInstantMs(text: string): number {
  const atMs = toInstantMs(text);
  if (atMs === null || !isInstantMs(atMs)) {
    throw new InvalidArgumentError(
      `got "${text}", allowed: a time with its zone, in whole seconds, of a date that exists, ${INSTANT_YEARS}, as 2026-11-23T10:15:00Z or 2026-11-23T11:15+01:00`,
    );
  }
  return atMs;
}

/**
 * Accepts one of a few words, and suggests the nearest for any other. The parser carries its words so that
 * completion can list them.
 */
export function parseWord<Word extends string>(
  allowed: readonly Word[],
): ((text: string) => Word) & { words: readonly Word[] } {
  const parse = (text: string): Word => {
    const found = allowed.find((word) => word === text);
    if (found !== undefined) return found;
    const nearest = nearestOf(text, allowed);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    throw new InvalidArgumentError(`got "${text}", allowed: ${allowed.join(', ')}${hint}`);
  };
  return Object.assign(parse, { words: allowed });
}

/** Returns the word that a misspelt word most likely means; undefined when none is similar. */
export function nearestOf<Word extends string>(text: string, words: readonly Word[]): Word | undefined {
  let nearest: Word | undefined;
  // A word with more than a third of its letters wrong is taken for another word.
  let fewest = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const word of words) {
    const edits = editsBetween(text, word);
    if (edits < fewest) [nearest, fewest] = [word, edits];
  }
  return nearest;
}

/** The number of letters to change, add or remove to turn one word into the other (Levenshtein distance). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_cell, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Accepts a time of day in UTC: `03:00`. */
export function parseTimeOfDay(text: string): { hour: number; minute: number } {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined)
    throw new InvalidArgumentError(`got "${text}", allowed: a time of day in UTC, from 00:00 to 23:59`);
  return { hour: Number(hour), minute: Number(minute) };
}

/** Accepts a whole number between two bounds, both included. */
export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= least && count <= most) return count;
    throw new InvalidArgumentError(`got "${text}", allowed: whole numbers from ${least} to ${most}`);
  };
}

/** Accepts a project as the history names it. */
export function parseProjectId(text: string): string {
  if (text === '') throw new InvalidArgumentError('got "", allowed: the id of a project');
  return text;
}

/** Accepts a key prefix, such as `rooms/`. */
export function parseKeyPrefix(text: string): string {
  const problem = prefixProblem(text);
  if (problem === null) return text;
  throw new InvalidArgumentError(`got ${toGot(text)}, ${problem}`);
}

/** Formats a duration for people: `15m`, `1h30m`, `7d`. */
export function toDurationText(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / length);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  return text === '' ? '0s' : text;
}
