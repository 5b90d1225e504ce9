// The stage that exports one batch, over a server that answers the scans and a store that remembers parts:
// answers with other rows than planned are refused before anything is uploaded, unless the history has moved.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BatchBuffers } from '../../../activities/batch/batch-buffers.ts';
import { openBatchWriters } from '../../../activities/batch/batch-writers.ts';
import type { BatchWriters } from '../../../activities/batch/batch-writers.ts';
import { RangeMisjudgedError, TruncatedAnswerError } from '../../../activities/scans/batch-errors.ts';
import { exportBatch } from '../../../activities/export/export-batch.ts';
import { countRow } from '../../../activities/scans/fingerprint-views.ts';
import { openHistoryReader } from '../../../clickhouse/history-reader.ts';
import type { HistoryReader, Statement } from '../../../clickhouse/history-reader.ts';
import type { StageTools } from '../../../activities/runtime/stage-tools.ts';
import { openObjectStore } from '../../../store/object-store.ts';
import type { ObjectStore, UploadPart } from '../../../store/object-store.ts';
import type { BatchRequest } from '../../../workflows/export/contract.ts';
import type { StreamSettings } from '../../../workflows/model/stream.ts';
import { makeStream } from '../../../local/make-stream.ts';
import { START_MS } from '../../reference/any-rows.ts';
import { toRange } from '../../reference/history-rows.ts';
import type { HistoryRows, ScanName } from '../../reference/history-rows.ts';
import { answersOf, exceptionText, packed, ScanServer } from '../../reference/scan-server.ts';

const OUTPUT_BYTES = 20_000;
const NOWHERE = {
  name: 'd',
  endpoint: 'http://127.0.0.1:9',
  region: 'r',
  bucket: 'b',
  pathStyle: true,
  manifestPrefix: '',
  accessKeyId: 'k',
  secretAccessKey: 's',
};

const ROWS = rowsOf(3);
const COUNTS = { rooms: 3, peers: 3, totals: 3 };

