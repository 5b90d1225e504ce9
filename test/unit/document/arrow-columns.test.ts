// The readers of single columns, over the bytes as they lie in a stream: integers with every digit, texts at
// any place of a buffer, and what becomes of bytes that are no UTF-8.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CountColumn, SignedColumn, TextColumn } from '../../../document/arrow-columns.ts';
import { ByteWriter } from '../../../document/byte-writer.ts';
import { decodeBatches } from '../../../document/history-batches.ts';
import { isPlain, toWellFormed } from '../../../document/utf8.ts';
import { toWellFormed as oracleOf } from '../../oracle/json-text.ts';
import { anyBytes, START_MS } from '../../reference/any-rows.ts';
import { toStream } from '../../reference/history-rows.ts';

const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Near every power of two, where digits are lost first. */
function anyInteger(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 64 }), fc.bigInt({ min: -2n, max: 2n }), fc.boolean())
    .map(([power, more, isNegative]) => (isNegative ? -1n : 1n) * 2n ** BigInt(power) + more)
    .filter((n) => n >= min && n <= max);
  return fc.oneof(fc.bigInt({ min, max }), near, fc.constantFrom(0n, min, max));
}

const REPLACED = '\u{FFFD}';

/** The bytes of the cases in test/contract/export-edges-text.test.ts. */
const BROKEN: [hex: string, text: string][] = [
  ['61EDA08062', `a${REPLACED}b`],
  ['EDA0BDEDB880', REPLACED],
  ['61FFFE62FF', `a${REPLACED}b${REPLACED}`],
  ['61E282', `a${REPLACED}`],
  ['F06130', `${REPLACED}a0`],
  ['C0AF', REPLACED],
  ['F4908080', REPLACED],
];

describe('columns of integers', () => {
  it('keep every digit of counts, and also give the nearest double', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(anyInteger(0n, UINT64_MAX)), { minLength: 1, maxLength: 20 }),
        (values) => {
          const column = countsOf(values);
          for (const [row, value] of values.entries()) {
            assert.equal(column.at(row), value === null ? Number.NaN : Number(value));
            if (value !== null) assert.equal(column.digitsAt(row) ?? String(column.at(row)), String(value));
          }
        },
      ),
    );
  });

  it('keep every digit of signed integers, and also give the nearest double', () => {
    fc.assert(
      fc.property(fc.array(anyInteger(INT64_MIN, INT64_MAX), { minLength: 1, maxLength: 20 }), (values) => {
        const words = new Uint32Array(BigInt64Array.from(values).buffer);
        const column = new SignedColumn(words, null);
        for (const [row, value] of values.entries()) {
          assert.equal(column.at(row), Number(value));
          assert.equal(column.digitsAt(row) ?? String(column.at(row)), String(value));
        }
      }),
    );
  });
});

