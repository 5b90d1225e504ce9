// What a person types, as values: durations, instants, intervals. Every parser throws commander's
// InvalidArgumentError, which names the option; the text says what is allowed.
import { InvalidArgumentError } from 'commander';
import { INSTANT_YEARS, isInstantMs, toInstantMs } from '../workflows/model/instant.ts';
import { toGot } from '../workflows/model/problem.ts';
import { prefixProblem } from '../workflows/model/stream-problems.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `1h`, `7d`, or a sum of those (`1h30m`); whole seconds. */
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

/** An instant in ISO 8601 with its zone, to the second; epoch milliseconds. */
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
 * One of a few words; another one is answered with the nearest. The parser carries them, for whoever
 * completes what is typed.
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

/** The one of these words that a misspelt one is most likely meant to be; undefined when none is near. */
export function nearestOf<Word extends string>(text: string, words: readonly Word[]): Word | undefined {
  let nearest: Word | undefined;
  // A third of the letters wrong is another word.
  let fewest = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const word of words) {
    const edits = editsBetween(text, word);
    if (edits < fewest) [nearest, fewest] = [word, edits];
  }
  return nearest;
}

/** Letters to be changed, added or left out to make one of the other (Levenshtein). */
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

/** A time of day, `03:00`; UTC. */
export function parseTimeOfDay(text: string): { hour: number; minute: number } {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined)
    throw new InvalidArgumentError(`got "${text}", allowed: a time of day in UTC, from 00:00 to 23:59`);
  return { hour: Number(hour), minute: Number(minute) };
}

/** A whole number within bounds, both allowed. */
export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= least && count <= most) return count;
    throw new InvalidArgumentError(`got "${text}", allowed: whole numbers from ${least} to ${most}`);
  };
}

/** As the history names it. */
export function parseProjectId(text: string): string {
  if (text === '') throw new InvalidArgumentError('got "", allowed: the id of a project');
  return text;
}

/** What keys begin with, as `rooms/`. */
export function parseKeyPrefix(text: string): string {
  const problem = prefixProblem(text);
  if (problem === null) return text;
  throw new InvalidArgumentError(`got ${toGot(text)}, ${problem}`);
}

/** A duration for people: `15m`, `1h30m`, `7d`. */
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
