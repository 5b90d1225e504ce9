// Edges of the measurements, each from totals written by hand and exported by the exporter's user; what is
// expected was worked out by hand from docs/measurements.md and is shown where it is not plain.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, exportOf } from './exported-rooms.ts';
import type { Row } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const NOTHING = { bitrate: null, packet_loss: null, jitter: null };
const NO_VIDEO = { send: { mos: null, ...NOTHING, rtt: null }, recv: { mos: null, ...NOTHING }, ...NOTHING };

/**
 * Ten seconds of 1280 × 720 at 30 frames a second, with a tenth of a bit for each pixel of each frame,
 * nothing lost, no delay.
 */
const PICTURE: Row = {
  media: 'video',
  bytes: 3_456_000,
  active_ms: 10_000,
  bitrate_sq_ms: 2764 * 2764 * 10_000,
  jitter_us_sum: 0,
  rtt_us_sum: 0,
  pixel_ms: 1280 * 720 * 10_000,
  sized_ms: 10_000,
  frames: 300,
};

describe('the export of measurements', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  /** The stats of the peers of one room, by peer_id, where each peer has the totals given. */
  async function statsOf(totals: Record<string, Row[]>, peers: Row = {}): Promise<Record<string, Row>> {
    const names = Object.keys(totals);
    const { rooms, faults } = await exportOf(history, {
      peers: names.map((peer_id) => ({ ...peers, peer_id })),
      totals: names.flatMap((peer_id) => (totals[peer_id] ?? []).map((total) => ({ ...total, peer_id }))),
    });
    assert.deepEqual(faults, []);
    const structs = at(rooms, '0.peers') as Row[];
    return Object.fromEntries(structs.map((peer) => [String(at(peer, 'peer_id')), peer['stats'] as Row]));
  }
  const statsOfOne = async (...totals: Row[]): Promise<Row> =>
    (await statsOf({ anna: totals }))['anna'] ?? {};

  it('gives null for video and the other direction of an audio-only peer, and uses the one direction for both', async () => {
    const one = { bitrate: 32, packet_loss: 0, jitter: 5 };
    // d = 40/2 + 2·5 + 20 = 50, R = 93.2: 4.409; the score lacks 1 − 32/40.
    assert.deepEqual(await statsOfOne({}), {
      mos: 4.41,
      score: 9.8,
      call_setup_time: null,
      audio: {
        send: { mos: 4.41, score: 9.8, ...one, rtt: 40 },
        recv: { mos: null, score: null, ...NOTHING },
        ...one,
      },
      video: NO_VIDEO,
    });
  });

  it('reads no round trip from received media of a peer who only receives', async () => {
    const stats = await statsOfOne({ direction: 'recv', rtt_us_sum: 6_000_000, rtt_count: 6 });
    assert.deepEqual(at(stats, 'audio.send'), { mos: null, score: null, ...NOTHING, rtt: null });
    // With the second of round trip that the history has here the score would be 7.8.
    assert.deepEqual(at(stats, 'audio.recv'), {
      mos: 4.41,
      score: 9.8,
      bitrate: 32,
      packet_loss: 0,
      jitter: 5,
    });
    assert.deepEqual([stats['mos'], stats['score']], [4.41, 9.8]);
  });

  it('gives null for a round trip that was never measured', async () => {
    const stats = await statsOfOne({ rtt_us_sum: 0, rtt_count: 0 }, { direction: 'recv' });
    assert.deepEqual(
      [at(stats, 'audio.send.rtt'), at(stats, 'audio.send.mos'), at(stats, 'audio.recv.mos')],
      [null, 4.41, 4.41],
    );
  });

  it('treats one sample like any number of samples', async () => {
    const sample = { bytes: 40_000, active_ms: 10_000, bitrate_sq_ms: 10_240_000, packets_arrived: 500 };
    const reading = { jitter_us_sum: 2500, jitter_count: 1, rtt_us_sum: 40_499, rtt_count: 1 };
    const stats = await statsOfOne({ ...sample, ...reading });
    assert.deepEqual(at(stats, 'audio.send'), {
      mos: 4.41,
      score: 9.8,
      bitrate: 32,
      packet_loss: 0,
      jitter: 3,
      rtt: 40,
    });
  });

  const losses: { title: string; lost: number; arrived: number; loss: number | null; mos: number | null }[] =
    [
      { title: 'nothing lost', lost: 0, arrived: 3000, loss: 0, mos: 4.41 },
      {
        title: 'a negative total, packets that came late, as nothing lost',
        lost: -3,
        arrived: 3000,
        loss: 0,
        mos: 4.41,
      },
      {
        title: 'more late than lost and nothing arrived as not known',
        lost: -3,
        arrived: 0,
        loss: null,
        mos: null,
      },
      { title: 'no report as not known', lost: 0, arrived: 0, loss: null, mos: null },
      // R = 93.2 − 95·100/125.1 = 17.26
      { title: 'all lost as 100 %', lost: 50, arrived: 0, loss: 100, mos: 1.18 },
    ];
  it('reads losses: ' + losses.map(({ title }) => title).join('; '), async () => {
    const totals = losses.map(({ lost, arrived }) => [{ packets_lost: lost, packets_arrived: arrived }]);
    const stats = await statsOf(Object.fromEntries(totals.map((total, index) => [`p${index}`, total])));
    for (const [index, { title, loss, mos }] of losses.entries()) {
      const send = at(stats, `p${index}.audio.send`);
      assert.deepEqual(
        [at(send, 'packet_loss'), at(send, 'mos'), at(send, 'bitrate')],
        [loss, mos, 32],
        title,
      );
      assert.equal(at(send, 'score') === null, loss === null, title);
    }
  });

  it('gives no bitrate for media without duration, and no penalty for missing values', async () => {
    const stats = await statsOfOne({ active_ms: 0, bytes: 100 });
    assert.deepEqual(at(stats, 'audio.send'), {
      mos: 4.41,
      score: 10,
      bitrate: null,
      packet_loss: 0,
      jitter: 5,
      rtt: 40,
    });
  });

  it('counts a muted stretch as time and as unsteadiness', async () => {
    // 30 s of 32 kbit/s and 30 s of none: the mean 16, of squares 512, so that the variation is √(512/256 −
    // 1) = 1.
    const stats = await statsOfOne({ bytes: 120_000, bitrate_sq_ms: 32 * 32 * 30_000 });
    assert.equal(at(stats, 'audio.send.bitrate'), 16);
    // 10 − 0.6 − 0.75 = 8.65
    assert.equal(at(stats, 'audio.send.score'), 8.7);
  });

  it('rounds halves up where binary fractions would round down', async () => {
    const share = (lost: number, arrived: number) => [{ packets_lost: lost, packets_arrived: arrived }];
    const stats = await statsOf({
      a: [{ bytes: 31, active_ms: 16, jitter_us_sum: 2500, jitter_count: 1 }],
      b: share(63, 1937),
      c: share(37, 1963),
      d: share(1, 1999),
    });
    assert.deepEqual([at(stats, 'a.audio.send.bitrate'), at(stats, 'a.audio.send.jitter')], [16, 3]);
    const rounded = ['b', 'c', 'd'].map((peer) => at(stats, `${peer}.audio.send.packet_loss`));
    // 3.15, 1.85, 0.05
    assert.deepEqual(rounded, [3.2, 1.9, 0.1]);
    // 27 threes and 13 twos: 107 / 40 = 2.675
    const peers = Array.from({ length: 40 }, (_, index) => ({
      peer_id: `p${index}`,
      rating: index < 27 ? 3 : 2,
    }));
    const { rooms } = await exportOf(history, { peers }, { fields: 'extended' });
    assert.equal(at(rooms, '0.user'), 2.68);
  });

  it('averages both directions, half up, or uses the only one', async () => {
    const stats = await statsOfOne(
      { packets_lost: 1, packets_arrived: 1999, jitter_count: 0 },
      {
        direction: 'recv',
        bytes: 247_500,
        packets_lost: 3,
        packets_arrived: 4997,
        jitter_us_sum: 8_500,
        jitter_count: 1,
      },
    );
    // (32 + 33) / 2; (0.05 + 0.06) / 2; 8.5 alone
    const { bitrate, packet_loss, jitter } = stats['audio'] as Row;
    assert.deepEqual([bitrate, packet_loss, jitter], [33, 0.1, 9]);
  });

  it('gives the MOS of the published vectors', async () => {
    const still = { jitter_us_sum: 0, rtt_us_sum: 0 };
    const stats = await statsOf({
      // 20 ms
      none: [{ ...still }],
      // R = 51.07
      fifth: [{ ...still, packets_lost: 1, packets_arrived: 4 }],
      // 260/2 + 20 = 150 ms, R = 77.26
      late: [{ ...still, packets_lost: 1, packets_arrived: 19, rtt_us_sum: 260_000, rtt_count: 1 }],
    });
    const mos = ['none', 'fifth', 'late'].map((peer) => at(stats, `${peer}.audio.send.mos`));
    assert.deepEqual(mos, [4.41, 2.63, 3.92]);
  });

  it('uses the round trip of sent media for received media of the same kind', async () => {
    const still = { jitter_us_sum: 0, packets_lost: 1, packets_arrived: 19 };
    const sent = { rtt_us_sum: 260_000, rtt_count: 1 };
    const stats = await statsOf({
      audio: [{ ...sent }, { ...still, direction: 'recv' }],
      other: [
        { ...PICTURE, ...sent },
        { ...still, direction: 'recv' },
      ],
    });
    assert.equal(at(stats, 'audio.audio.recv.mos'), 3.92);
    // d = 20: R = 93.2 − 95·5/30.1 = 77.42
    assert.equal(at(stats, 'other.audio.recv.mos'), 3.92);
    // d = 150 where only video was sent: 4.0706 − 0.3
    assert.equal(at(stats, 'other.video.send.mos'), 3.77);
  });

  it('computes video MOS from bits, pixels, frames and delay, and gives null when one of them is unknown', async () => {
    const stats = await statsOf({
      // 0.56·ln 0.1 + 5.36 = 4.0706, less 0.002·20
      full: [PICTURE],
      // half the frames: less 1.9·ln 2 as well
      slow: [{ ...PICTURE, bytes: 1_728_000, frames: 150 }],
      unsized: [{ ...PICTURE, pixel_ms: 0, sized_ms: 0, frames: 0 }],
      frozen: [{ ...PICTURE, frames: 0 }],
      silent: [{ ...PICTURE, bytes: 0 }],
    });
    const mos = Object.values(stats).map((peer) => at(peer, 'video.send.mos'));
    const expected = { frozen: null, full: 4.03, silent: null, slow: 2.71, unsized: null };
    assert.deepEqual(mos, Object.values(expected));
    assert.deepEqual(Object.keys(stats), Object.keys(expected));
    // The mos of a peer is that of audio; his score that of every direction.
    assert.deepEqual([at(stats, 'full.mos'), at(stats, 'full.score')], [null, 10]);
    // 10 − 2·(1 − 1382.4/1500) − variation √((2764² / 1382.4²) − 1) = 1.73, all of 1
    assert.equal(at(stats, 'slow.score'), 8.8);
  });

  it('takes half of each penalty off the score at the middle of its range', async () => {
    const middle = {
      packets_lost: 21,
      packets_arrived: 379,
      jitter_us_sum: 90_000,
      jitter_count: 1,
      rtt_us_sum: 625_000,
      rtt_count: 1,
    };
    // 20 of 40 kbit/s, 750 of 1500; the mean of squares 1.5625 times the square of the mean, so that the
    // variation is 0.75.
    const audio = { ...middle, bytes: 150_000, bitrate_sq_ms: 625 * 60_000 };
    const video = {
      ...middle,
      media: 'video',
      bytes: 5_625_000,
      bitrate_sq_ms: 878_906.25 * 60_000,
      pixel_ms: 460_800 * 60_000,
      sized_ms: 60_000,
      frames: 1800,
    };
    const stats = await statsOf({
      audio: [audio],
      both: [audio, { ...audio, direction: 'recv' }],
      video: [video],
    });
    // 10 − 2 − 1 − 1 − 0.5 − 0.5; received: no round trip of its own; 10 − 2 − 0.5 − 0.5 − 1 − 0.5 − 0.5
    assert.equal(at(stats, 'audio.audio.send.score'), 5);
    assert.equal(at(stats, 'both.audio.recv.score'), 6);
    assert.equal(at(stats, 'both.score'), 5.5);
    assert.equal(at(stats, 'video.score'), 5);
  });

  it('stays within the scale when everything is as bad as possible', async () => {
    const bad = {
      packets_lost: 1_000_000,
      packets_arrived: 0,
      jitter_us_sum: 90_000_000,
      jitter_count: 1,
      rtt_us_sum: 90_000_000,
      rtt_count: 1,
    };
    const stats = await statsOfOne(
      { ...bad, bytes: 1, bitrate_sq_ms: 1_000_000 },
      { ...bad, ...PICTURE, ...bad, bytes: 1, frames: 1, bitrate_sq_ms: 1_000_000_000 },
    );
    assert.deepEqual(
      [at(stats, 'audio.send.mos'), at(stats, 'audio.send.score'), at(stats, 'video.send.mos')],
      [1, 0, 1],
    );
    // Of video only the size of the picture is good.
    assert.equal(stats['score'], 0.5);
  });
});
