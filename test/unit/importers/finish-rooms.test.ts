// Method: rows made by hand become columns and finished rooms. Their values are those that a wrong column
// would change: ids that bytes and UTF-16 order differently, counters that no double holds, unknown values,
// keys without a value. test/contract/import-dry-run.test.ts compares the finished rooms of whole dumps with
// those of a ClickHouse.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBatches } from '../../../document/history-batches.ts';
import { VIEW_COLUMNS } from '../../../document/history-contract.ts';
import { finishRooms } from '../../../importers/finish-rooms.ts';
import type { PeerRow, Room } from '../../../importers/rooms.ts';
import { toArrowStream } from '../../../importers/row-columns.ts';
import { assertFile } from '../../schema-check.ts';

const AT = 1_764_000_000_000;

describe('the finished rooms of a dry run', () => {
  it('are empty when nothing was imported', () => {
    assert.deepEqual(finish([]), []);
  });

  it('are ordered by the bytes of their session ids, and so are peers who joined at the same time', () => {
    const ids = ['😀', '\uFB00', 'a'];
    const rooms = finish(
      ids.map((id) =>
        room(
          id,
          ids.map((peerId) => peer(id, { peer_id: peerId })),
        ),
      ),
    );
    const inOrder = ['a', '\uFB00', '😀'];
    assert.deepEqual(
      rooms.map(({ room_id }) => room_id),
      inOrder,
    );
    for (const { peers } of rooms)
      assert.deepEqual(
        peers.map(({ peer_id }) => peer_id),
        inOrder,
      );
  });

  it('contain what is known of a peer, and null for the rest', () => {
    const known = peer('s', {
      peer_id: 'known',
      os: 'Linux',
      city: 'Zürich',
      audio_device: 'Headset "1"',
      keys: { team: ['platform'], roles: ['host', 'presenter'], none: [] },
      call_setup_ms: 250,
    });
    const [shown] = finish([room('s', [peer('s', { peer_id: 'unknown' }), known])]);
    const picked = shown?.peers.map(({ peer_id, os, audio_device, location, keys, stats }) => [
      peer_id,
      os,
      audio_device,
      location.city,
      keys,
      stats.call_setup_time,
    ]);
    assert.deepEqual(picked, [
      [
        'known',
        'Linux',
        'Headset "1"',
        'Zürich',
        { none: [], roles: ['host', 'presenter'], team: 'platform' },
        250,
      ],
      ['unknown', null, null, null, {}, null],
    ]);
  });
});

describe('the conversion of rows to the columns of a scan', () => {
  it('keeps every digit, every text and every null', () => {
    const rows = [
      { session_id: 'ü', bytes: 2n ** 64n - 1n, packets_lost: -(2n ** 63n), codec: 'VP8' },
      { session_id: '', bytes: null, packets_lost: -1, codec: '' },
      { session_id: 'z', bytes: 7, packets_lost: 2n ** 63n - 1n, codec: 'VP8' },
    ];
    const columns = ['session_id', 'bytes', 'packets_lost', 'codec'] as const;
    const stream = toArrowStream(VIEW_COLUMNS.export_track_totals, columns, rows);
    const [batch, ...more] = decodeBatches(stream, (decoded) => decoded);
    assert.ok(batch !== undefined && more.length === 0);
    for (const [index, row] of rows.entries()) {
      for (const column of columns) {
        const value = row[column];
        const text = JSON.stringify([typeof value === 'string' || value === null ? value : String(value)]);
        assert.equal(batch.contentAt(column, index), text, `${column} of row ${index}`);
      }
    }
    assert.equal(batch.count('bytes').digitsAt(0), '18446744073709551615');
  });
});

interface FinishedRoom {
  room_id: string;
  peers: {
    peer_id: string;
    os: string | null;
    audio_device: string | null;
    location: { city: string | null };
    keys: Record<string, unknown>;
    stats: { call_setup_time: number | null };
  }[];
}

function finish(rooms: Room[]): FinishedRoom[] {
  const lines = finishRooms({ projectId: 'p', finalizedAtMs: AT + 3_600_000, rooms, trackTotals: [] });
  assertFile(Buffer.from(lines.map((line) => `${line}\n`).join('')), {
    fields: 'standard',
    format: 'ndjson',
  });
  return lines.map((line) => JSON.parse(line) as FinishedRoom);
}

function room(sessionId: string, peers: PeerRow[]): Room {
  return {
    room: { session_id: sessionId, room_id: sessionId, room_url: '', started_at: AT, ended_at: AT + 60_000 },
    peers,
    presences: [],
  };
}

function peer(sessionId: string, known: Partial<PeerRow> & { peer_id: string }): PeerRow {
  return {
    session_id: sessionId,
    joined_at: AT,
    left_at: AT + 60_000,
    connected_ms: 59_000,
    joins: 1,
    os: '',
    os_version: '',
    browser: '',
    browser_version: '',
    sdk_version: '',
    city: '',
    country: '',
    organization: '',
    connection_type: '',
    media_transport: '',
    audio_device: '',
    video_device: '',
    end_reason: '',
    keys: {},
    call_setup_ms: null,
    rating: null,
    ...known,
  };
}
