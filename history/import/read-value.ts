// Reads single values out of reports that browsers wrote: numbers that old Chrome gave as text, counters that wrapped below
// zero, fields that are not there. A value that cannot be what its field says is an InvalidField, never a guess.

/** A field that holds something it cannot hold; the report it stands in is left out and counted. */
export class InvalidField extends Error {
  readonly field: string;
  constructor(field: string, got: unknown, allowed: string) {
    super(`${field}: got ${shortly(got)}, allowed is ${allowed}`);
    this.field = field;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** Chrome once kept packets received in 32 bits and let them fall below zero: 4,294,9xx,xxx stands for minus something. */
const WRAPPED_FROM = 4_294_900_000;
/** A sum of round trips or of jitter stays far below: thirty years. */
const SECONDS_MAX = 1e9;
const TWO_TO_32 = 4_294_967_296;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readText(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** A finite number, also written as text; null where the field is absent. */
export function readNumber(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === undefined || value === null || value === '') return null;
  const parsed = typeof value === 'string' ? Number(value) : NaN;
  if (!Number.isFinite(parsed)) throw new InvalidField(name, value, 'a number');
  return parsed;
}

/** A counter that only grows: a whole number from 0 up to 2^53 − 1; null where absent. */
export function readCounter(fields: Fields, name: string): number | null {
  const value = readNumber(fields, name);
  if (value === null) return null;
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidField(name, value, 'a whole number from 0 to 2^53-1');
  return value;
}

/** A counter of packets; null also for a value that is a 32-bit number fallen below zero, which says nothing. */
export function readPacketCounter(fields: Fields, name: string): number | null {
  const value = readCounter(fields, name);
  return value !== null && value >= WRAPPED_FROM && value < TWO_TO_32 ? null : value;
}

/** Packets lost may fall, and below zero: late and doubled packets count against it (RFC 3550). */
export function readLost(fields: Fields, name: string): number | null {
  const value = readNumber(fields, name);
  if (value === null) return null;
  if (!Number.isSafeInteger(value)) throw new InvalidField(name, value, 'a whole number');
  return value >= WRAPPED_FROM && value < TWO_TO_32 ? value - TWO_TO_32 : value;
}

/** A time span in seconds as whole microseconds; null where absent or below zero. */
export function readSecondsAsUs(fields: Fields, name: string): number | null {
  const value = readNumber(fields, name);
  if (value !== null && value > SECONDS_MAX) throw new InvalidField(name, value, `at most ${SECONDS_MAX} s`);
  return value === null || value < 0 ? null : Math.round(value * 1e6);
}

/** Old Chrome's spans, in milliseconds, 0 and −1 standing for not measured. */
export function readMsAsUs(fields: Fields, name: string): number | null {
  const value = readNumber(fields, name);
  if (value !== null && value > SECONDS_MAX * 1e3)
    throw new InvalidField(name, value, `at most ${SECONDS_MAX} s`);
  return value === null || value <= 0 ? null : Math.round(value * 1e3);
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return (text ?? typeof value).slice(0, 60);
}
