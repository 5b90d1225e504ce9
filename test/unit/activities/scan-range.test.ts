// The three scans of a range over plain HTTP, from a server that does to its answers what servers and
// networks do: an answer that is not whole is an error, never fewer rows. The same against the real
// ClickHouse is in test/contract/export-scans.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClickHouseClient } from '@clickhouse/client';
import fc from 'fast-check';
import { writeBatch } from '../../../activities/batch/write-batch.ts';
import { ByteCollector } from '../../../activities/scans/byte-collector.ts';
import { openHistoryClient } from '../../../clickhouse/history-client.ts';
import { scanRange } from '../../../activities/scans/scan-range.ts';
import type { RangeToScan } from '../../../activities/scans/scan-range.ts';
import type { ScannedRange } from '../../../document/history-batches.ts';
import { START_MS } from '../../reference/any-rows.ts';
import { toRange } from '../../reference/history-rows.ts';
import type { KeyedRow, ScanName } from '../../reference/history-rows.ts';
import { answersOf, exceptionText, packed, ScanServer } from '../../reference/scan-server.ts';
import type { ScanAnswer, ScanAnswers } from '../../reference/scan-server.ts';

const SCANS = ['rooms', 'peers', 'totals'] as const;
const SAID =
  'Code: 241. DB::Exception: Memory limit (total) exceeded:\nwould use 9.31 GiB (MEMORY_LIMIT_EXCEEDED)';

const UNTAGGED = 'Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED)';

/** How ClickHouse packs answers for us, and how something on the way might. */
const LEVELS = [0, 6];

const ROWS: KeyedRow[] = Array.from({ length: 40 }, (_, index) => ({
  finalized_at: START_MS + index,
  session_id: `s${index}`,
  media: 'audio',
  direction: 'send',
}));
const RANGE = toRange(
  { rooms: ROWS, peers: ROWS, totals: ROWS },
  { fields: 'standard', batchRows: [15, 15] },
);