describe('the export of a batch', () => {
  let server: ScanServer;
  let writers: BatchWriters;
  let reader: HistoryReader;
  let store: ObjectStore;
  /** What the history has when it is asked again. */
  let held: Record<ScanName, number>;
  let parts: UploadPart[];
  let killed: string[];
  let buffers: BatchBuffers;
  before(async () => {
    server = await ScanServer.open();
    const { connection } = server;
    writers = openBatchWriters(1, { connection, columnSizes: { rooms: 1024, peers: 1024, totals: 1024 } });
    reader = openHistoryReader(connection);
    store = openObjectStore(NOWHERE);
  });
  after(async () => {
    await writers.close();
    await reader.close();
    await store.close();
    await server.close();
  });
  beforeEach(() => {
    held = COUNTS;
    parts = [];
    killed = [];
    buffers = new BatchBuffers(OUTPUT_BYTES);
    server.answer(answersOf(toRange(ROWS, { fields: 'standard' })));
  });

  function tools(): StageTools {
    const history: HistoryReader = {
      ...reader,
      readRows: ({ query, row }: Statement<never>) => Promise.resolve([row.parse(countIn(query))]),
      killQueries: (queryIds) => {
        killed.push(...queryIds);
        return Promise.resolve();
      },
    };
    const remembering: ObjectStore = {
      ...store,
      uploadPart: (part) => {
        parts.push(part);
        return Promise.resolve({ etag: 'e' });
      },
    };
    return {
      history,
      writers,
      buffers,
      destinations: new Map([['d', { destination: NOWHERE, store: remembering }]]),
      batches: { atOnce: 1, threads: 1, rangeBytesPlain: 1_000_000, rangeBytesGzip: 1_000_000 },
      webhooks: new Map(),
      pauseAfterFailed: 0,
      ui: null,
      hide: (text) => text,
      nowMs: () => 0,
      newId: () => 'id',
    };
  }

  function countIn(query: string): { rows: number; hash: string } {
    const view = /FROM export_(\w+)/.exec(query)?.[1];
    const rows = view === 'rooms' ? held.rooms : view === 'peers' ? held.peers : held.totals;
    return countRow.parse({ rows, hash: '1' });
  }

  function run(request: BatchRequest = requestOf()) {
    const { signal } = new AbortController();
    return exportBatch(tools(), request, { signal, report: () => undefined, workflowId: 'w', runId: 'r' });
  }

  it('uploads the body, returns its counts, and releases its buffer', async () => {
    const part = await run();
    const [sent] = parts;
    assert.equal(parts.length, 1);
    assert.equal(sent?.body.length, part.bytes);
    assert.deepEqual([part.rooms, part.rawBytes, part.faultyRooms], [3, part.bytes, 0]);
    assert.equal((JSON.parse(sent.body.toString('utf8')) as unknown[]).length, 3);
    // The body lies in the buffer that the next batch gets.
    assert.equal(buffers.take(), sent.body.buffer);
    assert.deepEqual(killed, []);
  });

  for (const scan of ['rooms', 'peers', 'totals'] as const) {
    it(`uploads nothing when the scan of ${scan} returns fewer rows than the history has, even if its stream is complete`, async () => {
      for (const rows of [ROWS[scan].slice(1), ROWS[scan].slice(0, -1), []]) {
        const short = toRange({ ...ROWS, [scan]: rows }, { fields: 'standard' });
        server.answer(answersOf(short));
        await assert.rejects(run(), TruncatedAnswerError, `${rows.length} rows`);
      }
      assert.deepEqual(parts, []);
    });

    it(`uploads nothing when the scan of ${scan} returns an empty answer`, async () => {
      for (const body of [Buffer.alloc(0), packed(new Uint8Array(0))]) {
        server.answer({ ...answersOf(toRange(ROWS, { fields: 'standard' })), [scan]: { body } });
        await assert.rejects(run());
      }
      assert.deepEqual(parts, []);
    });

    it(`uploads nothing when the scan of ${scan} fails in mid-stream, and ends all three scans in ClickHouse`, async () => {
      const body = packed(exceptionText('Code: 241. Memory limit'));
      server.answer({ ...answersOf(toRange(ROWS, { fields: 'standard' })), [scan]: { body } });
      await assert.rejects(run(), { name: 'HistoryStreamError', message: 'Code: 241. Memory limit' });
      assert.deepEqual(parts, []);
      assert.deepEqual(
        killed.map((queryId) => queryId.replace(/^.*-/, '')),
        ['rooms', 'peers', 'totals'],
      );
    });
  }

  it('uploads the current rooms when the history has changed since the plan, and returns their counts', async () => {
    const more = rowsOf(5);
    server.answer(answersOf(toRange(more, { fields: 'standard' })));
    held = { rooms: 5, peers: 5, totals: 5 };
    const { rooms, fingerprintAfter } = await run();
    assert.deepEqual([rooms, fingerprintAfter?.rooms, parts.length], [5, 5, 1]);
  });

  it('reads nothing from a range planned as empty, and returns its current counts', async () => {
    server.onScan = () => assert.fail('nothing was to be read');
    held = { rooms: 0, peers: 0, totals: 0 };
    const request = requestOf();
    const fingerprint = { ...held, hash: '0' };
    const part = await run({ ...request, range: { ...request.range, fingerprint } });
    server.onScan = () => undefined;
    assert.equal(parts[0]?.body.toString('utf8'), '[]\n');
    assert.equal(part.fingerprintAfter?.rooms, 0);
  });

  it('refuses, as misjudged, a plain part that a store would refuse', async () => {
    for (const place of [
      { isFirst: true, isLast: false },
      { isFirst: false, isLast: true },
    ]) {
      await assert.rejects(run({ ...requestOf(), ...place }), (error: unknown) => {
        assert.ok(error instanceof RangeMisjudgedError);
        assert.ok(error.realOverEstimated > 0 && error.realOverEstimated < 1);
        return true;
      });
    }
    assert.deepEqual(parts, []);
    // The last part of ndjson may be short: no part closes the file.
    await run({ ...requestOf({ format: 'ndjson' }), isFirst: false, isLast: true });
    // Under gzip parts are padded.
    await run({ ...requestOf({ compression: 'gzip' }), isFirst: true, isLast: false });
    assert.equal(parts.length, 2);
  });
});

function requestOf(changes: Partial<StreamSettings> = {}): BatchRequest {
  const { revisions } = makeStream('s', { destination: 'd', ...changes });
  const settings = revisions[0]?.settings;
  assert.ok(settings !== undefined);
  const bound = { finalizedAtMs: START_MS, sessionHex: '' };
  const to = { ...bound, finalizedAtMs: START_MS + 1000 };
  return {
    target: { stream: 's', settings, interval: { startMs: START_MS, endMs: START_MS + 1000 } },
    key: 'k',
    writeId: 'w',
    uploadId: 'u',
    partNumber: 1,
    isFirst: true,
    isLast: true,
    range: { from: bound, to, fingerprint: { ...COUNTS, hash: '1' } },
  };
}

/** Rooms with one peer and one track total each. */
function rowsOf(rooms: number): HistoryRows {
  const rows = Array.from({ length: rooms }, (_, index) => ({
    finalized_at: START_MS + index,
    session_id: `s${index}`,
    media: 'audio',
    direction: 'send',
  }));
  return { rooms: rows, peers: rows, totals: rows };
}
