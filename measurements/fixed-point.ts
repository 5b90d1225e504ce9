// Millionths: every quantity is fixed to them once, and every mean after that is integer arithmetic, half up.
// So no order of adding changes a digit of the file. A quantity in millionths is an integer in a double;
// MISSING stays MISSING.
import { isMissing, MISSING, QUANTITY_MAX } from './quantities.ts';

const MILLIONTHS = 1_000_000;

/**
 * Up to here a sum can be divided in doubles: the quotient then has two bits to spare, so no rounding reaches
 * an integer.
 */
const DIVIDED_IN_DOUBLES_MAX = 2 ** 51;

/** @returns `floor(x · 10⁶ + 0.5)`, at most QUANTITY_MAX in millionths. */
export function toMillionths(x: number): number {
  return Math.floor(Math.min(x, QUANTITY_MAX) * MILLIONTHS + 0.5);
}

/** The mean of two values in millionths; where one is missing the other, where both are missing MISSING. */
export function meanOfTwo(a: number, b: number): number {
  if (isMissing(a)) return b;
  if (isMissing(b)) return a;
  return Math.floor((a + b + 1) / 2);
}

/**
 * Means of many values in millionths, each exact however many there are. One object serves room after room.
 */
export class ExactMeans {
  readonly #sums: Float64Array;
  /** What was moved out of a sum before it could lose a digit; usually nothing. */
  readonly #carried: bigint[];
  readonly #counts: Float64Array;

  constructor(length: number) {
    this.#sums = new Float64Array(length);
    this.#carried = new Array<bigint>(length).fill(0n);
    this.#counts = new Float64Array(length);
  }

  clear(): void {
    this.#sums.fill(0);
    this.#counts.fill(0);
    this.#carried.fill(0n);
  }

  /** Adds one value each to the means; those that are missing count nowhere. `values` begins at `from`. */
  add(values: Float64Array, from: number): void {
    const sums = this.#sums;
    const counts = this.#counts;
    for (let index = 0; index < sums.length; index++) {
      const value = values[from + index] ?? MISSING;
      if (isMissing(value)) continue;
      const sum = (sums[index] ?? 0) + value;
      counts[index] = (counts[index] ?? 0) + 1;
      if (sum < DIVIDED_IN_DOUBLES_MAX) {
        sums[index] = sum;
      } else {
        // Values are at most 10¹⁴, so the sum that is carried is exact, too.
        this.#carried[index] = (this.#carried[index] ?? 0n) + BigInt(sum);
        sums[index] = 0;
      }
    }
  }

  count(index: number): number {
    return this.#counts[index] ?? 0;
  }

  /** @returns millionths, half up; MISSING where nothing was added. */
  mean(index: number): number {
    const count = this.count(index);
    if (count === 0) return MISSING;
    const half = Math.floor(count / 2);
    const sum = this.#sums[index] ?? 0;
    const carried = this.#carried[index] ?? 0n;
    if (carried === 0n) return Math.floor((sum + half) / count);
    return Number((carried + BigInt(sum + half)) / BigInt(count));
  }
}
