// The scans of a range on the real ClickHouse over plain HTTP, with a network that damages or cuts their
// answers, and a server that fails while it answers: always an error, never another body. Unit tests with a
// made-up server are in test/unit/activities/scan-range.test.ts.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { RecordBatchReader } from 'apache-arrow';
import type { Schema } from 'apache-arrow';
import { writeRange } from '../../activities/batch/write-range.ts';
import { ByteCollector } from '../../activities/scans/byte-collector.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { scanRange } from '../../activities/scans/scan-range.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import { toRange } from '../reference/history-rows.ts';
import type { KeyedRow } from '../reference/history-rows.ts';
import { getTestStack } from '../stack.ts';
import { HOUR_MS, HOUR_START_MS } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import { ScanProxy } from './scan-proxy.ts';
import type { ScanFault } from './scan-proxy.ts';

const SCANS = ['rooms', 'peers', 'totals'] as const;
const ROOMS = 60;

/** In each scan's answer; the first ones lie in HTTP's head. */
const PLACES = 24;

/** What an answer that is not whole is refused with; HTTP's head and framing are read by Node. */
const REFUSED =
  /DamagedScanError|HistoryStreamError|BrokenStreamError|ClickHouseError|Parse Error|socket hang up|ECONNRESET|aborted|Unexpected encoding/;

