// The numerics of the file: a quantity is computed once in double precision, fixed to millionths as an
// integer, and from there on only integers are added and divided, always half-up. Nothing here knows what a
// quantity means.

/** A quantity in millionths of its unit. */
export type Millionths = bigint;

const MILLION = 1_000_000n;
const MILLIONTHS_DECIMALS = 6;

/** What is larger, in whatever unit, is no measurement. */
const QUANTITY_MAX = 100_000_000;

/** Null for what cannot have been measured. */
export function measurable(x: number | null): number | null {
  return x === null || x > QUANTITY_MAX ? null : x;
}

/** floor(x · 10⁶ + 0.5). Throws RangeError for what is no number. */
export function toMillionths(x: number | null): Millionths | null {
  return x === null ? null : BigInt(Math.floor(x * 1e6 + 0.5));
}

export function wholeToMillionths(whole: number | null): Millionths | null {
  const known = measurable(whole);
  return known === null ? null : BigInt(known) * MILLION;
}

/** Whole seconds, half-up; null when they are more than any measurement. */
export function toSeconds(ms: bigint): bigint | null {
  const seconds = divideHalfUp(ms, 1000n);
  return seconds > QUANTITY_MAX ? null : seconds;
}

/** The plain mean of the values that are there, half-up to millionths; null when none is. */
export function meanOf(values: readonly (Millionths | null)[]): Millionths | null {
  let sum = 0n;
  let count = 0n;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count += 1n;
  }
  return count === 0n ? null : divideHalfUp(sum, count);
}

/** The nearest integer to dividend / divisor, the higher one of two as near. The divisor is positive. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return divideFloor(2n * dividend + divisor, 2n * divisor);
}

/** As the file has it: half-up, always with so many decimals. `null` for null. */
export function toDecimals(value: Millionths | null, decimals: number): string {
  if (value === null) return 'null';
  const units = divideHalfUp(value, 10n ** BigInt(MILLIONTHS_DECIMALS - decimals));
  if (decimals === 0) return units.toString();
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

function divideFloor(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
