// The one-pass reader of the rooms answer, fed in chunks of any size, against what the framing of the file is by definition. Every
// property is checked under random cuts of the answer, so that no chunk border is special.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { BatchLines, FAULTS_KEPT, type BatchFraming } from '../../activities/encode/batch-lines.ts';
import { HistoryStreamError, TruncatedAnswerError } from '../../activities/encode/encode-errors.ts';
import { cutAt, cuts, room, toAnswer } from './encode-answers.ts';

const TAG = 'rkPyzRZVwxTSQNFb';
const json: BatchFraming = { format: 'json', isFirst: false, isLast: false };

describe('the lines of a batch', () => {
  for (const format of ['json', 'ndjson'] as const) {
    for (const isFirst of [true, false]) {
      for (const isLast of [true, false]) {
        const place = `${format}, ${isFirst ? 'first' : 'not first'}, ${isLast ? 'last' : 'not last'}`;
        it(`are framed for their place in the file: ${place}`, () => {
          fc.assert(
            fc.property(fc.array(room, { maxLength: 6 }), cuts, (rooms, places) => {
              const lines = new BatchLines({ format, isFirst, isLast }, TAG);
              const bytes = feed(lines, cutAt(toAnswer(rooms), places));
              const expected = framed(
                rooms.map(({ text }) => text),
                { format, isFirst, isLast },
              );
              assert.equal(bytes.toString(), expected);
              const faulty = rooms.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
              assert.deepEqual(lines.counts, {
                rawBytes: bytes.length,
                crc32: crc32(bytes),
                rooms: rooms.length,
                faultyRooms: faulty.length,
                faults: faulty,
              });
            }),
            { numRuns: 200 },
          );
        });
      }
    }
  }

  it('keep the first faults and count them all', () => {
    const fault = { codes: 'clock', sessionId: 's' };
    const rooms = Array.from({ length: FAULTS_KEPT + 20 }, () => ({ text: '{}', fault }));
    const lines = new BatchLines(json, undefined);
    feed(lines, [toAnswer(rooms)]);
    assert.equal(lines.counts.faultyRooms, FAULTS_KEPT + 20);
    assert.equal(lines.counts.faults.length, FAULTS_KEPT);
  });

  it('are refused when the answer ends anywhere but behind a room', () => {
    fc.assert(
      fc.property(fc.array(room, { minLength: 1, maxLength: 3 }), fc.nat(), cuts, (rooms, at, places) => {
        const answer = toAnswer(rooms);
        const cut = answer.subarray(0, at % answer.length);
        fc.pre(cut.length > 0 && cut.at(-1) !== 0x0a);
        assert.throws(() => feed(new BatchLines(json, TAG), cutAt(cut, places)), TruncatedAnswerError);
      }),
      { numRuns: 300 },
    );
  });

  it("are refused with the server's own words when it fails in mid-stream, wherever that is", () => {
    const said =
      'Code: 241. DB::Exception: Memory limit (total) exceeded:\nwould use 9.31 GiB (MEMORY_LIMIT_EXCEEDED)';
    const exception = Buffer.from(
      `\r\n__exception__\r\n${TAG}\r\n${said}\n${said.length + 1} ${TAG}\r\n__exception__\r\n`,
    );
    fc.assert(
      fc.property(fc.array(room, { maxLength: 3 }), fc.nat(), cuts, (rooms, at, places) => {
        const answer = toAnswer(rooms);
        const broken = Buffer.concat([answer.subarray(0, at % (answer.length + 1)), exception]);
        fc.pre(!isInFault(answer, at % (answer.length + 1)));
        assert.throws(
          () => feed(new BatchLines(json, TAG), cutAt(broken, places)),
          (error: unknown) => {
            assert.ok(error instanceof HistoryStreamError, String(error));
            assert.equal(error.message, said);
            return true;
          },
        );
      }),
      { numRuns: 300 },
    );
  });

  it("are refused with the server's words when an older server fails without a tag", () => {
    const said = 'Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED)';
    const rooms = [1, 2].map((a) => ({ text: JSON.stringify({ a }), fault: undefined }));
    const broken = Buffer.concat([toAnswer(rooms), Buffer.from(`${said}\n`)]);
    assert.throws(() => feed(new BatchLines(json, undefined), [broken]), {
      name: 'HistoryStreamError',
      message: said,
    });
  });

  it('are refused when a byte of a room was damaged, wherever that is', () => {
    fc.assert(
      fc.property(
        fc.array(room, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(),
        cuts,
        (rooms, at, bit, places) => {
          const answer = toAnswer(rooms);
          const textEnd = answer.indexOf(0x01);
          // The first room's text; the brace that opens it is looked for before anything is summed.
          const damagedAt = 1 + (at % Math.max(1, textEnd - 1));
          const damaged = Buffer.from(answer);
          damaged.writeUInt8((damaged[damagedAt] ?? 0) ^ (1 << (bit % 8)), damagedAt);
          assert.throws(
            () => feed(new BatchLines(json, TAG), cutAt(damaged, places)),
            /CRC-32|is no room|ended within|longer than/,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are refused when a line is no room', () => {
    for (const line of [
      '{"a":1}\n',
      'null\x01634125391\x02\n',
      '\n',
      '{}\x01x\x02\n',
      '{}\x012745614147\x02x\n',
      '{"a"\x011\x02\n',
    ]) {
      assert.throws(
        () =>
          feed(new BatchLines(json, TAG), [toAnswer([{ text: '{}', fault: undefined }]), Buffer.from(line)]),
        /is no room|CRC-32|ended within/,
        JSON.stringify(line),
      );
    }
  });
});

function feed(lines: BatchLines, chunks: readonly Buffer[]): Buffer {
  const pieces = chunks.map((chunk) => lines.push(chunk));
  return Buffer.concat([...pieces, lines.finish()]);
}

function framed(rooms: readonly string[], { format, isFirst, isLast }: BatchFraming): string {
  if (format === 'ndjson') return rooms.map((text) => `${text}\n`).join('');
  const joined = rooms.join(',\n');
  if (isFirst && isLast) return rooms.length === 0 ? '[]\n' : `[\n${joined}\n]\n`;
  if (isFirst) return `[\n${joined}`;
  return rooms.length === 0 ? '' : `,\n${joined}`;
}

/** A server does not fail within a value; a fault is one value with its room. */
function isInFault(answer: Buffer, at: number): boolean {
  const before = answer.subarray(0, at);
  return before.lastIndexOf(0x01) > before.lastIndexOf(0x02);
}
