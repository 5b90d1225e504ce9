// Rooms that break the contract over the product's own tables: each fault by itself, what is left out, what
// stays, and that the other rooms of the file are what they would be without. Sums at the limits of their
// types belong here, too.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, exportOf } from './exported-rooms.ts';
import type { HandMadeRooms, Row } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const UINT64_MAX = '18446744073709551615';
const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

interface Case {
  title: string;
  code: string;
  rows: HandMadeRooms;
  /** What stands where in the room. */
  expected: Record<string, unknown>;
}

const CASES: Case[] = [
  {
    title: 'a room that lasted longer than three years: its start is not known',
    code: 'room_time',
    rows: { rooms: [{ started_at: '1970-01-01 00:00:00.000' }] },
    expected: { duration: null, start_time: '1970-01-01T00:00:00.000Z', users: 1 },
  },
  {
    title: 'a peer who left before he joined',
    code: 'peer_time',
    rows: { peers: [{ left_at: '2026-11-23 09:49:59.999' }] },
    expected: { 'peers.0.duration': 60, 'peers.0.start_time': '2026-11-23T09:50:00.000Z' },
  },
  {
    title: 'a time connected that cannot be',
    code: 'peer_count',
    rows: { peers: [{ connected_ms: UINT64_MAX }] },
    expected: { 'peers.0.duration': null },
  },
  {
    title: 'a call set-up of more than a day',
    code: 'call_setup',
    rows: {
      peers: [
        { peer_id: 'a', call_setup_ms: 100_000_001 },
        { peer_id: 'b', call_setup_ms: 7 },
      ],
    },
    expected: { 'peers.0.stats.call_setup_time': null, 'stats.call_setup_time': 7 },
  },
  {
    title: 'a rating below 1',
    code: 'rating',
    rows: { peers: [{ rating: 0 }] },
    expected: { 'peers.0.user': null, user: null },
  },
  {
    title: 'a rating above 5',
    code: 'rating',
    rows: { peers: [{ rating: 6 }] },
    expected: { 'peers.0.user': null, user: null },
  },
  {
    title: 'a connection type of another word',
    code: 'connection_type',
    rows: { peers: [{ connection_type: 'relay', media_transport: 'tls' }] },
    expected: { 'peers.0.features': { connection_type: null, media_transport: 'tls' } },
  },
  {
    title: 'a media transport of another word',
    code: 'media_transport',
    rows: { peers: [{ connection_type: 'HOST', media_transport: 'UDP' }] },
    expected: { 'peers.0.features': { connection_type: 'HOST', media_transport: null } },
  },
  {
    title: 'a total of another medium',
    code: 'total_kind',
    rows: { totals: [{}, { media: 'data', bytes: 1 }] },
    expected: { 'stats.audio.bitrate': 32, 'stats.video.bitrate': null },
  },
  {
    title: 'a total of another direction',
    code: 'total_kind',
    rows: { totals: [{ direction: 'both', bytes: 1 }] },
    expected: { 'stats.audio.bitrate': null, 'measured.audio': 0 },
  },
  {
    title: 'totals of somebody who is no peer of the room',
    code: 'total_of_nobody',
    rows: { totals: [{}, { peer_id: 'ghost', bytes: 1_000_000 }] },
    expected: { users: 1, 'stats.audio.bitrate': 32, 'peers.1': undefined, 'measured.audio': 1 },
  },
  {
    title: 'totals in a room without peers',
    code: 'total_of_nobody',
    rows: { peers: [], totals: [{}] },
    expected: { users: 0, 'stats.mos': null, 'stats.audio.bitrate': null, peers: [], 'measured.mos': 0 },
  },
  {
    title: 'a bitrate beyond all measure, which brings no penalty and no variation either',
    code: 'too_large',
    rows: { totals: [{ bytes: UINT64_MAX }] },
    expected: { 'stats.audio.bitrate': null, 'stats.audio.jitter': 5, 'stats.mos': 4.41, 'stats.score': 10 },
  },
  {
    title: 'a jitter beyond all measure, which the mos takes for none',
    code: 'too_large',
    rows: { totals: [{ jitter_us_sum: UINT64_MAX }] },
    expected: {
      'stats.audio.jitter': null,
      'stats.audio.bitrate': 32,
      'stats.mos': 4.41,
      'stats.score': 9.8,
    },
  },
  {
    title: 'a round trip beyond all measure, for both directions',
    code: 'too_large',
    rows: { totals: [{ rtt_us_sum: UINT64_MAX }, { direction: 'recv' }] },
    expected: {
      'stats.audio.send.rtt': null,
      'peers.0.stats.audio.send.mos': 4.41,
      'peers.0.stats.audio.recv.mos': 4.41,
    },
  },
  {
    title: 'frames and pixels beyond all measure: the picture is not known',
    code: 'too_large',
    rows: { totals: [{ media: 'video', pixel_ms: UINT64_MAX, sized_ms: 1, frames: UINT64_MAX }] },
    expected: {
      'peers.0.stats.video.send.mos': null,
      'peers.0.stats.video.send.fps': null,
      'stats.video.bitrate': 32,
    },
  },
];