describe('columns of text', () => {
  it('are written correctly at every position in a buffer, up to its last byte', () => {
    const plain = fc
      .string({ unit: 'grapheme-ascii', maxLength: 40 })
      .map((text) => text.replaceAll(/["\\]/g, '-'));
    fc.assert(
      fc.property(
        fc.array(plain, { minLength: 1, maxLength: 6 }),
        fc.nat(20),
        fc.nat(20),
        (texts, before, behind) => {
          const column = textsAt(
            texts.map((text) => Buffer.from(text)),
            { before, behind },
          );
          assert.equal(column.isPlain, true);
          for (const [row, text] of texts.entries())
            assert.equal(writtenOf(column, row), JSON.stringify(text));
        },
      ),
    );
  });

  it('are plain only when JSON can write every byte unchanged', () => {
    for (let byte = 0; byte < 256; byte++) {
      const isWritten = byte < 0x80 && JSON.stringify(String.fromCharCode(byte)).length === 3;
      // JSON.stringify leaves U+007F as it is, and so do we.
      assert.equal(isPlain(Buffer.from([0x41, byte, 0x41])), isWritten, `${byte}`);
    }
  });

  it('are invalid when a character is split between two texts, even if all bytes together are valid', () => {
    const [first, second] = [Buffer.from([0xc3]), Buffer.from([0xa9])];
    const column = textsAt([first, second], { before: 0, behind: 0 });
    assert.equal(column.isValid, false);
    assert.deepEqual([writtenOf(column, 0), writtenOf(column, 1)], [`"${REPLACED}"`, `"${REPLACED}"`]);
  });
});

describe('text that is not UTF-8', () => {
  for (const [hex, text] of BROKEN) {
    it(`becomes ${JSON.stringify(text)}: ${hex}`, () => {
      assert.equal(Buffer.from(toWellFormed(Buffer.from(hex, 'hex'))).toString('utf8'), text);
    });
  }

  it('is decoded as the oracle decodes it, whatever the bytes', () => {
    fc.assert(
      fc.property(anyBytes(24), (text) => {
        const bytes = Buffer.from(text, 'latin1');
        assert.equal(Buffer.from(toWellFormed(bytes)).toString('latin1'), oracleOf(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('gets one U+FFFD for each run of invalid bytes, and keeps the U+FFFD characters that it already has', () => {
    const broken = fc.constantFrom('FF', 'C0', 'C1', 'F5', 'E282', 'EDA080', 'F4908080', 'F09F98');
    const sound = fc.constantFrom('a', 'é', '😀', REPLACED, REPLACED + REPLACED, '\u2028');
    const parts = fc.array(
      fc.oneof(
        broken.map((hex) => ({ bytes: Buffer.from(hex, 'hex'), text: undefined })),
        sound.map((text) => ({ bytes: Buffer.from(text), text })),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(parts, (all) => {
        const expected = all
          .map(({ text }, index) => text ?? (index > 0 && all[index - 1]?.text === undefined ? '' : REPLACED))
          .join('');
        const bytes = Buffer.concat(all.map((part) => part.bytes));
        assert.equal(Buffer.from(toWellFormed(bytes)).toString('utf8'), expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a column of an unexpected type', () => {
  const row = { finalized_at: START_MS, session_id: 'a' };
  const stream = toStream('peers', [row], { fields: 'extended' });
  const readers: [kind: string, column: string][] = [
    ['count', 'session_id'],
    ['signed', 'joins'],
    ['time', 'version'],
    ['text', 'keys'],
    ['word', 'audio_device'],
    ['keys', 'os'],
    ['count', 'no_such_column'],
  ];
  for (const [kind, column] of readers) {
    it(`is refused: ${column} as ${kind}`, () => {
      const read = () =>
        decodeBatches(stream, (columns) => {
          switch (kind) {
            case 'count':
              return columns.count(column);
            case 'signed':
              return columns.signed(column);
            case 'time':
              return columns.time(column);
            case 'text':
              return columns.text(column);
            case 'word':
              return columns.word(column);
            default:
              return columns.keys(column);
          }
        });
      assert.throws(read, (error: unknown) => {
        assert.ok(error instanceof Error && error.cause instanceof Error);
        assert.match(
          `${error.cause.name}: ${error.cause.message}`,
          new RegExp(`^WrongColumnError: column ${column}: got `),
        );
        return true;
      });
    });
  }
});

function countsOf(values: readonly (bigint | null)[]): CountColumn {
  const words = new Uint32Array(BigUint64Array.from(values, (value) => value ?? 0n).buffer);
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  for (const [row, value] of values.entries())
    if (value !== null) validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
  return new CountColumn(words, values.includes(null) ? validity : null);
}

/**
 * Texts one behind the other, so many bytes from the begin of their buffer, with so many others behind them.
 */
function textsAt(
  texts: readonly Uint8Array[],
  { before, behind }: { before: number; behind: number },
): TextColumn {
  const bytes = Buffer.concat(texts);
  const buffer = new Uint8Array(before + bytes.length + behind).fill(0x58);
  buffer.set(bytes, before);
  const offsets = new Int32Array(texts.length + 1);
  for (const [row, text] of texts.entries()) offsets[row + 1] = (offsets[row] ?? 0) + text.length;
  return new TextColumn(offsets, buffer.subarray(before, before + bytes.length));
}

function writtenOf(column: TextColumn, row: number): string {
  const out = new ByteWriter(new ArrayBuffer(8), 10_000);
  out.reserve(2);
  out.text(column, row);
  return Buffer.from(out.bytes.subarray(0, out.at)).toString('utf8');
}
