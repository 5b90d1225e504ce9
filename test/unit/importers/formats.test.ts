// Method: the same stretch of our recorded call is written in each format (import-small-dumps.ts) and must
// give the same sums in each; what only old or other browsers write is written by hand, with the values to
// expect beside it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { toRooms } from '../../../importers/rooms.ts';
import { readDump, sumTicks, tickLines, toDump, toPlainObject } from './reading.ts';
import type { Sums } from './reading.ts';
import { replayGetstats } from './replay.ts';
import { recordedReadings, toGetstats, toInternals, toRtcstats } from './small-dumps.ts';
import type { Reading } from './small-dumps.ts';

/** Two frames of 120 readings, made by zstd, behind a frame that is to be skipped. */
const PACKED_DUMP = readFileSync(new URL('packed-dump.jsonl.zst', import.meta.url));
const READINGS = recordedReadings('cleo-ada-3', 8);
const EXPECTED = byMedia(replayGetstats(toGetstats(READINGS)));
const AT = 1_700_000_000_000;

describe('the import of each format', () => {
  for (const [name, dump] of [
    ['rtcstats', toRtcstats(READINGS)],
    ['rtcstats with sequence numbers', toRtcstats(READINGS, { sequenceNumbers: true })],
    ['getstats', toGetstats(READINGS)],
    ['getstats as bare arrays', toGetstats(READINGS, { bare: true })],
    ['webrtc-internals', toInternals(READINGS)],
    ['webrtc-internals without types and times', toInternals(READINGS, { old: true })],
  ] as const) {
    it(`recognises ${name} by its content and gives the sums of the call`, async () => {
      const file = await readDump(Buffer.from(dump));
      assert.equal(file.format, name.split(' ')[0]);
      assert.deepEqual(file.leftOut, []);
      assert.deepEqual(byMedia(sumTicks(file)), EXPECTED);
    });
  }

  it('reads raw getStats as arrays, objects and pairs, with or without a name and a time around them', async () => {
    const idsOf = (reports: Reading['reports']): [string, object][] =>
      reports.map((report) => [String(report.id), report]);
    const around = { peer: 'ada', connection: 'PC_0' };
    const forms: ((reading: Reading) => unknown)[] = [
      ({ reports }) => reports,
      ({ reports }) => Object.fromEntries(idsOf(reports)),
      ({ reports }) => idsOf(reports),
      ({ reports }) => ({ ...around, reports: Object.fromEntries(idsOf(reports)) }),
      ({ reports, at }) => ({ ...around, at, reports: idsOf(reports) }),
    ];
    for (const toLine of forms) {
      const file = await readDump(toDump(READINGS.map(toLine)));
      assert.deepEqual([file.format, file.leftOut], ['getstats', []]);
      assert.deepEqual(byMedia(sumTicks(file)), EXPECTED);
    }
  });

  it('gives the same result however the bytes are split', async () => {
    for (const dump of [toRtcstats(READINGS), toGetstats(READINGS), toInternals(READINGS)]) {
      for (const pieceBytes of [1, 7, 1000]) {
        assert.deepEqual(byMedia(sumTicks(await readDump(Buffer.from(dump), 'auto', pieceBytes))), EXPECTED);
      }
    }
  });

  it('reads gzip, including several members, and zstd', async () => {
    const dump = Buffer.from(toRtcstats(READINGS));
    const members = Buffer.concat([gzipSync(dump.subarray(0, 3000)), gzipSync(dump.subarray(3000))]);
    for (const packed of [gzipSync(dump), members, toStoredZstd(dump)]) {
      const file = await readDump(packed, 'auto', 500);
      assert.deepEqual(file.leftOut, []);
      assert.deepEqual(byMedia(sumTicks(file)), EXPECTED);
    }
  });

  it('reads zstd of several frames, the first of which is skippable', async () => {
    for (const pieceBytes of [1, 700, 10_000]) {
      const file = await readDump(PACKED_DUMP, 'auto', pieceBytes);
      assert.deepEqual([file.leftOut, file.presences[0]?.presence.roomId], [[], 'Packed']);
      assert.deepEqual(toPlainObject(sumTicks(file)), {
        'PC_0 audio recv': { bytes: 566_042, packets: 4308, lost: 48, arrived: 4308 },
      });
    }
  });

  it('refuses a zstd frame that asks for gigabytes of memory', async () => {
    // A window of 2^31 bytes, and a frame whose content of 2^40 bytes is its window.
    const frames = ['28b52ffd00a8', '28b52ffde00000000000010000'];
    for (const frame of frames) {
      const file = await readDump(Buffer.concat([Buffer.from(frame, 'hex'), Buffer.alloc(100)]));
      assert.match(
        file.leftOut[0]?.reason ?? '',
        /^compressed data is damaged: window: got \d+ MiB, allowed is up to 128 MiB/,
      );
    }
  });

  it('reports damaged compressed data and imports what came before it', async () => {
    const packed = gzipSync(Buffer.from(toRtcstats(READINGS)));
    const file = await readDump(packed.subarray(0, packed.length - 200));
    assert.match(file.leftOut.map(({ reason }) => reason).join(), /compressed data is damaged/);
    assert.equal(file.presences.length, 1);
    const zstd = toStoredZstd(Buffer.from(toRtcstats(READINGS)));
    assert.match(
      (await readDump(zstd.subarray(0, zstd.length - 200))).leftOut.map(({ reason }) => reason).join(),
      /damaged/,
    );
  });

  it('reads current rtcstats: numbers as names, times as differences, ids as numbers, removed reports as null', async () => {
    const file = await readDump(
      Buffer.from(
        [
          'RTCStatsDump',
          JSON.stringify({
            fileFormat: 3,
            userAgent: FIREFOX,
            authData: { rtcStats: { user: 'ada', conference: 'Planning', session: 's-9' } },
          }),
          JSON.stringify([39, 'PC_0', { iceServers: [] }, AT]),
          JSON.stringify([2, 'PC_0', null, '2-0', 50]),
          JSON.stringify([25, 'PC_0', 'connected', 150]),
          JSON.stringify([
            'g',
            'PC_0',
            {
              t: AT + 1200,
              0: { type: 1, 10: 11, 11: 'audio', 41: 1000, 14: 10, 15: 1, 16: 0.004, 12: '2' },
              2: { type: 14, 6: 'audio/opus' },
            },
            'connected-0',
            1000,
          ]),
          JSON.stringify([
            1,
            'PC_0',
            {
              t: AT + 2200,
              0: { 41: 2000, 14: 20 },
              3: { type: 2, 10: 12, 11: 'video', 80: 500, 79: 5, 23: 640, 24: 360, 89: 9 },
            },
            1000,
          ]),
          JSON.stringify(['g', 'PC_0', { t: AT + 3200, 3: { 80: 700, 79: 7, 89: 12 }, 0: null }, 1000]),
          JSON.stringify([36, 'PC_0', null, 100]),
        ].join('\n'),
      ),
    );
    assert.deepEqual([file.format, file.leftOut], ['rtcstats', []]);
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 audio recv': { bytes: 2000, packets: 20, lost: 1, arrived: 20 },
      'PC_0 video send': { bytes: 700, packets: 7, lost: 0, arrived: 0 },
    });
    const [one] = file.presences;
    assert.deepEqual(
      [
        one?.presence.roomId,
        one?.presence.peerId,
        one?.presence.clientMeeting,
        one?.presence.callSetupMs,
        one?.presence.leftAtMs,
      ],
      ['Planning', 'ada', 's-9', 200, AT + 3300],
    );
    assert.equal(tickLines(file).length, 4);
  });

  it("puts clients of one rtcstats conference into one room, whatever the users' sessions are called", async () => {
    const clients = await Promise.all(
      ['ada', 'ben'].map(async (user) => {
        const claims = { user, conference: 'Planning', session: `session of ${user}` };
        const lines = [
          { fileFormat: 3, authData: { rtcStats: claims } },
          [39, 'PC_0', {}, AT],
          ['g', 'PC_0', { t: AT + 1000, 0: { type: 1, 10: 11, 11: 'audio', 41: 100, 14: 1 } }, 1000],
        ];
        const file = await readDump(Buffer.concat([Buffer.from('RTCStatsDump\n'), toDump(lines)]));
        return file.presences;
      }),
    );
    const placed = clients.flat().map(({ presence }) => ({ presence, sessionId: null }));
    const rooms = toRooms(placed);
    assert.deepEqual(
      rooms.map(({ room, peers }) => [room.room_id, peers.map(({ peer_id }) => peer_id).sort()]),
      [['Planning', ['ada', 'ben']]],
    );
  });
});

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0';

function byMedia(sums: ReadonlyMap<string, Sums>): Record<string, Omit<Sums, 'arrived'>> {
  const named = [...sums].map(
    ([key, { bytes, packets, lost }]) => [key.slice(key.indexOf(' ') + 1), { bytes, packets, lost }] as const,
  );
  return toPlainObject(new Map(named));
}

/** A zstd frame of stored blocks (RFC 8878): no compressor is needed to make one. */
function toStoredZstd(content: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x50])];
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  parts.push(size);
  const BLOCK = 1000;
  for (let start = 0; start < content.length; start += BLOCK) {
    const block = content.subarray(start, start + BLOCK);
    const isLast = start + BLOCK >= content.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | Number(isLast), 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