describe('the export of rooms that break the contract', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  for (const { title, code, rows, expected } of CASES) {
    it(`counts ${title} (${code})`, async () => {
      const { rooms, faults } = await exportOf(history, rows, { fields: 'extended' });
      const found = Object.keys(expected).map((path) => [path, at(rooms[0], path)]);
      assert.deepEqual(Object.fromEntries(found), expected);
      assert.deepEqual(faults, [{ codes: code, sessionId: 's1' }]);
    });
  }

  it('counts repeated totals even when no peer can show them', async () => {
    const other = { media: 'data', bytes: 1 };
    const ghost = { peer_id: 'ghost', bytes: 1 };
    const codesOf = async (totals: Row[]) => (await exportOf(history, { totals })).faults;
    const view = (extra: string) =>
      history.connection.command({
        query: `CREATE OR REPLACE VIEW export_track_totals AS SELECT * EXCEPT n REPLACE (version + n AS version) FROM track_totals FINAL ${extra}`,
      });
    await view('ARRAY JOIN [0, 1] AS n');
    assert.deepEqual(await codesOf([other]), [{ codes: 'total_twice,total_kind', sessionId: 's1' }]);
    assert.deepEqual(await codesOf([ghost]), [{ codes: 'total_twice,total_of_nobody', sessionId: 's1' }]);
    await view('ARRAY JOIN [0] AS n');
    assert.deepEqual(await codesOf([other, ghost]), [
      { codes: 'total_kind,total_of_nobody', sessionId: 's1' },
    ]);
  });

  it('counts the same in the standard fields', async () => {
    for (const { rows, code } of CASES.filter((each) =>
      ['peer_count', 'total_kind', 'rating'].includes(each.code),
    )) {
      const { faults } = await exportOf(history, rows);
      assert.deepEqual(faults, [{ codes: code, sessionId: 's1' }]);
    }
  });

  it('names every fault of a room once, in one line, and leaves the rooms around it unchanged', async () => {
    const sound = (session_id: string): HandMadeRooms => ({
      rooms: [{ session_id }],
      peers: [{ session_id, call_setup_ms: 200, keys: { a: ['b'] } }],
      totals: [{ session_id }],
    });
    const broken: HandMadeRooms = {
      rooms: [{ session_id: 'm', ended_at: '2026-11-23 09:00:00.000' }],
      peers: ['p', 'q'].map((peer_id) => ({ session_id: 'm', peer_id, rating: 9, connection_type: 'wire' })),
      totals: [
        { session_id: 'm', peer_id: 'p', media: 'data' },
        { session_id: 'm', peer_id: 'nobody' },
      ],
    };
    const all = [sound('a'), broken, sound('z')];
    const joined = (parts: HandMadeRooms[]) => ({
      rooms: parts.flatMap(({ rooms = [] }) => rooms),
      peers: parts.flatMap(({ peers = [] }) => peers),
      totals: parts.flatMap(({ totals = [] }) => totals),
    });
    const with3 = await exportOf(history, joined(all));
    const with2 = await exportOf(history, joined([sound('a'), sound('z')]));
    assert.deepEqual([with3.rooms[0], with3.rooms[2]], with2.rooms);
    assert.deepEqual(with3.faults, [
      { codes: 'room_time,rating,connection_type,total_kind,total_of_nobody', sessionId: 'm' },
    ]);
    assert.deepEqual(with2.faults, []);
  });

  it('names a room whose session id has control characters or is very long, without breaking the file', async () => {
    const ids = ['a\u0002b\tc\nd\u0001', 'x'.repeat(5000)];
    const late = { ended_at: '2026-11-23 09:00:00.000' };
    const { rooms, faults } = await exportOf(
      history,
      { rooms: ids.map((session_id) => ({ session_id, ...late })), peers: [] },
      { fields: 'extended' },
    );
    assert.deepEqual(
      rooms.map(({ session_id }) => session_id),
      ids,
    );
    assert.deepEqual(
      faults.map(({ sessionId }) => sessionId),
      ['a?b?c?d?', 'x'.repeat(256)],
    );
  });

  it('computes sums at the limits of their types without overflow', async () => {
    const full: Row = {
      bytes: UINT64_MAX,
      active_ms: UINT64_MAX,
      packets: UINT64_MAX,
      packets_arrived: UINT64_MAX,
      packets_lost: INT64_MAX,
      jitter_us_sum: UINT64_MAX,
      jitter_count: UINT64_MAX,
      rtt_us_sum: UINT64_MAX,
      rtt_count: UINT64_MAX,
      bitrate_sq_ms: UINT64_MAX,
      pixel_ms: UINT64_MAX,
      sized_ms: UINT64_MAX,
      frames: UINT64_MAX,
      freezes: 4_294_967_295,
    };
    const { rooms, text, faults } = await exportOf(
      history,
      {
        totals: [
          { ...full, media: 'video' },
          { ...full, direction: 'recv', packets_lost: INT64_MIN },
        ],
      },
      { fields: 'extended' },
    );
    const video = at(rooms, '0.peers.0.stats.video.send') as Row;
    // 8·n/n; 2⁶³ of 2⁶³ + 2⁶⁴; n/n µs; 1000·n/n frames a second of one pixel
    assert.deepEqual(
      [video['bitrate'], video['packet_loss'], video['jitter'], video['rtt'], video['fps']],
      [8, 33.3, 0, 0, 1000],
    );
    assert.equal(at(rooms, '0.peers.0.stats.audio.recv.packet_loss'), 0);
    for (const written of [
      `"bytes":${UINT64_MAX},`,
      `"packets_lost":${INT64_MAX},`,
      `"packets_lost":${INT64_MIN},`,
      '"active_time":18446744073709552,',
    ])
      assert.ok(text.includes(written), written);
    assert.deepEqual(faults, []);
  });

  it('averages the largest quantities without overflow', async () => {
    const peers = Array.from({ length: 1000 }, (_, index) => ({
      peer_id: `p${index}`,
      call_setup_ms: 100_000_000,
    }));
    const largest = {
      bytes: 12_500_000_000,
      active_ms: 1000,
      jitter_us_sum: 100_000_000_000,
      jitter_count: 1,
    };
    const totals = peers.map(({ peer_id }) => ({ peer_id, ...largest }));
    const { rooms, faults } = await exportOf(history, { peers, totals });
    const { call_setup_time, audio } = rooms[0]?.['stats'] as Row;
    assert.deepEqual(
      [call_setup_time, at(audio, 'bitrate'), at(audio, 'jitter')],
      [100_000_000, 100_000_000, 100_000_000],
    );
    assert.deepEqual(faults, []);
  });
});
