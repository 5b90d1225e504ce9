// Edges of how a call was measured, from raw ticks through analyse to the file: what is delivered twice,
// reset, added up, muted or late. Each test has its own project in one database; what is expected was worked
// out by hand.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { analyse } from '../../history/analyse.ts';
import { at, exportProject, HOUR_START_MS, peerOf, roomOf } from './exported-rooms.ts';
import type { ExportOptions, Row } from './exported-rooms.ts';
import { makeHistoryDatabase, toSeconds } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const JOINED_MS = HOUR_START_MS - 600_000;
const TICK_MS = 10_000;

/** The n-th tick of ten seconds of 32 kbit/s of audio sent, with a reading of 5 ms of jitter. */
function tick(n: number, fields: Row = {}): Row {
  const flow = { bytes: 40_000, packets: 500, packets_lost: 0, packets_arrived: 500, jitter_us: 5000 };
  const what = { connection_id: 'c1', media: 'audio', direction: 'send', codec: 'opus' };
  return { ...what, tick_end: toSeconds(JOINED_MS + n * TICK_MS), tick_ms: TICK_MS, ...flow, ...fields };
}

describe('the export of measured ticks', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  /** The only peer of a room with these ticks. Each batch is a delivery of its own. */
  async function peerWith(deliveries: Row[][], peer: Row = {}, options: ExportOptions = {}): Promise<Row> {
    const project_id = randomUUID();
    for (const ticks of deliveries)
      await history.insert(
        'media_samples',
        ticks.map((row) => ({ session_id: 's1', peer_id: 'anna', ...row, project_id })),
      );
    await history.insert('peers', [{ ...peerOf(peer), project_id }]);
    await history.insert('rooms', [{ ...roomOf(), project_id }]);
    await analyse(history.connection, {
      projectId: project_id,
      finalizedFromMs: HOUR_START_MS,
      finalizedToMs: HOUR_START_MS + 1,
    });
    const { rooms, faults } = await exportProject(history, project_id, options);
    assert.deepEqual(faults, []);
    return at(rooms, '0.peers.0') as Row;
  }

  it('counts a sample that was delivered twice once', async () => {
    const ticks = [tick(1), tick(2), tick(3)];
    const once = await peerWith([ticks], {}, { fields: 'extended' });
    const twice = await peerWith([ticks, ticks, [tick(2)]], {}, { fields: 'extended' });
    assert.deepEqual(twice, once);
    assert.equal(at(once, 'stats.audio.send.bytes'), 120_000);
  });

  it('starts counters from zero when a peer comes back with a new connection', async () => {
    // Two stays of 30 s with a minute between them; the second one's counters begin at nothing, and so do its
    // ticks.
    const first = [1, 2, 3].map((n) => tick(n));
    const second = [10, 11, 12].map((n) => tick(n, { connection_id: 'c2' }));
    const peer = await peerWith([first, second], { joins: 2, connected_ms: 60_000 }, { fields: 'extended' });
    assert.deepEqual([peer['duration'], peer['joins']], [60, 2]);
    const { bitrate, bytes, active_time, score } = at(peer, 'stats.audio.send') as Row;
    assert.deepEqual([bitrate, bytes, active_time, score], [32, 240_000, 60, 9.8]);
  });

  it('adds up two simultaneous connections of one peer, and counts the time once', async () => {
    const peer = await peerWith(
      [
        [
          tick(1),
          tick(1, {
            connection_id: 'c2',
            bytes: 20_000,
            packets: 250,
            packets_arrived: 250,
            jitter_us: 9000,
          }),
        ],
      ],
      {},
      { fields: 'extended' },
    );
    // 8 · 60 000 / 10 000; (5 + 9) / 2
    const { bitrate, jitter, packets, active_time } = at(peer, 'stats.audio.send') as Row;
    assert.deepEqual([bitrate, jitter, packets, active_time], [48, 7, 750, 10]);
  });

  it('treats simulcast layers as one track with the sum of their bits and the largest picture', async () => {
    // 1200 + 300 + 100 kbit/s in 10 s, as one row of the tick; 1280 × 720 is the largest layer, at 30 frames
    // a second.
    const video = {
      media: 'video',
      bytes: 2_000_000,
      codec: 'VP8',
      width: 1280,
      height: 720,
      pixels: 921_600,
      frames: 300,
    };
    const peer = await peerWith([[tick(1, video)]], {}, { fields: 'extended' });
    const { bitrate, width, height, fps } = at(peer, 'stats.video.send') as Row;
    assert.deepEqual([bitrate, width, height, fps], [1600, 1280, 720, 30]);
    // 0.56·ln(1 600 000 / 921 600 / 30) + 5.36 = 3.7644; d = 2·5 + 20: less 0.06
    assert.equal(at(peer, 'stats.video.send.mos'), 3.7);
  });

  it('counts a muted stretch as time', async () => {
    const muted = { bytes: 0, packets: 0, packets_arrived: 0, jitter_us: null };
    const peer = await peerWith([[tick(1), tick(2, muted)]], {}, { fields: 'extended' });
    const { bitrate, jitter, active_time } = at(peer, 'stats.audio.send') as Row;
    assert.deepEqual([bitrate, jitter, active_time], [16, 5, 20]);
  });

  it('offsets late packets of one sample against losses of another, and never goes below zero losses', async () => {
    const lossOf = async (...lost: number[]) => {
      const ticks = lost.map((packets_lost, n) =>
        tick(n + 1, { packets_lost, packets_arrived: 100 - packets_lost }),
      );
      return at(await peerWith([ticks]), 'stats.audio.send.packet_loss');
    };
    // 5 − 3 of 200
    assert.equal(await lossOf(5, -3), 1);
    assert.equal(await lossOf(5, -8), 0);
  });

  it('gives null losses when the far end never reported, and zero when it reported none', async () => {
    const sentOf = async (arrived: number) =>
      at(
        await peerWith([[tick(1, { packets_arrived: arrived })]], {}, { fields: 'extended' }),
        'stats.audio.send',
      );
    const [unreported, reported] = [await sentOf(0), await sentOf(500)];
    assert.deepEqual([at(unreported, 'packets'), at(unreported, 'packets_lost')], [500, null]);
    assert.deepEqual([at(reported, 'packets'), at(reported, 'packets_lost')], [500, 0]);
  });

  it('names the codec with the most packets', async () => {
    const ticks = [tick(1), tick(2, { codec: 'red', packets: 900 }), tick(3)];
    const peer = await peerWith([ticks], {}, { fields: 'extended' });
    assert.equal(at(peer, 'stats.audio.send.codec'), 'opus');
  });
});