describe('the scans of a range on ClickHouse', () => {
  let history: HistoryDatabase;
  let proxy: ScanProxy;
  let reader: HistoryReader;
  let expected: string;
  const project = randomUUID();
  before(async () => {
    history = await makeHistoryDatabase();
    const span = { fromMs: HOUR_START_MS, toMs: HOUR_START_MS + HOUR_MS };
    await makeHistory(history.connection, { rooms: ROOMS, seed: 7, projectId: project, ...span });
    const { clickhouse } = await getTestStack();
    const { hostname, port } = new URL(clickhouse.url);
    proxy = await ScanProxy.open({ host: hostname, port: Number(port) });
    reader = openHistoryReader({
      url: proxy.url,
      database: history.target.database,
      user: clickhouse.exporterUser,
      password: clickhouse.exporterPassword,
    });
    expected = await write();
    assert.equal(expected.split('\n').length, ROOMS + 1);
  });
  after(async () => {
    await reader.close();
    await proxy.close();
    await history.drop();
  });
  beforeEach(() => proxy.arm(undefined));

  const range = {
    projectId: project,
    ...rangeOf({ startMs: HOUR_START_MS, endMs: HOUR_START_MS + HOUR_MS }),
  };

  async function write(): Promise<string> {
    const { body } = await writeRange(reader, { range, fields: 'extended', format: 'ndjson' });
    return Buffer.from(body).toString('latin1');
  }

  async function scan(): Promise<ScannedRange> {
    const budget = { bytesMax: 100_000_000, bytesUsed: 0 };
    const collector = () => new ByteCollector(new ArrayBuffer(64), budget);
    const buffers = { rooms: collector(), peers: collector(), totals: collector() };
    const { signal } = new AbortController();
    return scanRange(reader.client, { range, fields: 'extended', queryId: randomUUID(), signal }, buffers);
  }

  /**
   * The body, or undefined where the fault was found. Answers differ by a few bytes in HTTP's head, so the
   * last places may lie behind them.
   */
  async function writeWith(fault: ScanFault): Promise<string | undefined> {
    proxy.arm(fault);
    const title = `${fault.kind} of ${fault.scan} at ${fault.at}`;
    try {
      return await write();
    } catch (error) {
      assert.match(`${String(error)} ${codeOf(error)}`, REFUSED, title);
      assert.ok(proxy.isHit, title);
      return undefined;
    }
  }

  for (const scanName of SCANS) {
    it(`never become a body when the connection is cut anywhere in the answer of ${scanName}`, async () => {
      let hits = 0;
      for (const at of placesIn(proxy.lengths[scanName])) {
        const body = await writeWith({ scan: scanName, at, kind: 'cut' });
        assert.equal(body, proxy.isHit ? undefined : expected, `${at}`);
        if (proxy.isHit) hits += 1;
      }
      assert.ok(hits >= PLACES - 2, `${hits} of ${PLACES} cut`);
    });

    it(`never become a different body when a bit is flipped anywhere in the answer of ${scanName}`, async () => {
      let found = 0;
      for (const [index, at] of placesIn(proxy.lengths[scanName]).entries()) {
        const body = await writeWith({ scan: scanName, at, kind: 'flip', bit: index % 8 });
        // A changed header that nobody reads changes nothing.
        if (body === undefined) found += 1;
        else assert.ok(body === expected, `${at}`);
      }
      assert.ok(found >= PLACES / 2, `${found} of ${PLACES} found`);
    });
  }

  it('have the schema that the tests of the document assume', async () => {
    const made: KeyedRow = { finalized_at: HOUR_START_MS, session_id: 'a' };
    const rows = toRange({ rooms: [made], peers: [made], totals: [made] }, { fields: 'extended' });
    const real = await scan();
    for (const name of SCANS) assert.deepEqual(schemaOf(rows[name]), schemaOf(real[name]), name);
  });

  it('give the same body however small the blocks are in which ClickHouse sends them', async () => {
    const { client } = reader;
    const smallBlocks: HistoryReader = {
      ...reader,
      client: Object.assign(Object.create(client) as typeof client, {
        exec: (of: Parameters<typeof client.exec>[0]) =>
          client.exec({
            ...of,
            clickhouse_settings: { ...of.clickhouse_settings, max_block_size: '7' },
          }),
      }),
    };
    const { body } = await writeRange(smallBlocks, { range, fields: 'extended', format: 'ndjson' });
    assert.ok(Buffer.from(body).toString('latin1') === expected);
  });

  describe('of a server that fails after it began to answer', () => {
    const VIEW = 'CREATE OR REPLACE VIEW export_track_totals AS SELECT';
    after(() => history.connection.command({ query: `${VIEW} * FROM track_totals FINAL` }));

    it("are refused with the server's message", async () => {
      // The rows come block by block, and the last of them far behind the first megabytes.
      await history.connection.command({
        query: `${VIEW} * REPLACE (bytes + throwIf(number = 400000, 'the last row') AS bytes)
          FROM (SELECT * FROM track_totals FINAL LIMIT 1) AS t CROSS JOIN numbers(400001) AS n`,
      });
      // The server closes the connection behind its message. Where the end of the connection is noticed before
      // the last bytes are read, the scan is only known to have broken off, which is retried as well.
      const failures: Error[] = [];
      while (failures.length < 10 && !failures.some(({ name }) => name === 'HistoryStreamError'))
        failures.push(await write().then(neverWritten, (error: unknown) => error as Error));
      const last = failures.pop();
      assert.equal(last?.name, 'HistoryStreamError');
      assert.match(last.message, /^Code: 395\. .*the last row/);
      for (const { name, message } of failures)
        assert.deepEqual([name, message], ['DamagedScanError', 'a scan broke off: aborted']);
    });
  });
});

function placesIn(length: number): number[] {
  assert.ok(length > 1_000, `${length} bytes`);
  const between = Array.from({ length: PLACES - 4 }, (_, index) =>
    Math.floor(((index + 1) * length) / (PLACES - 3)),
  );
  return [0, ...between, length - 10, length - 2, length - 1];
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function schemaOf(stream: Uint8Array): string[] {
  const { schema }: { schema: Schema } = RecordBatchReader.from(stream).open();
  return schema.fields.map(({ name, type, nullable }) => `${name} ${String(type)} ${nullable}`);
}

function neverWritten(): never {
  throw new Error('a scan that the server broke off was written');
}
