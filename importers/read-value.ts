// Reads single values out of reports that browsers wrote: numbers that old Chrome gave as text, counters that
// wrapped below zero, fields that are not there. A value that cannot be what its field says is told and taken
// as absent, never guessed.

export type Fields = Readonly<Record<string, unknown>>;

/** Told of each field that holds something it cannot hold: `jitter: got "x", allowed is a number`. */
export type FieldProblem = (message: string) => void;

/**
 * Chrome once kept packets received in 32 bits and let them fall below zero: 4,294,9xx,xxx stands for minus
 * something.
 */
const WRAPPED_FROM = 4_294_900_000;
const TWO_TO_32 = 4_294_967_296;
/** A sum of round trips stays far below: thirty years. */
const SECONDS_MAX = 1e9;
/** Packets that come later than this are no packets of a call any more. */
const ROUND_TRIP_S_MAX = 10;
/** No jitter buffer waits so long; a call breaks off before. */
const JITTER_S_MAX = 2;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readText(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** All methods give null where the field is absent or cannot be what it says. */
export class FieldReader {
  readonly #problem: FieldProblem;

  constructor(problem: FieldProblem) {
    this.#problem = problem;
  }

  /** A finite number, also written as text. */
  number(fields: Fields, name: string): number | null {
    const value = fields[name];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (value === undefined || value === null || value === '') return null;
    const parsed = typeof value === 'string' ? Number(value) : NaN;
    return Number.isFinite(parsed) ? parsed : this.#refuse(name, value, 'a number');
  }

  /** A counter that only grows: a whole number from 0 up to 2^53 − 1. */
  counter(fields: Fields, name: string): number | null {
    const value = this.number(fields, name);
    if (value === null || (Number.isSafeInteger(value) && value >= 0)) return value;
    return this.#refuse(name, value, 'a whole number from 0 to 2^53-1');
  }

  /** A counter of packets; null also for a 32-bit number fallen below zero, which says nothing. */
  packets(fields: Fields, name: string): number | null {
    const value = this.counter(fields, name);
    return value !== null && value >= WRAPPED_FROM && value < TWO_TO_32 ? null : value;
  }

  /** Packets lost may fall, and below zero: late and doubled packets count against it (RFC 3550). */
  lost(fields: Fields, name: string): number | null {
    const value = this.number(fields, name);
    if (value === null) return null;
    if (!Number.isSafeInteger(value)) return this.#refuse(name, value, 'a whole number');
    return value >= WRAPPED_FROM && value < TWO_TO_32 ? value - TWO_TO_32 : value;
  }

  /**
   * Jitter in seconds as whole microseconds; null also below zero. Some stacks write units of the RTP clock.
   * Whole numbers from 1 up are such units: a jitter of a second and more is next to impossible, and one of
   * exactly so many seconds does not happen.
   * @param clockRate units of the RTP clock in a second; null where the codec is not known
   */
  jitterAsUs(fields: Fields, name: string, clockRate: number | null): number | null {
    const value = this.number(fields, name);
    if (value === null || value < 0) return null;
    const isInClockUnits = value >= 1 && Number.isInteger(value);
    const seconds = isInClockUnits ? (clockRate === null ? Infinity : value / clockRate) : value;
    if (seconds <= JITTER_S_MAX) return Math.round(seconds * 1e6);
    this.#problem(
      `${name}: got more than a jitter can be, allowed is up to ${JITTER_S_MAX} s, or RTP clock units of a known codec`,
    );
    return null;
  }

  /**
   * A round trip in seconds as whole microseconds; null also below zero. Whole numbers from 1 up are
   * milliseconds that a stack has written in the place of seconds, or worse: which, is not known.
   */
  roundTripAsUs(fields: Fields, name: string): number | null {
    const value = this.number(fields, name);
    if (value === null || value < 0) return null;
    if (value < 1 || (value <= ROUND_TRIP_S_MAX && !Number.isInteger(value))) return Math.round(value * 1e6);
    this.#problem(
      `${name}: got more than a round trip can be, or whole seconds, allowed is up to ${ROUND_TRIP_S_MAX} s`,
    );
    return null;
  }

  /**
   * Sum and count of all round trips so far; null where one is missing, or their mean cannot be a round trip.
   */
  roundTrips(fields: Fields): { totalUs: number; count: number } | null {
    const totalUs = this.secondsAsUs(fields, 'totalRoundTripTime');
    const count = this.counter(fields, 'roundTripTimeMeasurements');
    if (totalUs === null || count === null) return null;
    if (totalUs <= count * ROUND_TRIP_S_MAX * 1e6) return { totalUs, count };
    this.#problem(
      `totalRoundTripTime: got more than ${ROUND_TRIP_S_MAX} s a measurement, allowed is up to that`,
    );
    return null;
  }

  /** A time span in seconds as whole microseconds; null also below zero. */
  secondsAsUs(fields: Fields, name: string): number | null {
    const value = this.number(fields, name);
    if (value === null || value < 0) return null;
    return value <= SECONDS_MAX
      ? Math.round(value * 1e6)
      : this.#refuse(name, value, `at most ${SECONDS_MAX} s`);
  }

  /** Old Chrome's spans, in milliseconds, 0 and −1 standing for not measured. */
  msAsUs(fields: Fields, name: string): number | null {
    const value = this.number(fields, name);
    if (value === null || value <= 0) return null;
    return value <= SECONDS_MAX * 1e3
      ? Math.round(value * 1e3)
      : this.#refuse(name, value, `at most ${SECONDS_MAX} s`);
  }

  #refuse(name: string, got: unknown, allowed: string): null {
    this.#problem(
      `${name}: got ${(JSON.stringify(got) as string | undefined)?.slice(0, 60) ?? typeof got}, allowed is ${allowed}`,
    );
    return null;
  }
}
