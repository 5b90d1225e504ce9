// Properties against zlib's own CRC-32 of the joined text, and against many small combinations where a text
// would be too long to make.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32Combine } from '../../../activities/batch/crc32-combine.ts';

const crc = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('the combined CRC-32 of texts', () => {
  it('is the CRC-32 of the whole text, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (texts) => {
        const combined = texts.reduce((sum, text) => crc32Combine(sum, crc32(text), text.length), 0);
        assert.equal(combined, crc32(Buffer.concat(texts)));
      }),
      { numRuns: 300 },
    );
  });

  it('is correct for lengths beyond 32 bits: appending in two steps equals appending at once', () => {
    const length = fc.maxSafeNat().map((bytes) => Math.floor(bytes / 2));
    fc.assert(
      fc.property(crc, length, length, (first, some, more) => {
        const inSteps = crc32Combine(crc32Combine(first, 0, some), 0, more);
        assert.equal(crc32Combine(first, 0, some + more), inSteps);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with zlib on 100 MB', () => {
    const [first, second] = [Buffer.from('[\n'), Buffer.alloc(100_000_000, '{"room":1},\n')];
    const whole = crc32(second, crc32(first));
    assert.equal(crc32Combine(crc32(first), crc32(second), second.length), whole);
  });
});
