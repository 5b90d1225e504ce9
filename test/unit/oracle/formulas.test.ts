// The oracle's formulas against the published vectors of the E-model and against penalties worked out by
// hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioMos, delayOf, measure, ratingOf, scoreOf, videoMos } from '../../oracle/formulas.ts';
import { meanOf } from '../../oracle/exact-numbers.ts';
import { measurePeer, measureRoom } from '../../oracle/measure-peer.ts';
import { toTotals } from '../../oracle/track-totals.ts';
import type { TrackTotals } from '../../oracle/track-totals.ts';

const NOTHING: TrackTotals = toTotals([]);

/** Sent audio of 10 s at 40 kbit/s, nothing lost. */
const CLEAN: TrackTotals = {
  ...NOTHING,
  bytes: 50_000n,
  activeMs: 10_000n,
  bitrateSqMs: 16_000_000n,
  packets: 500n,
  packetsArrived: 500n,
};

const NO_PENALTY = { packetLoss: 0, jitter: null, rtt: null, bitrate: null, variation: null, pixels: null };

describe("the oracle's audio MOS", () => {
  it('matches the test vectors of the E-model', () => {
    assert.equal(audioMos(0, 0).toFixed(3), '4.409');
    assert.equal(ratingOf(5, 150).toFixed(2), '77.26');
    assert.equal(audioMos(5, 150).toFixed(3), '3.916');
    assert.equal(ratingOf(20, 0).toFixed(2), '51.07');
    assert.equal(audioMos(20, 0).toFixed(3), '2.631');
  });

  it('is not reduced by a delay of up to 100 ms, and is between 1 and 4.5', () => {
    assert.equal(audioMos(0, 100), audioMos(0, 0));
    assert.ok(audioMos(0, 101) < audioMos(0, 100));
    assert.equal(audioMos(100, 1e9), 1);
  });

  it('uses half the round trip, twice the jitter and 20 ms as the delay, with missing values as 0', () => {
    assert.equal(delayOf(100, 30), 130);
    assert.equal(delayOf(null, null), 20);
  });

  it('uses the round trip of the sent medium for the same received medium', () => {
    const sent = { ...CLEAN, rttUsSum: 1_000_000n, rttCount: 1n };
    const { audio } = measurePeer(
      new Map([
        ['audio send', sent],
        ['audio recv', CLEAN],
      ]),
      null,
    );
    assert.equal(audio.recv.mos, audio.send.mos);
    const alone = measurePeer(new Map([['audio recv', CLEAN]]), null);
    assert.notEqual(alone.audio.recv.mos, audio.recv.mos);
  });

  it('is missing without packet loss', () => {
    const silent = { ...CLEAN, packetsArrived: 0n };
    const measured = measure({ media: 'audio', direction: 'send', totals: silent, sendRttMs: null });
    assert.deepEqual([measured.mos, measured.score, measured.packetLoss], [null, null, null]);
    assert.equal(measured.bitrate, 40_000_000n);
  });
});

describe("the oracle's video MOS", () => {
  it('falls below 30 frames a second and with delay, and is missing without bits, pixels or frames', () => {
    const picture = { bitrate: 1500, pixels: 1280 * 720, fps: 30, delayMs: 20 };
    assert.equal(
      videoMos(picture)?.toFixed(6),
      (0.56 * Math.log(1_500_000 / 921_600 / 30) + 5.36 - 0.04).toFixed(6),
    );
    assert.ok((videoMos({ ...picture, fps: 15 }) ?? 5) < (videoMos(picture) ?? 0));
    for (const missing of [{ bitrate: 0 }, { bitrate: null }, { pixels: null }, { fps: 0 }, { fps: null }])
      assert.equal(videoMos({ ...picture, ...missing }), null);
  });
});

describe("the oracle's score", () => {
  const penalties: [media: 'audio' | 'video', inputs: Partial<typeof NO_PENALTY> | object, score: number][] =
    [
      ['audio', {}, 10],
      ['audio', { packetLoss: 0.5 }, 10],
      ['audio', { packetLoss: 5.25 }, 8],
      ['audio', { packetLoss: 100 }, 6],
      ['audio', { jitter: 90 }, 9],
      ['video', { jitter: 90 }, 9.5],
      ['audio', { rtt: 625 }, 9],
      ['video', { rtt: 625 }, 9.5],
      ['audio', { bitrate: 20 }, 9.5],
      ['audio', { bitrate: 0 }, 9],
      ['video', { bitrate: 750 }, 9],
      ['video', { variation: 0.75 }, 9.5],
      ['video', { pixels: 640 * 720 }, 9.5],
      ['audio', { pixels: 1 }, 10],
      ['audio', { packetLoss: 10, jitter: 150, rtt: 1000, bitrate: 0, variation: 9 }, 0],
      ['video', { packetLoss: 10, jitter: 150, rtt: 1000, bitrate: 0, variation: 9, pixels: 0 }, 0],
    ];
  for (const [media, inputs, score] of penalties) {
    it(`is ${score} for ${media} with ${JSON.stringify(inputs)}`, () => {
      assert.equal(scoreOf(media, { ...NO_PENALTY, ...inputs }), score);
    });
  }

  it('does not require round trips for received media', () => {
    const slow = { ...CLEAN, rttUsSum: 5_000_000n, rttCount: 1n };
    const recv = measure({ media: 'audio', direction: 'recv', totals: slow, sendRttMs: null });
    assert.equal(recv.score, 10_000_000n);
    const send = measure({ media: 'audio', direction: 'send', totals: slow, sendRttMs: 5000 });
    assert.equal(send.score, 8_000_000n);
  });
});

describe("the oracle's quantities", () => {
  it('clamp the total of lost packets, and treat complete loss as 100 %', () => {
    const lossOf = (packetsLost: bigint, packetsArrived: bigint) =>
      measure({
        media: 'audio',
        direction: 'send',
        totals: { ...CLEAN, packetsLost, packetsArrived },
        sendRttMs: null,
      }).packetLoss;
    assert.equal(lossOf(-5n, 100n), 0n);
    assert.equal(lossOf(5n, 0n), 100_000_000n);
    assert.equal(lossOf(63n, 1937n), 3_150_000n);
    assert.equal(lossOf(0n, 0n), null);
    assert.equal(lossOf(-5n, 0n), null);
  });

  it('average what a peer has, and then only the peers that have it', () => {
    const half = { ...CLEAN, bytes: 25_000n };
    const both = measurePeer(
      new Map([
        ['audio send', CLEAN],
        ['audio recv', half],
      ]),
      100,
    );
    const onlySend = measurePeer(new Map([['audio send', CLEAN]]), null);
    assert.equal(both.audio.bitrate, 30_000_000n);
    assert.equal(onlySend.audio.bitrate, 40_000_000n);
    const room = measureRoom([both, onlySend, measurePeer(new Map(), 101)]);
    assert.equal(room.audio.send.bitrate, 40_000_000n);
    assert.equal(room.audio.recv.bitrate, 20_000_000n);
    assert.equal(room.audio.bitrate, 30_000_000n);
    assert.equal(room.callSetupTime, 100_500_000n);
    assert.equal(room.mos, meanOf([both.mos, onlySend.mos]));
    assert.equal(room.video.bitrate, null);
  });
});
