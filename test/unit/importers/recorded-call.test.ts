// Method: the calls recorded by us (recorder) are read by the import. What it sums must be, to the
// byte, what Chromium's own counters said when each connection was closed, and the losses must be those that
// the relay between the two pages of the second recording counted when it dropped packets.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { toRooms } from '../../../importers/rooms.ts';
import { readDump, sumTicks, toPlainObject } from './reading.ts';
import type { Sums } from './reading.ts';
import { replayGetstats } from './replay.ts';
import { byConnection, finalCounters, linesOf, RETRANSMISSION } from './recorded-call.ts';

const DEMO = readFileSync(new URL('../../../recorder/demo-call.jsonl.gz', import.meta.url));
const LOSSY = readFileSync(new URL('../../../recorder/lossy-call.jsonl.gz', import.meta.url));

describe('the recorded call', () => {
  for (const [name, dump] of [
    ['demo-call', DEMO],
    ['lossy-call', LOSSY],
  ] as const) {
    it(`has, in ${name}, the final counters that Chromium gave for each connection as its sums`, async () => {
      const sums = sumTicks(await readDump(dump));
      const expected = byConnection(finalCounters(linesOf(dump)));
      assert.ok(expected.size >= 4);
      for (const [key, { bytes, packets, lost }] of expected) {
        const sum = sums.get(key);
        assert.deepEqual(
          { bytes: sum?.bytes, packets: sum?.packets, lost: sum?.lost },
          { bytes, packets, lost },
          key,
        );
      }
      assert.deepEqual([...sums.keys()].sort(), [...expected.keys()].sort());
    });

    it(`has, in ${name}, the sums of a replay of its raw counters`, async () => {
      const strip = (sums: Map<string, Sums>): object =>
        toPlainObject(new Map([...sums].map(([key, sum]) => [key, { ...sum, arrived: 0 }])));
      const text = gunzipSync(dump).toString('utf8');
      assert.deepEqual(strip(sumTicks(await readDump(dump))), strip(replayGetstats(text)));
    });
  }

  it('has three peers in one room: one joined twice, one sent no video, and one has a key with two values', async () => {
    const file = await readDump(DEMO);
    const rooms = toRooms(file.presences.map(({ presence }) => ({ presence, sessionId: null })));
    assert.equal(rooms.length, 1);
    const [room] = rooms;
    assert.deepEqual(
      room?.peers.map(({ peer_id, joins, keys }) => ({ peer_id, joins, keys })),
      [
        { peer_id: 'ada', joins: 1, keys: { team: ['platform'], roles: ['host', 'presenter'] } },
        { peer_id: 'ben', joins: 1, keys: { team: ['platform'] } },
        { peer_id: 'cleo', joins: 2, keys: { team: ['design'] } },
      ],
    );
    const cleo = room.peers.find(({ peer_id }) => peer_id === 'cleo');
    assert.ok(
      cleo !== undefined && cleo.connected_ms < cleo.left_at - cleo.joined_at,
      'the time away is not connected time',
    );
    const sentVideo = [...sumTicks(file).keys()].filter((key) => key.endsWith('video send'));
    assert.ok(sentVideo.length > 0 && sentVideo.every((key) => !key.startsWith('ben-')));
  });

  it('has as many losses at each receiver as the relay dropped packets of that stream', () => {
    const lines = linesOf(LOSSY);
    const dropped = new Map(
      lines.flatMap((line) => ('type' in line && line.type === 'relay' ? [[line.ssrc, line.dropped]] : [])),
    );
    const lost = lines.flatMap((line) =>
      'final' in line
        ? line.reports
            .filter(({ type }) => type === 'inbound-rtp')
            .map(({ ssrc, packetsLost }) => [Number(ssrc), packetsLost] as const)
        : [],
    );
    assert.equal(lost.length, 4);
    for (const [ssrc, packetsLost] of lost) assert.equal(packetsLost, dropped.get(ssrc), `SSRC ${ssrc}`);
  });

  it('brings those losses into the history: the sums contain every dropped media packet', async () => {
    const lines = linesOf(LOSSY);
    const droppedTo = new Map<string, number>();
    for (const line of lines) {
      // Retransmissions have a stream of their own that no loss is counted of.
      if (!('type' in line) || line.type !== 'relay' || line.payload_type === RETRANSMISSION) continue;
      droppedTo.set(line.to, (droppedTo.get(line.to) ?? 0) + line.dropped);
    }
    const sums = sumTicks(await readDump(LOSSY));
    for (const [peer, dropped] of droppedTo) {
      const received = [...sums].filter(([key]) => key.startsWith(`${peer}-`) && key.endsWith('recv'));
      const lost = received.reduce((sum, [, one]) => sum + one.lost, 0);
      assert.equal(lost, dropped, peer);
    }
    assert.ok(droppedTo.size === 2);
  });
});
