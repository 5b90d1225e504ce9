// Times as recorders write them, brought to epoch milliseconds: numbers in ms, µs or ns, and texts that name
// their zone. A time that cannot be placed without a guess (no zone, counted from the page's start) is null,
// never the import's own zone.

import { isCalendarDay } from '../../workflows/model/instant.ts';

/** Times of calls that a record may hold: 2000 to 2100, in epoch ms. Others are damage. */
export const TIME_MS_MIN = 946_684_800_000;
export const TIME_MS_MAX = 4_102_444_800_000;

/** The unit is known by the size of the number: the ranges of a century in ms, µs and ns do not touch. */
const UNITS_PER_MS = [1, 1e3, 1e6] as const;

/** `2025-11-24T16:00:01.5Z`, also with a space, without seconds and with an offset (ISO 8601, RFC 3339). */
const ISO_WITH_ZONE =
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$/i;
/**
 * `Mon Nov 24 2025 17:00:01 GMT+0100 (CET)` and `Mon, 24 Nov 2025 16:00:01 GMT`: Date.toString and
 * Date.toUTCString.
 */
const DATE_WITH_ZONE = /^[A-Z][a-z]{2},? .*\d\d:\d\d:\d\d (?:GMT|UTC)(?:[+-]\d{2}:?\d{2})?(?: \(.*\))?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const NUMBER = /^\d+(?:\.\d+)?$/;

export function isCallTime(value: unknown): value is number {
  return typeof value === 'number' && value >= TIME_MS_MIN && value < TIME_MS_MAX;
}

/** @returns epoch ms, fractions kept; null for what is no time, or one that cannot be placed */
export function readCallTime(value: unknown): number | null {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (NUMBER.test(text)) return fromNumber(Number(text));
  const atMs = ISO_WITH_ZONE.test(text)
    ? Date.parse(toStrictIso(text))
    : DATE_WITH_ZONE.test(text)
      ? Date.parse(text)
      : NaN;
  return isCallTime(atMs) && hasRealDate(text) ? atMs : null;
}

/**
 * Of a text in one of the two forms: `Date.parse` moves a day that does not exist, as 30 February, to another
 * one.
 */
function hasRealDate(text: string): boolean {
  const [, isoYear, isoMonth, isoDay] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text) ?? [];
  if (isoYear !== undefined) return isCalendarDay(Number(isoYear), Number(isoMonth), Number(isoDay));
  const year = /\b\d{4}\b/.exec(text)?.[0];
  const day = /\b\d{1,2}\b/.exec(text)?.[0];
  const month = MONTHS.findIndex((name) => text.includes(` ${name} `)) + 1;
  return isCalendarDay(Number(year), month, Number(day));
}

/**
 * Whether this can be a time that counts from the start of the page or the machine: too small for any time
 * since 1970 in ms.
 */
export function isTimeSinceStart(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < TIME_MS_MIN;
}

function fromNumber(value: number): number | null {
  for (const unitsPerMs of UNITS_PER_MS) {
    const ms = value / unitsPerMs;
    if (isCallTime(ms)) return ms;
  }
  return null;
}

/** As every JavaScript engine reads it: `T`, a point, milliseconds, and a zone with a colon. */
function toStrictIso(text: string): string {
  return text
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/\s?(?:UTC|Z)$/i, 'Z')
    .replace(/[.,](\d{1,3})\d*/, '.$1')
    .replace(
      /\s?([+-]\d\d):?(\d\d)?$/,
      (_all, hours: string, minutes: string | undefined) => `${hours}:${minutes ?? '00'}`,
    );
}
