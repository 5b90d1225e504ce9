// The oracle's own numerics, against examples worked out by hand and against exact fractions.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  divideHalfUp,
  meanOf,
  measurable,
  toDecimals,
  toMillionths,
  toSeconds,
  wholeToMillionths,
} from '../../oracle/exact-numbers.ts';

describe("the oracle's number format", () => {
  const examples: [x: number, decimals: number, text: string][] = [
    [15.5, 0, '16'],
    [2.5, 0, '3'],
    [3.15, 1, '3.2'],
    [1.85, 1, '1.9'],
    [0.05, 1, '0.1'],
    [2.675, 2, '2.68'],
    [6, 1, '6.0'],
    [3.3, 2, '3.30'],
    [0, 2, '0.00'],
    [100, 1, '100.0'],
    [0.4999994, 0, '0'],
    // Millionths first: 0.4999995 is half a millionth from a half, and goes up twice.
    [0.4999995, 0, '1'],
  ];
  for (const [x, decimals, text] of examples) {
    it(`writes ${x} with ${decimals} decimals as ${text}`, () => {
      assert.equal(toDecimals(toMillionths(x), decimals), text);
    });
  }

  it('writes missing values as null', () => {
    assert.equal(toDecimals(null, 1), 'null');
    assert.equal(meanOf([]), null);
    assert.equal(meanOf([null, null]), null);
  });

  it('treats values larger than any measurement as missing', () => {
    assert.equal(measurable(100_000_000), 100_000_000);
    assert.equal(measurable(100_000_000.1), null);
    assert.equal(wholeToMillionths(100_000_001), null);
    assert.equal(toSeconds(100_000_000_499n), 100_000_000n);
    assert.equal(toSeconds(100_000_000_500n), null);
  });

  it('averages the values that exist, half up to millionths', () => {
    assert.equal(meanOf([1n, null, 2n]), 2n);
    assert.equal(meanOf([1n, 1n, 2n]), 1n);
    assert.equal(meanOf([wholeToMillionths(100_000_000), wholeToMillionths(1)]), 50_000_000_500_000n);
  });

  it('divides to the nearest integer, rounding halves up, also below zero', () => {
    assert.equal(divideHalfUp(-5n, 2n), -2n);
    assert.equal(divideHalfUp(-6n, 4n), -1n);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
        fc.bigInt({ min: 1n, max: 2n ** 40n }),
        (a, b) => {
          const quotient = divideHalfUp(a, b);
          // −b < 2·(a − quotient·b) ≤ … read as: the rest lies in [−b/2, b/2).
          const doubledRest = 2n * (a - quotient * b);
          assert.ok(doubledRest >= -b && doubledRest < b);
        },
      ),
    );
  });
});
