// A whole file, as a run makes it: any rooms cut into any ranges, each range's rows cut into any record
// batches, the batches written in any order, the parts joined by their numbers. The reference is the file's
// definition over the lines of the slow reference writer. gzip is read back by four independent readers:
// Node, Python, gzip(1) and the web's DecompressionStream.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { closingPart } from '../../../activities/export/closing-part.ts';
import { RangeMisjudgedError, RoomTooLargeError } from '../../../activities/scans/batch-errors.ts';
import { FAULTS_KEPT, writeBatch } from '../../../activities/batch/write-batch.ts';
import type { BatchOptions, WrittenBatch } from '../../../activities/batch/write-batch.ts';
import { PART_BYTES_MIN } from '../../../workflows/model/plan.ts';
import { anyBatches, anyRows, START_MS } from '../../reference/any-rows.ts';
import { compareRows, toReferenceRooms } from '../../reference/document-text.ts';
import { toRange } from '../../reference/history-rows.ts';
import type { HistoryRows, KeyedRow, StreamOptions } from '../../reference/history-rows.ts';

type Shape = Pick<BatchOptions, 'format' | 'compression'>;

const SHAPES: readonly Shape[] = [
  { format: 'json', compression: 'none' },
  { format: 'json', compression: 'gzip' },
  { format: 'ndjson', compression: 'none' },
  { format: 'ndjson', compression: 'gzip' },
];

const MB = 1_000_000;
const OUTPUT_BYTES = 1024;

describe('a file built from batches', () => {
  for (const shape of SHAPES) {
    it(`has the same bytes whatever the ranges and record batches: ${shape.format}, ${shape.compression}`, () => {
      // Padded parts of 5 MiB are slow to join.
      const numRuns = shape.compression === 'gzip' ? 20 : 150;
      fc.assert(
        fc.property(anyRows(), fc.array(fc.nat(), { maxLength: 3 }), anyBatches, (rows, cuts, batches) => {
          const made = exportFile(cutRows(rows, cuts), shape, batches);
          const lines = toReferenceRooms(rows, 'standard').map(({ line }) => line);
          const raw = shape.compression === 'gzip' ? gunzipSync(made.body) : made.body;
          assert.equal(raw.toString('latin1'), fileOf(lines, shape));
          assert.equal(made.rawBytes, raw.length);
          assert.equal(made.crc32, crc32(raw));
        }),
        { numRuns },
      );
    });
  }

  it('is readable by every gzip reader', async () => {
    const parts = [0, 1, 2].map((index) => largeRange(index));
    for (const shape of SHAPES.filter(({ compression }) => compression === 'gzip')) {
      const { body } = exportFile(parts, shape);
      const expected = exportFile(parts, { ...shape, compression: 'none' }).body;
      const readers = {
        node: gunzipSync(body),
        web: await readByWeb(body),
        gzip: await readBy('gzip', ['-dc'], body),
        python: await readBy(
          'python3',
          ['-c', 'import gzip,sys; sys.stdout.buffer.write(gzip.GzipFile(fileobj=sys.stdin.buffer).read())'],
          body,
        ),
      };
      for (const [name, read] of Object.entries(readers)) assert.ok(read.equals(expected), name);
    }
  });

  it('is one gzip member, and every part but the last is large enough for a store', () => {
    const batches = writeAll(
      [0, 1, 2].map((index) => largeRange(index)),
      { format: 'json', compression: 'gzip' },
    );
    for (const { body } of batches) assert.ok(body.length >= PART_BYTES_MIN, `${body.length}`);
    assert.equal(Buffer.from(batches[0]?.body ?? []).toString('hex', 0, 3), '1f8b08');
    assert.notEqual(Buffer.from(batches[1]?.body ?? []).toString('hex', 0, 3), '1f8b08');
  });

  it('is still one gzip member when a batch is larger than a compression piece', () => {
    const rooms = Array.from({ length: 12 }, (_, index) => roomOf(index, MB));
    const { body, rawBytes } = writeOne({ rooms, peers: [], totals: [] }, { compression: 'gzip' });
    assert.ok(rawBytes > 12 * MB, `${rawBytes}`);
    assert.equal(gunzipSync(body).length, rawBytes);
  });

  it('is refused as misjudged when a range has far more rows than planned, with the factor', () => {
    for (const { format, compression } of SHAPES) {
      assert.throws(
        () => writeOne(largeRange(1), { format, compression, bytesPlanned: 10_000 }),
        (error: unknown) => {
          assert.ok(error instanceof RangeMisjudgedError);
          assert.ok(error.realOverEstimated > 3, `${error.realOverEstimated}`);
          return true;
        },
      );
    }
  });

  it('accepts a room of twice the planned size behind others, and refuses a larger one by name', () => {
    for (const { format, compression } of SHAPES) {
      const bytesPlanned = MB;
      const rooms = [roomOf(0, 0.9 * MB), roomOf(1, 1.9 * MB)];
      const written = writeOne({ rooms, peers: [], totals: [] }, { format, compression, bytesPlanned });
      assert.equal(written.rooms, 2);
      const larger = { rooms: [roomOf(0, 0.9 * MB), roomOf(1, 5 * MB)], peers: [], totals: [] };
      assert.throws(
        () => writeOne(larger, { format, compression, bytesPlanned }),
        (error: unknown) => {
          assert.ok(error instanceof RoomTooLargeError);
          assert.equal(error.sessionId, 's1');
          assert.match(
            error.message,
            /^room "s1": got more than \d+ bytes, allowed: twice the size of a batch/,
          );
          return true;
        },
      );
    }
  });

  it('counts all rooms with faults and keeps the first of them', () => {
    const rooms = Array.from({ length: FAULTS_KEPT + 5 }, (_, index) => ({
      ...roomOf(index, 10),
      ended_at: START_MS - 200_000,
    }));
    const { faultyRooms, faults } = writeOne({ rooms, peers: [], totals: [] }, {});
    assert.deepEqual([faultyRooms, faults.length], [FAULTS_KEPT + 5, FAULTS_KEPT]);
    assert.deepEqual(faults[0], { codes: ['room_time'], sessionId: 's0' });
  });
});

