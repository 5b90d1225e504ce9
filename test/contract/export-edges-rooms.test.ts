// Edges of rooms and peers, each a room written by hand and exported by the exporter's user; what is expected
// was worked out by hand.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, exportOf, HOUR_MS, HOUR_START_MS } from './exported-rooms.ts';
import type { Row } from './exported-rooms.ts';
import { makeHistoryDatabase, toSeconds } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const NOTHING = { bitrate: null, packet_loss: null, jitter: null };
const NO_ROOM_STATS = {
  mos: null,
  score: null,
  call_setup_time: null,
  audio: { send: { ...NOTHING, rtt: null }, recv: NOTHING, ...NOTHING },
  video: { send: { ...NOTHING, rtt: null }, recv: NOTHING, ...NOTHING },
};

describe('the export of rooms and peers', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  it('includes a room without peers: no users, no peer structs, nothing measured', async () => {
    const { rooms, text, faults } = await exportOf(history, { peers: [] });
    assert.deepEqual(rooms, [
      {
        room_url: 'https://monitor.example/s1',
        room_id: 'room',
        start_time: '2026-11-23T09:50:00.000Z',
        end_time: '2026-11-23T09:51:00.000Z',
        duration: 60,
        users: 0,
        stats: NO_ROOM_STATS,
        peers: [],
      },
    ]);
    assert.ok(text.startsWith('[\n{"room_url":') && text.endsWith(',"peers":[]}\n]\n'));
    assert.deepEqual(faults, []);
  });

  it('includes a peer without media, with all measurements null', async () => {
    const { rooms, faults } = await exportOf(history, { peers: [{ call_setup_ms: 321 }] });
    assert.deepEqual(at(rooms, '0.stats'), { ...NO_ROOM_STATS, call_setup_time: 321 });
    assert.deepEqual(at(rooms, '0.peers.0.stats'), {
      mos: null,
      score: null,
      call_setup_time: 321,
      audio: {
        send: { mos: null, score: null, ...NOTHING, rtt: null },
        recv: { mos: null, score: null, ...NOTHING },
        ...NOTHING,
      },
      video: { send: { mos: null, ...NOTHING, rtt: null }, recv: { mos: null, ...NOTHING }, ...NOTHING },
    });
    assert.deepEqual(faults, []);
  });

  it('does the same in the extended fields, and says that nobody was measured', async () => {
    const { rooms } = await exportOf(history, {}, { fields: 'extended' });
    const more = {
      codec: null,
      packets: null,
      packets_lost: null,
      bytes: null,
      active_time: null,
      jitter_max: null,
    };
    const picture = { width: null, height: null, fps: null, freezes: null };
    assert.deepEqual(at(rooms, '0.peers.0.stats.video'), {
      send: { mos: null, ...NOTHING, rtt: null, ...more, rtt_max: null, ...picture },
      recv: { mos: null, ...NOTHING, ...more, ...picture },
      ...NOTHING,
    });
    assert.deepEqual(at(rooms, '0.measured'), { mos: 0, score: 0, audio: 0, video: 0 });
    assert.equal(at(rooms, '0.user'), null);
  });

  it('rounds half seconds up: 0 ms are 0 s, 499 are 0, 500 are 1, and 28 800 000 are 8 hours', async () => {
    const lengths = [0, 499, 500, 28_800_000];
    const startedMs = HOUR_START_MS - HOUR_MS * 9;
    const { rooms, faults } = await exportOf(history, {
      rooms: lengths.map((ms, index) => ({
        session_id: `s${index}`,
        started_at: toSeconds(startedMs),
        ended_at: toSeconds(startedMs + ms),
      })),
      peers: lengths.map((ms, index) => ({ session_id: `s${index}`, connected_ms: ms })),
    });
    assert.deepEqual(
      rooms.map((room) => room['duration']),
      [0, 0, 1, 28_800],
    );
    assert.deepEqual(
      rooms.map((room) => at(room, 'peers.0.duration')),
      [0, 0, 1, 28_800],
    );
    assert.deepEqual(faults, []);
  });

  it('gives no duration for a room that ended before it started, keeps both times, and counts the fault', async () => {
    const { rooms, faults } = await exportOf(history, {
      rooms: [{ started_at: '2026-11-23 09:50:00.001', ended_at: '2026-11-23 09:50:00.000' }],
    });
    assert.deepEqual(
      [at(rooms, '0.start_time'), at(rooms, '0.end_time'), at(rooms, '0.duration')],
      ['2026-11-23T09:50:00.001Z', '2026-11-23T09:50:00.000Z', null],
    );
    assert.deepEqual(faults, [{ codes: 'room_time', sessionId: 's1' }]);
  });

  it('puts a room into the interval in which it was finalised, and one on a border into the later interval', async () => {
    const room = (session_id: string, finalizedMs: number): Row => ({
      session_id,
      room_id: session_id,
      finalized_at: toSeconds(finalizedMs),
      started_at: toSeconds(HOUR_START_MS - 5 * HOUR_MS),
      ended_at: toSeconds(finalizedMs - 10),
    });
    const rooms = [
      room('before', HOUR_START_MS - 1),
      room('first', HOUR_START_MS),
      room('last', HOUR_START_MS + HOUR_MS - 1),
      room('after', HOUR_START_MS + HOUR_MS),
    ];
    const names = async (fromMs: number) =>
      (await exportOf(history, { rooms, peers: [] }, { fromMs, toMs: fromMs + HOUR_MS })).rooms.map(
        ({ room_id }) => room_id,
      );
    assert.deepEqual(await names(HOUR_START_MS - HOUR_MS), ['before']);
    assert.deepEqual(await names(HOUR_START_MS), ['first', 'last']);
    assert.deepEqual(await names(HOUR_START_MS + HOUR_MS), ['after']);
  });

  it('shows the highest version of a corrected room', async () => {
    const { rooms } = await exportOf(history, {
      rooms: [
        { version: 2, room_id: 'corrected' },
        { version: 1, room_id: 'first' },
      ],
      peers: [
        { version: 7, os: 'Linux' },
        { version: 3, os: 'Windows' },
      ],
      totals: [{ version: 1 }, { version: 2, bytes: 300_000 }],
    });
    const { room_id, users } = rooms[0] ?? {};
    assert.deepEqual([rooms.length, room_id, users, at(rooms, '0.peers.0.os')], [1, 'corrected', 1, 'Linux']);
    // 8 · 300 000 / 60 000
    assert.equal(at(rooms, '0.peers.0.stats.audio.send.bitrate'), 40);
  });

  it('includes a key that was added late', async () => {
    const { rooms } = await exportOf(history, {
      peers: [{ keys: { plan: ['free'] } }, { version: 2, keys: { plan: ['free'], customer: ['c-1'] } }],
    });
    assert.deepEqual(at(rooms, '0.peers.0.keys'), { customer: 'c-1', plan: 'free' });
  });

  it('shows a room_id that occurs twice as two rooms, ordered by finalisation time, then by session', async () => {
    const { rooms } = await exportOf(
      history,
      {
        rooms: [
          { session_id: 's3', finalized_at: toSeconds(HOUR_START_MS + 5) },
          { session_id: 's2', finalized_at: toSeconds(HOUR_START_MS + 9) },
          { session_id: 's1', finalized_at: toSeconds(HOUR_START_MS + 9) },
        ],
        peers: [],
      },
      { fields: 'extended' },
    );
    assert.deepEqual(
      rooms.map(({ room_id }) => room_id),
      ['room', 'room', 'room'],
    );
    assert.deepEqual(
      rooms.map(({ session_id }) => session_id),
      ['s3', 's1', 's2'],
    );
  });

  it('orders peers by their first join, then by peer_id', async () => {
    const joined = (peer_id: string, ms: number) => ({
      peer_id,
      joined_at: toSeconds(HOUR_START_MS - 600_000 + ms),
    });
    const { rooms } = await exportOf(history, {
      peers: [joined('c', 1), joined('b', 2), joined('a', 2), joined('B', 2), joined('é', 2), joined('z', 2)],
    });
    const names = (at(rooms, '0.peers') as Row[]).map(({ peer_id }) => peer_id);
    assert.deepEqual(names, ['c', 'B', 'a', 'b', 'z', 'é']);
  });

  it('averages the peers that have a value, with equal weight, half up', async () => {
    const { rooms } = await exportOf(
      history,
      {
        peers: [
          { peer_id: 'a', call_setup_ms: 100, rating: 5 },
          { peer_id: 'b', call_setup_ms: 101, rating: 2 },
          { peer_id: 'c', rating: 1 },
        ],
        totals: [
          { peer_id: 'a', bytes: 240_000 },
          { peer_id: 'b', bytes: 247_500, active_ms: 60_000 },
        ],
      },
      { fields: 'extended' },
    );
    // (100 + 101) / 2 = 100.5; (32 + 33) / 2 = 32.5; (5 + 2 + 1) / 3 = 2.666…
    assert.equal(at(rooms, '0.stats.call_setup_time'), 101);
    assert.equal(at(rooms, '0.stats.audio.send.bitrate'), 33);
    assert.equal(at(rooms, '0.user'), 2.67);
    assert.deepEqual(at(rooms, '0.measured'), { mos: 2, score: 2, audio: 2, video: 0 });
  });

  it('includes everything known of a room and a peer in the extended fields', async () => {
    const { rooms } = await exportOf(
      history,
      {
        peers: [{ joins: 3, rating: 4, end_reason: 'timeout' }],
        totals: [{}, { direction: 'recv', packets_lost: -2 }],
      },
      { fields: 'extended' },
    );
    const { session_id, finalized_at, schema_version } = rooms[0] ?? {};
    assert.deepEqual([session_id, finalized_at, schema_version], ['s1', '2026-11-23T10:00:00.000Z', 1]);
    const { end_time, joins, user, end_reason } = at(rooms, '0.peers.0') as Row;
    assert.deepEqual([end_time, joins, user, end_reason], ['2026-11-23T09:51:00.000Z', 3, 4, 'timeout']);
    const send = at(rooms, '0.peers.0.stats.audio.send') as Row;
    const recv = at(rooms, '0.peers.0.stats.audio.recv') as Row;
    // 7.5 ms and 60.4 ms; what is received has no round trip, though the history has one.
    assert.deepEqual(Object.entries(send).slice(6), [
      ['codec', 'opus'],
      ['packets', 3000],
      ['packets_lost', 0],
      ['bytes', 240_000],
      ['active_time', 60],
      ['jitter_max', 8],
      ['rtt_max', 60],
    ]);
    assert.deepEqual([recv['packets_lost'], 'rtt_max' in recv], [-2, false]);
  });

  it('includes each peer of a room of a thousand once and in order', async () => {
    const peers = Array.from({ length: 1000 }, (_, index) => ({
      peer_id: `p${String(index).padStart(4, '0')}`,
      joined_at: toSeconds(HOUR_START_MS - 600_000 + (999 - index)),
    }));
    const totals = peers.map(({ peer_id }, index) => ({ peer_id, bytes: 7500 * (index + 1) }));
    const { rooms, faults } = await exportOf(history, { peers, totals });
    assert.deepEqual([at(rooms, '0.users'), faults], [1000, []]);
    const names = (at(rooms, '0.peers') as Row[]).map(({ peer_id }) => peer_id);
    assert.deepEqual(names, peers.map(({ peer_id }) => peer_id).reverse());
    // 1, 2, … 1000 kbit/s: the mean is 500.5.
    assert.equal(at(rooms, '0.stats.audio.send.bitrate'), 501);
  });

  it('includes a room of five megabytes completely', async () => {
    const text = '0123456789'.repeat(500);
    const peers = Array.from({ length: 1000 }, (_, index) => ({
      peer_id: `p${index}`,
      keys: { text: [text] },
    }));
    const { rooms, text: file } = await exportOf(history, { peers });
    assert.ok(file.length > 5_000_000, `${file.length} bytes`);
    assert.ok((at(rooms, '0.peers') as Row[]).every((peer) => at(peer, 'keys.text') === text));
  });
});
