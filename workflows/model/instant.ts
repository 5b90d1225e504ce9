// Times as people and records write them: RFC 3339 with a zone, to the second. A date that does not exist is
// refused, although `Date.parse` moves it to another day. So is a year outside the range that intervals can
// have. Pure.

/**
 * The first and the last moment that a stream can have, inclusive. Keys have four digits for the year, and no
 * call is older.
 */
export const INSTANT_MS_MIN = Date.UTC(1970, 0, 1);
export const INSTANT_MS_MAX = Date.UTC(2999, 11, 31, 23, 59, 59);

/** For people. */
export const INSTANT_YEARS = 'years 1970 to 2999';

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * @param text such as `2026-11-23T10:15:00Z` or `2026-11-23T11:15+01:00`
 * @returns epoch milliseconds; null for an invalid time, or one outside INSTANT_MS_MIN to INSTANT_MS_MAX
 */
export function toInstantMs(text: string): number | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  if (!isCalendarDay(part(1), part(2), part(3))) return null;
  if (part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return null;
  const atMs = Date.parse(text);
  return atMs >= INSTANT_MS_MIN && atMs < INSTANT_MS_MAX + 1000 ? atMs : null;
}

/** Whether the text is an existing time in UTC, in whole seconds or with milliseconds, as records have it. */
export function isInstant(text: string): boolean {
  return /T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/.test(text) && toInstantMs(text) !== null;
}

/** Whether the value can be an end of an interval: whole seconds within the bounds. */
export function isInstantMs(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value % 1000 === 0 &&
    value >= INSTANT_MS_MIN &&
    value <= INSTANT_MS_MAX
  );
}

/**
 * Whether the calendar has this day: `Date.parse` moves 30 February to March instead.
 * @param month from 1 to 12
 */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
}

function daysOf(year: number, month: number): number {
  // The day before the first of the next month. `Date.UTC` would move years of two digits to the 20th
  // century.
  return new Date(Date.UTC(year < 100 ? year + 400 : year, month, 0)).getUTCDate();
}