/**
 * Consecutive rooms by the places of the cuts. One range may be empty; of several none is, because then the
 * interval is planned again.
 */
function cutRows(rows: HistoryRows, cuts: readonly number[]): HistoryRows[] {
  const keys = [...new Map(rows.rooms.map((row) => [keyOf(row), row])).values()].sort(compareRows);
  const places = new Set(cuts.map((cut) => 1 + (cut % Math.max(1, keys.length - 1))));
  const starts = [0, ...[...places].filter((place) => place < keys.length).sort((a, b) => a - b)];
  return starts.map((from, index) => {
    const [first, last] = [keys[from], keys[starts[index + 1] ?? keys.length]];
    const isWithin = (row: KeyedRow) =>
      (index === 0 || first === undefined || compareRows(row, first) >= 0) &&
      (last === undefined || compareRows(row, last) < 0);
    return {
      rooms: rows.rooms.filter(isWithin),
      peers: rows.peers.filter(isWithin),
      totals: rows.totals.filter(isWithin),
    };
  });
}

function keyOf({ finalized_at, session_id }: KeyedRow): string {
  return `${finalized_at} ${session_id}`;
}

/** 1,000 rooms that compress little, so that deflate has several blocks. */
function largeRange(index: number): HistoryRows {
  const rooms = Array.from({ length: 1_000 }, (_, at) => ({
    ...roomOf(index * 1_000 + at, 0),
    room_url: randomBytes(300).toString('base64'),
  }));
  return { rooms, peers: [], totals: [] };
}

function roomOf(index: number, bytes: number): KeyedRow {
  return {
    finalized_at: START_MS + index,
    session_id: `s${index}`,
    version: 1n,
    room_id: 'x'.repeat(bytes),
    room_url: '',
    started_at: START_MS - 100_000,
    ended_at: START_MS - 50_000,
  };
}

function exportFile(parts: readonly HistoryRows[], shape: Shape, batches: Batches = WHOLE_BATCHES) {
  const written = writeAll(parts, shape, batches);
  const [only] = written;
  if (written.length === 1 && only !== undefined) return { ...only, body: Buffer.from(only.body) };
  const closing = closingPart(shape, written);
  const bodies = [...written.map(({ body }) => body), closing.body ?? Buffer.alloc(0)];
  return { ...closing, body: Buffer.concat(bodies) };
}

type Batches = Pick<StreamOptions, 'batchRows' | 'dictionaries'>;
const WHOLE_BATCHES: Batches = { batchRows: [], dictionaries: 'growing' };

function writeAll(
  parts: readonly HistoryRows[],
  shape: Shape,
  batches: Batches = WHOLE_BATCHES,
): WrittenBatch[] {
  return parts.map((rows, index) =>
    writeOne(rows, { ...shape, isFirst: index === 0, isLast: index === parts.length - 1 }, batches),
  );
}

function writeOne(
  rows: HistoryRows,
  options: Partial<BatchOptions>,
  batches: Batches = WHOLE_BATCHES,
): WrittenBatch {
  const whole = {
    fields: 'standard',
    format: 'json',
    compression: 'none',
    isFirst: true,
    isLast: true,
  } as const;
  const range = toRange(rows, { fields: 'standard', ...batches });
  return writeBatch(range, { ...whole, bytesPlanned: 100 * MB, ...options }, new ArrayBuffer(OUTPUT_BYTES));
}

function fileOf(lines: readonly string[], { format }: Shape): string {
  if (format === 'ndjson') return lines.map((line) => `${line}\n`).join('');
  return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
}

async function readByWeb(body: Buffer): Promise<Buffer> {
  const read = new Blob([new Uint8Array(body)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return Buffer.from(await new Response(read).arrayBuffer());
}

function readBy(program: string, args: readonly string[], body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer: 100_000_000 } as const;
    const child = execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} could not read it`, { cause: error }));
    });
    child.stdin?.end(body);
  });
}
