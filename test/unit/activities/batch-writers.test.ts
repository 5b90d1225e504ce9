// The pool of threads that write batches, over a server that answers the scans: errors arrive with their
// class and what they carry, buffers come back, several batches are under way at once, and one that nobody
// waits for is ended.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { BATCHES_PER_THREAD, COLUMNS_GROWTH_MAX } from '../../../activities/batch/batch-memory.ts';
import { PROGRESS } from '../../../activities/batch/batch-task.ts';
import type { BatchTask } from '../../../activities/batch/batch-task.ts';
import { openBatchWriters } from '../../../activities/batch/batch-writers.ts';
import type { BatchWriters } from '../../../activities/batch/batch-writers.ts';
import {
  DamagedScanError,
  HistoryStreamError,
  RangeMisjudgedError,
  RoomTooLargeError,
} from '../../../activities/scans/batch-errors.ts';
import { writeBatch } from '../../../activities/batch/write-batch.ts';
import type { BatchOptions } from '../../../activities/batch/write-batch.ts';
import { START_MS } from '../../reference/any-rows.ts';
import { toRange } from '../../reference/history-rows.ts';
import type { HistoryRows } from '../../reference/history-rows.ts';
import { answersOf, exceptionText, packed, ScanServer } from '../../reference/scan-server.ts';

const MB = 1_000_000;
const OUTPUT_BYTES = 10_000;
const THREADS = 2;

const OPTIONS: BatchOptions = {
  fields: 'standard',
  format: 'json',
  compression: 'none',
  isFirst: true,
  isLast: true,
  bytesPlanned: MB,
};

const ROWS = roomsOf('abc');
const RANGE = toRange(ROWS, { fields: 'standard' });
const EXPECTED = textOf(writeBatch(RANGE, OPTIONS, new ArrayBuffer(1024)).body);

