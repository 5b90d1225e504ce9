// Method: each sample dump is read by the import and, independently, by the replay of import-replay.ts, which
// adds up raw counters line by line. Bytes, packets and lost must be the same for each connection, medium and
// direction.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { toRooms } from '../../../importers/rooms.ts';
import { findSample, readDump, sumTicks, toPlainObject } from './reading.ts';
import type { Sums } from './reading.ts';
import { replayInternals, replayRtcstats } from './replay.ts';

const RTCSTATS = [
  'rtcstats/59c86272-03ea-42e9-a62d-1c8a272e8ab0.jsonl',
  'rtcstats/chrome-standard-multiple-p2p.jsonl',
  'rtcstats/google-standard-stats-p2p.jsonl',
  'rtcstats/google-standard-stats-sfu.jsonl',
];
const INTERNALS = 'webrtc-internals/sample-webrtc-internals-dump.txt';

describe('the sample dumps', () => {
  for (const name of RTCSTATS) {
    const { path, skip } = findSample(name);
    it(`have the sums of their raw counters: ${name}`, { skip }, async () => {
      await assertSums(path ?? '', 'rtcstats', replayRtcstats);
    });
  }

  const internals = findSample(INTERNALS);
  it(`have the sums of their raw counters: ${INTERNALS}`, { skip: internals.skip }, async () => {
    await assertSums(internals.path ?? '', 'webrtc-internals', replayInternals);
  });

  const pair = [findSample(RTCSTATS[2] ?? ''), findSample(RTCSTATS[3] ?? '')];
  it(
    'two sessions of one user in one room are one room with one peer that joined twice',
    { skip: pair.find((one) => one.skip !== false)?.skip ?? false },
    async () => {
      const presences = [];
      for (const { path } of pair) presences.push(...(await readDump(readFileSync(path ?? ''))).presences);
      const rooms = toRooms(presences.map(({ presence }) => ({ presence, sessionId: null })));
      assert.equal(rooms.length, 1);
      assert.equal(rooms[0]?.room.room_id, 'fullmechanismslastimpolitely');
      assert.deepEqual(
        rooms[0].peers.map(({ joins }) => joins),
        [2],
      );
    },
  );

  const spliced = findSample(RTCSTATS[2] ?? '');
  it(
    'times come from the getstats lines, not from a first line spliced in years later',
    { skip: spliced.skip },
    async () => {
      const { presences } = await readDump(readFileSync(spliced.path ?? ''));
      assert.deepEqual(
        presences.map(({ presence }) => [
          new Date(presence.joinedAtMs).toISOString().slice(0, 10),
          presence.roomUrl,
        ]),
        [['2020-11-12', null]],
      );
    },
  );
});

async function assertSums(
  path: string,
  format: string,
  replay: (text: string) => Map<string, Sums>,
): Promise<void> {
  const dump = readFileSync(path);
  const file = await readDump(dump);
  assert.equal(file.format, format);
  assert.deepEqual(file.leftOut, []);
  const expected = replay(dump.toString('utf8'));
  assert.ok(expected.size > 0);
  assert.deepEqual(toPlainObject(withoutArrived(sumTicks(file))), toPlainObject(withoutArrived(expected)));
}

function withoutArrived(sums: ReadonlyMap<string, Sums>): Map<string, Omit<Sums, 'arrived'>> {
  return new Map([...sums].map(([key, { bytes, packets, lost }]) => [key, { bytes, packets, lost }]));
}
