// Method: dumps of a few lines, each with one thing about counters in it, are read, and the sums that come of
// them compared with those worked out by hand. The arithmetic of single streams has its tests in
// import-ticks.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReadFile } from '../../../importers/read-file.ts';
import { AT, oneReading, readDump, sumTicks, tickTexts, toDump, toPlainObject } from './reading.ts';

describe('the reader of counters', () => {
  it('ignores a 32-bit counter that fell below zero', async () => {
    const inbound = (packetsReceived: number, bytesReceived: number): object => ({
      r: { type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsReceived, bytesReceived },
      timestamp: AT,
    });
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        ['getstats', 'PC_0', inbound(10, 1000), AT + 1000],
        ['getstats', 'PC_0', inbound(4_294_967_290, 2000), AT + 2000],
        ['getstats', 'PC_0', inbound(30, 3000), AT + 3000],
      ]),
    );
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 audio recv': { bytes: 3000, packets: 30, lost: 0, arrived: 30 },
    });
  });

  it('ignores streams that never carried a packet', async () => {
    const probe = { type: 'inbound-rtp', kind: 'video', ssrc: 1234, packetsReceived: 0, bytesReceived: 0 };
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        ['getstats', 'PC_0', { probe, timestamp: AT + 1000 }, AT + 1000],
      ]),
    );
    assert.deepEqual([file.ticks.count, file.presences], [0, []]);
    assert.deepEqual(
      file.leftOut.map(({ reason }) => reason),
      ['session without any media'],
    );
  });

  it('names field and line of an impossible counter, and counts the rest of the report', async () => {
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        [
          'getstats',
          'PC_0',
          {
            r: { type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsReceived: 10, bytesReceived: -5 },
            timestamp: AT + 1000,
          },
          AT + 1000,
        ],
      ]),
    );
    assert.deepEqual(file.leftOut, [
      {
        reason: 'bytesReceived: got -5, allowed is a whole number from 0 to 2^53-1',
        count: 1,
        firstPlace: 'line 2',
      },
    ]);
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 audio recv': { bytes: 0, packets: 10, lost: 0, arrived: 10 },
    });
  });

  it('treats a connection recreated under the same name as a different one', async () => {
    const inbound = (packetsReceived: number): object => ({
      r: { type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsReceived, bytesReceived: packetsReceived },
    });
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        ['getstats', 'PC_0', { ...inbound(10), timestamp: AT + 1000 }, AT + 1000],
        ['create', 'PC_0', {}, AT + 2000],
        ['getstats', 'PC_0', { ...inbound(25), timestamp: AT + 3000 }, AT + 3000],
      ]),
    );
    assert.equal(file.presences[0]?.connections.length, 2);
    assert.equal(
      [...sumTicks(file).values()].reduce((total, { packets }) => total + packets, 0),
      35,
    );
  });

  it('counts retransmissions as browsers do: they are part of packets and bytes', async () => {
    const file = await readDump(
      oneReading({
        sent: {
          type: 'outbound-rtp',
          kind: 'video',
          ssrc: 5,
          rtxSsrc: 6,
          bytesSent: 90_000,
          packetsSent: 100,
          headerBytesSent: 2000,
          retransmittedBytesSent: 9000,
          retransmittedPacketsSent: 10,
        },
        received: {
          type: 'inbound-rtp',
          kind: 'video',
          ssrc: 7,
          rtxSsrc: 8,
          bytesReceived: 45_000,
          packetsReceived: 50,
          retransmittedBytesReceived: 4500,
          retransmittedPacketsReceived: 5,
          packetsLost: 2,
        },
      }),
    );
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 video recv': { bytes: 45_000, packets: 50, lost: 2, arrived: 50 },
      'PC_0 video send': { bytes: 90_000, packets: 100, lost: 0, arrived: 0 },
    });
  });

  it('assigns a far-end report to the stream that it names, or else to the stream with the same SSRC', async () => {
    const sent = (ssrc: number, packetsSent: number): object => ({
      type: 'outbound-rtp',
      kind: 'audio',
      ssrc,
      bytesSent: packetsSent,
      packetsSent,
    });
    const byName = await readDump(
      oneReading({
        a: sent(1, 100),
        b: { ...sent(2, 200), kind: 'video' },
        // The SSRC of one, the name of the other: the name holds.
        r: { type: 'remote-inbound-rtp', kind: 'video', ssrc: 1, localId: 'b', packetsLost: 7 },
      }),
    );
    assert.deepEqual(lostOf(byName), { 'PC_0 audio send': 0, 'PC_0 video send': 7 });
    const bySource = await readDump(
      oneReading({
        a: sent(1, 100),
        b: { ...sent(2, 200), kind: 'video' },
        r: { type: 'remote-inbound-rtp', kind: 'audio', ssrc: 1, packetsLost: 3 },
      }),
    );
    assert.deepEqual(lostOf(bySource), { 'PC_0 audio send': 3, 'PC_0 video send': 0 });
  });

  it('counts camera and screen in one tick, with the sums of both and the mean of their frames', async () => {
    const picture = (ssrc: number, mediaSourceId: string, frameWidth: number): object => ({
      type: 'outbound-rtp',
      kind: 'video',
      ssrc,
      mediaSourceId,
      bytesSent: 1000,
      packetsSent: 10,
      framesSent: 20,
      frameWidth,
      frameHeight: 100,
    });
    const file = await readDump(
      oneReading({ camera: picture(1, 'SV1', 640), screen: picture(2, 'SV2', 1920) }),
    );
    assert.equal(file.ticks.count, 1);
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 video send': { bytes: 2000, packets: 20, lost: 0, arrived: 0 },
    });
    assert.deepEqual(tickTexts(file), ['video send  1000 2000 20 0 0 \\N 0 0 0 256000 20 1920 100 0']);
  });

  it('accepts numbers written as text, and treats fractional packets as damage', async () => {
    const file = await readDump(
      oneReading({
        r: {
          type: 'inbound-rtp',
          kind: 'audio',
          ssrc: '1',
          packetsReceived: '12',
          bytesReceived: '1200',
          packetsLost: '-2',
        },
        s: { type: 'inbound-rtp', kind: 'audio', ssrc: '2', packetsReceived: 1.5, bytesReceived: 7 },
      }),
    );
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 audio recv': { bytes: 1207, packets: 12, lost: -2, arrived: 12 },
    });
    assert.deepEqual(
      file.leftOut.map(({ reason }) => reason),
      ['packetsReceived: got 1.5, allowed is a whole number from 0 to 2^53-1'],
    );
  });
});

function lostOf(file: ReadFile): Record<string, number> {
  return toPlainObject(new Map([...sumTicks(file)].map(([key, { lost }]) => [key, lost])));
}
