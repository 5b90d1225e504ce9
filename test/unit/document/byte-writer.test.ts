// The bytes of JSON values, compared with what JSON.stringify, toFixed and BigInt say, and the reader of
// stored gzip with zlib.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ByteCollector } from '../../../activities/scans/byte-collector.ts';
import { beginsStored, StoredGzipReader } from '../../../activities/scans/stored-gzip.ts';
import { TextColumn } from '../../../document/arrow-columns.ts';
import { BufferFullError, ByteWriter } from '../../../document/byte-writer.ts';
import { toWellFormed } from '../../../document/utf8.ts';

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(new ArrayBuffer(8), 10_000_000);
  out.reserve(64);
  write(out);
  return Buffer.from(out.bytes.subarray(0, out.at)).toString('utf8');
}

/** The same text at the end of a column of others. */
function columnOf(texts: readonly Uint8Array[]): TextColumn {
  const offsets = Int32Array.from({ length: texts.length + 1 }, (_, row) =>
    texts.slice(0, row).reduce((sum, text) => sum + text.length, 0),
  );
  return new TextColumn(offsets, Buffer.concat(texts));
}

describe('JSON values written as bytes', () => {
  it('include integers of all sizes up to 2^53', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeInteger(), (n, signed) => {
        assert.equal(
          written((out) => out.integer(n)),
          String(n),
        );
        assert.equal(
          written((out) => out.signedInteger(signed)),
          String(signed === 0 ? 0 : signed),
        );
      }),
    );
  });

  it('include quantities with their decimals, rounded half up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 14 }),
        fc.constantFrom(0 as const, 1 as const, 2 as const),
        (m, decimals) => {
          const unit = 10n ** BigInt(6 - decimals);
          const rounded = (BigInt(m) + unit / 2n) / unit;
          const digits = String(rounded).padStart(decimals + 1, '0');
          const expected =
            decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
          assert.equal(
            written((out) => out.quantity(m, decimals)),
            expected,
          );
        },
      ),
    );
    assert.equal(
      written((out) => out.quantity(Number.NaN, 1)),
      'null',
    );
  });

  it('include times of the years 1900 to 2299', () => {
    const time = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31, 23, 59, 59, 999) });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 3 }), (times) => {
        const expected = times.map((ms) => JSON.stringify(new Date(ms))).join('');
        assert.equal(
          written((out) => {
            for (const ms of times) {
              out.reserve(64);
              out.time(ms);
            }
          }),
          expected,
        );
      }),
    );
  });

  it('include texts as JSON.stringify writes them, at any position of a column', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.string({ unit: 'binary' }),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (texts) => {
        const column = columnOf(texts.map((each) => Buffer.from(each)));
        for (const [row, each] of texts.entries()) {
          const out = written((writer) => assert.ok(writer.text(column, row)));
          assert.equal(JSON.parse(out), Buffer.from(each).toString());
        }
      }),
    );
  });

  it('have one U+FFFD for each run of bytes that are not UTF-8, even in texts longer than a piece', () => {
    const piece = fc.uint8Array({ maxLength: 12 });
    const filler = fc.constantFrom(0, 16_370, 16_380, 16_384, 32_760);
    fc.assert(
      fc.property(filler, piece, (length, bytes) => {
        const text = Buffer.concat([Buffer.alloc(length, 'ä').subarray(0, length - (length % 2)), bytes]);
        const out = written((writer) => void writer.looseText(text));
        assert.equal(JSON.parse(out), Buffer.from(toWellFormed(text)).toString('utf8'));
      }),
      { numRuns: 300 },
    );
  });

  it('never exceed the bound of the buffer', () => {
    const out = new ByteWriter(new ArrayBuffer(8), 1_000);
    out.reserve(16);
    assert.throws(() => {
      for (;;) out.looseText(Buffer.from('some text'));
    }, BufferFullError);
    assert.ok(out.at <= 1_000 && out.bytes.length <= 1_000);
  });
});

describe('well-formed text', () => {
  it('equals what TextDecoder decodes, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        // U+FFFD itself stays out of it: runs of it are kept, runs of broken bytes are one.
        const collapse = (text: string) => text.replaceAll(/\uFFFD+/g, '\uFFFD');
        const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
        assert.equal(collapse(Buffer.from(toWellFormed(bytes)).toString()), collapse(expected));
      }),
    );
  });
});

describe('an answer in stored (uncompressed) gzip', () => {
  const data = Buffer.alloc(200_000, 'columns of an interval ');
  const packed = gzipSync(data, { level: 0 });

  function read(bytes: Buffer, pieceBytes: number): Buffer {
    const into = new ByteCollector(new ArrayBuffer(16), { bytesMax: 1_000_000, bytesUsed: 0 });
    const reader = new StoredGzipReader(into);
    for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
    reader.finish();
    return Buffer.from(into.bytes);
  }

  it('can be read in pieces of any size', () => {
    assert.equal(beginsStored(packed), true);
    for (const pieceBytes of [1, 7, 1_000, 65_536, packed.length])
      assert.ok(read(packed, pieceBytes).equals(data), `${pieceBytes}`);
  });

  it('is refused when it ends early, has trailing bytes, or has any bit changed', () => {
    for (const length of [0, 1, 9, 10, 14, 15, 1_000, packed.length - 1])
      assert.throws(() => read(packed.subarray(0, length), 1_000), { name: 'DamagedScanError' }, `${length}`);
    assert.throws(() => read(Buffer.concat([packed, Buffer.of(0)]), 1_000), { name: 'DamagedScanError' });
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: packed.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        (at, bit) => {
          const changed = Buffer.from(packed);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          try {
            assert.ok(read(changed, 10_000).equals(data));
          } catch (error) {
            assert.ok(error instanceof Error && error.name === 'DamagedScanError', String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is distinguished from a compressed answer', () => {
    assert.equal(beginsStored(gzipSync(data)), false);
    assert.equal(beginsStored(deflateRawSync(data, { finishFlush: constants.Z_FINISH })), false);
    assert.equal(beginsStored(packed.subarray(0, 10)), undefined);
  });
});