describe('the threads that write batches', () => {
  let server: ScanServer;
  let writers: BatchWriters;
  const never = new AbortController().signal;
  before(async () => {
    server = await ScanServer.open();
    const columnSizes = { rooms: 1024, peers: 1024, totals: 1024 };
    writers = openBatchWriters(THREADS, { connection: server.connection, columnSizes });
  });
  after(async () => {
    await writers.close();
    await server.close();
  });

  it('return the same body and counts as the writer in this thread', async () => {
    server.answer(answersOf(RANGE));
    const { body, ...counts } = await writers.write(taskOf(), never);
    const { body: expected, ...expectedCounts } = writeBatch(RANGE, OPTIONS, new ArrayBuffer(OUTPUT_BYTES));
    assert.equal(textOf(body), textOf(expected));
    assert.deepEqual(counts, expectedCounts);
  });

  it('read nothing when the range is known to be empty', async () => {
    server.onScan = () => assert.fail('nothing was to be read');
    const { body } = await writers.write({ ...taskOf(), scan: null }, never);
    server.onScan = () => undefined;
    assert.equal(textOf(body), '[]\n');
  });

  it("write the body into the task's buffer, which the next task uses again", async () => {
    server.answer(answersOf(RANGE));
    const first = taskOf();
    const { body } = await writers.write(first, never);
    assert.equal(textOf(new Uint8Array(first.output).subarray(0, body.length)), EXPECTED);
    assert.equal(body.buffer.byteLength, OUTPUT_BYTES);
    const again = await writers.write({ ...taskOf(), output: first.output }, never);
    assert.equal(textOf(again.body), EXPECTED);
  });

  it("return a body that does not fit the task's buffer in a buffer of its own", async () => {
    server.answer(answersOf(RANGE));
    const { body } = await writers.write({ ...taskOf(), output: new SharedArrayBuffer(1) }, never);
    assert.ok(body.buffer instanceof ArrayBuffer);
    assert.equal(textOf(body), EXPECTED);
  });

  it('report how much they have read while they are reading', async () => {
    server.answer(answersOf(RANGE));
    const task = taskOf();
    await writers.write(task, never);
    assert.equal(
      task.progress[PROGRESS.columnBytes],
      RANGE.rooms.length + RANGE.peers.length + RANGE.totals.length,
    );
  });

  it('scan as many batches at once as the threads have buffers for', async () => {
    const atOnce = THREADS * BATCHES_PER_THREAD;
    const answers = answersOf(RANGE);
    // No batch gets its rooms before all have asked for theirs.
    const areAllAsked = new Promise<void>((resolve) => {
      let asked = 0;
      server.onScan = (scan) => {
        if (scan === 'rooms') asked += 1;
        if (asked === atOnce) resolve();
      };
    });
    server.answer({ ...answers, rooms: { ...answers.rooms, until: areAllAsked } });
    const written = await Promise.all(Array.from({ length: atOnce }, () => writers.write(taskOf(), never)));
    server.onScan = () => undefined;
    for (const { body } of written) assert.equal(textOf(body), EXPECTED);
  });

  it('keep consecutive batches separate, whatever their sizes', async () => {
    for (const length of [400, 3, 90]) {
      const rows = roomsOf('x'.repeat(length));
      const range = toRange(rows, { fields: 'standard' });
      server.answer(answersOf(range));
      const { body } = await writers.write(taskOf(), never);
      assert.equal(textOf(body), textOf(writeBatch(range, OPTIONS, new ArrayBuffer(1024)).body));
    }
  });

  it("reject with ClickHouse's error", async () => {
    const body = Buffer.from('Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)');
    const refused = { status: 404, body, headers: { 'x-clickhouse-exception-code': '60' } };
    server.answer({ ...answersOf(RANGE), peers: refused });
    const error = await rejectionOf(taskOf());
    assert.ok(error instanceof ClickHouseError, String(error));
    assert.deepEqual([error.code, error.type], ['60', 'UNKNOWN_TABLE']);
    assert.match(error.message, /Unknown table/);
  });

  it("reject with the server's message when the server fails in mid-stream", async () => {
    server.answer({
      ...answersOf(RANGE),
      totals: { body: packed(exceptionText('Code: 241. Memory limit')) },
    });
    const error = await rejectionOf(taskOf());
    assert.ok(error instanceof HistoryStreamError, String(error));
    assert.equal(error.message, 'Code: 241. Memory limit');
  });

  it('reject damaged answers: a wrong checksum, a missing end, an unreadable stream, rows in the wrong order', async () => {
    const { rooms } = RANGE;
    const wrongSum = packed(rooms);
    wrongSum.writeUInt32LE((wrongSum.readUInt32LE(wrongSum.length - 8) ^ 1) >>> 0, wrongSum.length - 8);
    const reversed = toRange({ ...ROWS, rooms: [...ROWS.rooms].reverse() }, { fields: 'standard' });
    const bodies = [
      wrongSum,
      packed(rooms.subarray(0, -8)),
      packed(Buffer.concat([Buffer.alloc(100, 'no columns'), rooms.subarray(-8)])),
      packed(RANGE.peers),
      packed(reversed.rooms),
    ];
    for (const [index, body] of bodies.entries()) {
      server.answer({ ...answersOf(RANGE), rooms: { body } });
      const error = await rejectionOf(taskOf());
      assert.ok(error instanceof DamagedScanError, `${index}: ${String(error)}`);
    }
  });

  it('reject a range that is far larger than planned, and state its size', async () => {
    server.answer(answersOf(RANGE));
    const columns = await rejectionOf(taskOf({ bytesPlanned: 10 }));
    assert.ok(columns instanceof RangeMisjudgedError, String(columns));
    assert.equal(columns.realOverEstimated, COLUMNS_GROWTH_MAX);
    const many = toRange(roomsOf('abcdefghijklmnopqrstuvwxyz0123456789'.repeat(3)), { fields: 'standard' });
    server.answer(answersOf(many));
    const body = await rejectionOf(taskOf({ bytesPlanned: 20_000 }));
    assert.ok(body instanceof RangeMisjudgedError, String(body));
    assert.ok(body.realOverEstimated > 3, `${body.realOverEstimated}`);
  });

  it('reject a room that is too large, with its name and size', async () => {
    const room = { finalized_at: START_MS, session_id: 'large', room_id: '\n'.repeat(20_000) };
    server.answer(answersOf(toRange({ rooms: [room], peers: [], totals: [] }, { fields: 'standard' })));
    const error = await rejectionOf(taskOf({ bytesPlanned: 9_000 }));
    assert.ok(error instanceof RoomTooLargeError, String(error));
    assert.deepEqual([error.sessionId, error.bytesPlanned], ['large', 9_000]);
    assert.ok(error.roomBytes > 18_000, `${error.roomBytes}`);
  });

  it("reject with the network's error code when ClickHouse is unreachable", async () => {
    const connection = { ...server.connection, url: 'http://127.0.0.1:9' };
    const columnSizes = { rooms: 64, peers: 64, totals: 64 };
    const lost = openBatchWriters(1, { connection, columnSizes });
    await assert.rejects(lost.write(taskOf(), never), { code: 'ECONNREFUSED' });
    await lost.close();
  });

  it('close the scans of a batch whose signal is aborted, and then write the next batches', async () => {
    const answers = answersOf(RANGE);
    server.answer({ ...answers, rooms: { ...answers.rooms, until: new Promise(() => undefined) } });
    const controller = new AbortController();
    const isAsked = new Promise<void>((resolve) => (server.onScan = () => resolve()));
    const isClosed = new Promise<string>((resolve) => (server.onHangUp = resolve));
    const writing = writers.write(taskOf(), controller.signal);
    await isAsked;
    controller.abort(new Error('canceled by the test'));
    await assert.rejects(writing, /canceled by the test/);
    assert.equal(await isClosed, 'rooms');
    server.onScan = () => undefined;
    server.answer(answers);
    const next = await Promise.all([1, 2, 3].map(() => writers.write(taskOf(), never)));
    for (const { body } of next) assert.equal(textOf(body), EXPECTED);
  });

  async function rejectionOf(task: BatchTask): Promise<unknown> {
    try {
      await writers.write(task, never);
    } catch (error) {
      return error;
    }
    return assert.fail('the batch was written');
  }
});

function taskOf(options: Partial<BatchOptions> = {}): BatchTask {
  const bound = { finalizedAtMs: START_MS, sessionHex: '' };
  const range = { projectId: 'p', from: bound, to: { ...bound, finalizedAtMs: START_MS + 1000 } };
  return {
    scan: { range, fields: 'standard', queryId: 'q' },
    options: { ...OPTIONS, ...options },
    output: new SharedArrayBuffer(OUTPUT_BYTES),
    progress: new Float64Array(new SharedArrayBuffer(PROGRESS.length * Float64Array.BYTES_PER_ELEMENT)),
  };
}

/** A room with one peer for each of the letters. */
function roomsOf(letters: string): HistoryRows {
  const rows = Array.from(letters, (letter, index) => ({
    finalized_at: START_MS + index,
    session_id: letter,
    room_id: letter,
    media: 'audio',
    direction: 'send',
  }));
  return { rooms: rows, peers: rows, totals: rows };
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString('utf8');
}