describe('the scans of a range', () => {
  let server: ScanServer;
  let client: ClickHouseClient;
  before(async () => {
    server = await ScanServer.open();
    client = openHistoryClient(server.connection);
  });
  after(async () => {
    await client.close();
    await server.close();
  });

  function scan(
    answers: ScanAnswers,
    { bytesMax = 10_000_000, ...more }: Scanning = {},
  ): Promise<ScannedRange> {
    server.answer(answers);
    const budget = { bytesMax, bytesUsed: 0 };
    const collector = () => new ByteCollector(new ArrayBuffer(64), budget);
    const bound = { finalizedAtMs: START_MS, sessionHex: '' };
    return scanRange(
      client,
      {
        range: { projectId: 'p', from: bound, to: { ...bound, finalizedAtMs: START_MS + 1000 } },
        fields: 'standard',
        queryId: 'q',
        signal: new AbortController().signal,
        ...more,
      },
      { rooms: collector(), peers: collector(), totals: collector() },
    );
  }

  /** The body that a batch would have of these answers. */
  async function write(answers: ScanAnswers): Promise<string> {
    const options = { fields: 'standard', format: 'json', compression: 'none' } as const;
    const place = { isFirst: true, isLast: true, bytesPlanned: 1_000_000 };
    const { body } = writeBatch(await scan(answers), { ...options, ...place }, new ArrayBuffer(1024));
    return Buffer.from(body).toString('latin1');
  }

  for (const level of LEVELS) {
    it(`are read completely and report their progress (compression level ${level})`, async () => {
      const seen: number[] = [];
      const range = await scan(answersOf(RANGE, level), { onProgress: (bytes) => seen.push(bytes) });
      for (const name of SCANS) assert.ok(Buffer.from(range[name]).equals(RANGE[name]), name);
      assert.equal(seen.at(-1), RANGE.rooms.length + RANGE.peers.length + RANGE.totals.length);
    });

    it(`are refused when an answer ends early or its connection is cut (compression level ${level})`, async () => {
      for (const name of SCANS) {
        const { body } = answersOf(RANGE, level)[name];
        for (const length of positionsIn(body)) {
          for (const isCut of [false, true]) {
            const answers = changed(answersOf(RANGE, level), name, { body: body.subarray(0, length), isCut });
            await assert.rejects(scan(answers), DAMAGED, `${name}: ${length} bytes, cut: ${isCut}`);
          }
        }
      }
    });

    it(`either return the bytes that were sent or are refused when a bit is flipped (compression level ${level})`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...SCANS), fc.nat(), fc.nat(7), async (name, place, bit) => {
          const body = Buffer.from(answersOf(RANGE, level)[name].body);
          const at = place % body.length;
          body.writeUInt8((body[at] ?? 0) ^ (1 << bit), at);
          // Bits of gzip's head say when and where a file was made; no byte of the answer depends on them.
          const range = await scan(changed(answersOf(RANGE, level), name, { body })).catch(
            (error: unknown) => {
              assert.match(String(error), DAMAGED, `byte ${at} of ${name}`);
              return undefined;
            },
          );
          if (range !== undefined)
            assert.ok(Buffer.from(range[name]).equals(RANGE[name]), `byte ${at} of ${name}`);
        }),
        { numRuns: 200 },
      );
    });

    it(`are refused with the server's message when it fails in mid-stream (compression level ${level})`, async () => {
      for (const name of SCANS) {
        for (const length of positionsIn(RANGE[name])) {
          const broken = Buffer.concat([RANGE[name].subarray(0, length), exceptionText(SAID)]);
          const body = packed(broken, level);
          const title = `${name}: after ${length} bytes`;
          const whole = changed(answersOf(RANGE, level), name, { body });
          await assert.rejects(scan(whole), { name: 'HistoryStreamError', message: SAID }, title);
          // The server may also close the connection before the checksum. What is compressed can then be
          // lost.
          const cut = changed(answersOf(RANGE, level), name, { body: body.subarray(0, -8), isCut: true });
          const expected = level === 0 ? { name: 'HistoryStreamError', message: SAID } : ANY_DAMAGE;
          await assert.rejects(scan(cut), expected, title);
        }
      }
    });
  }

  /** As servers did before they sent tags. */
  function untagged(name: ScanName, length: number): ScanAnswers {
    const body = packed(Buffer.concat([RANGE[name].subarray(0, length), Buffer.from(`${UNTAGGED}\n`)]));
    return changed(answersOf(RANGE), name, { body, headers: { 'x-clickhouse-exception-tag': '' } });
  }

  it('never become a body when a server without exception tags fails in mid-stream', async () => {
    for (const name of SCANS)
      for (const length of positionsIn(RANGE[name]))
        await assert.rejects(write(untagged(name, length)), /Error/, `${name}: after ${length} bytes`);
  });

  it("are refused with the server's message when a server without exception tags fails in mid-stream", async () => {
    for (const name of SCANS)
      for (const length of positionsIn(RANGE[name]))
        await assert.rejects(
          write(untagged(name, length)),
          { name: 'HistoryStreamError', message: UNTAGGED },
          `${name}: after ${length} bytes`,
        );
  });

  it('do not mistake a text of the history for a server error', async () => {
    const rows = ROWS.map((row) => ({
      ...row,
      room_url: exceptionText(SAID, 'AAAAAAAAAAAAAAAA').toString(),
    }));
    const rooms = {
      body: packed(toRange({ rooms: rows, peers: [], totals: [] }, { fields: 'standard' }).rooms),
    };
    assert.match(await write({ ...answersOf(RANGE), rooms }), /MEMORY_LIMIT_EXCEEDED/);
  });

  it('are refused when an answer is empty', async () => {
    for (const name of SCANS) {
      for (const body of [Buffer.alloc(0), packed(new Uint8Array(0))])
        await assert.rejects(
          write(changed(answersOf(RANGE), name, { body })),
          DAMAGED,
          `${name}: ${body.length}`,
        );
    }
  });

  it('are refused when an answer is not compressed, because it then has no checksum', async () => {
    const plain = { body: Buffer.from(RANGE.peers), headers: { 'content-encoding': 'identity' } };
    await assert.rejects(scan(changed(answersOf(RANGE), 'peers', plain)), DAMAGED);
  });

  it('are refused when all three together exceed the limit of their buffers', async () => {
    const bytes = RANGE.rooms.length + RANGE.peers.length + RANGE.totals.length;
    await scan(answersOf(RANGE), { bytesMax: bytes });
    await assert.rejects(scan(answersOf(RANGE), { bytesMax: bytes - 1 }), { name: 'CollectorFullError' });
  });

  it("fail with ClickHouse's error when one of them is refused, and end the others", async () => {
    const refused = {
      status: 404,
      body: Buffer.from('Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)'),
      headers: { 'x-clickhouse-exception-code': '60' },
    };
    // The others would wait for ever.
    const hanging: ScanAnswer = { body: Buffer.alloc(0), until: new Promise(() => undefined) };
    await assert.rejects(scan({ rooms: hanging, peers: refused, totals: hanging }), {
      name: 'Error',
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
  });

  it('fail with the reason of their signal when it is aborted during reading', async () => {
    const controller = new AbortController();
    const { body } = answersOf(RANGE).totals;
    const hanging: ScanAnswer = { body, until: new Promise(() => undefined) };
    const scanning = scan(changed(answersOf(RANGE), 'totals', hanging), {
      signal: controller.signal,
      onProgress: (bytes) => {
        if (bytes === RANGE.rooms.length + RANGE.peers.length)
          controller.abort(new Error('not needed any more'));
      },
    });
    await assert.rejects(scanning, /not needed any more/);
  });
});

const DAMAGED = /DamagedScanError|BrokenStreamError/;
const ANY_DAMAGE = /DamagedScanError|HistoryStreamError/;

type Scanning = Partial<Pick<RangeToScan, 'signal' | 'onProgress'>> & { bytesMax?: number };

function changed(answers: ScanAnswers, name: ScanName, answer: ScanAnswer): ScanAnswers {
  return { ...answers, [name]: answer };
}

/** The beginning, the end, and places between. */
function positionsIn(bytes: Uint8Array): number[] {
  const { length } = bytes;
  const between = Array.from({ length: 12 }, (_, part) => Math.floor(((part + 1) * length) / 13));
  return [0, 1, 9, 10, 11, 15, 18, ...between, length - 9, length - 8, length - 4, length - 1];
}
