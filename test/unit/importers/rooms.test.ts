// Method: presences made by hand are put together to rooms and peers; what holds for any presences, in any
// order, is a property.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Presence } from '../../../importers/presences.ts';
import { coveredMs, toRooms } from '../../../importers/rooms.ts';
import type { PlacedPresence, Room } from '../../../importers/rooms.ts';
import { AT } from './reading.ts';

const MINUTE = 60_000;

function presence(sourceId: string, changes: Partial<Presence> = {}): Presence {
  const joinedAtMs = changes.joinedAtMs ?? AT;
  const leftAtMs = changes.leftAtMs ?? joinedAtMs + 10 * MINUTE;
  return {
    sourceId,
    roomKey: 'planning',
    roomId: 'Planning',
    roomUrl: null,
    meetingId: null,
    clientMeeting: null,
    peerId: sourceId,
    joinedAtMs,
    leftAtMs,
    connectedMs: [[joinedAtMs, leftAtMs]],
    callSetupMs: null,
    os: '',
    osVersion: '',
    browser: '',
    browserVersion: '',
    sdkVersion: null,
    city: null,
    country: null,
    organization: null,
    audioDevice: null,
    videoDevice: null,
    endReason: null,
    keys: {},
    rating: null,
    pathMs: {},
    ...changes,
  };
}

function roomsOf(presences: readonly Presence[], sessions: Record<string, string> = {}): Room[] {
  return toRooms(presences.map((one) => ({ presence: one, sessionId: sessions[one.sourceId] ?? null })));
}

function peersIn(rooms: readonly Room[]): string[] {
  return rooms.map(({ peers }) => peers.map(({ peer_id }) => peer_id).join(' '));
}

describe('the grouping of presences into rooms', () => {
  it('joins those of one name, in any case, whose times overlap; other times make other sessions', () => {
    const rooms = roomsOf([
      presence('ada'),
      presence('ben', { roomId: 'PLANNING', joinedAtMs: AT + 5 * MINUTE }),
      presence('cleo', { joinedAtMs: AT + 19 * MINUTE }),
      presence('dora', { joinedAtMs: AT + 60 * MINUTE }),
      presence('other', { roomKey: 'other', roomId: 'Other' }),
    ]);
    assert.deepEqual(peersIn(rooms), ['ada ben cleo', 'other', 'dora']);
    assert.deepEqual([rooms[0]?.room.started_at, rooms[0]?.room.ended_at], [AT, AT + 29 * MINUTE]);
  });

  it('joins those with the same meeting id even at different times, and separates different ids at the same time', () => {
    const far = { joinedAtMs: AT + 300 * MINUTE };
    assert.deepEqual(
      peersIn(roomsOf([presence('ada', { meetingId: 'm' }), presence('ben', { meetingId: 'm', ...far })])),
      ['ada ben'],
    );
    assert.deepEqual(
      peersIn(roomsOf([presence('ada', { meetingId: 'm' }), presence('ben', { meetingId: 'n' })])),
      ['ada', 'ben'],
    );
    assert.deepEqual(peersIn(roomsOf([presence('ada', { meetingId: 'm' }), presence('ben')])), ['ada ben']);
  });

  it('joins those in which the same client session took part', () => {
    const far = { joinedAtMs: AT + 300 * MINUTE };
    const rooms = roomsOf([
      presence('a', { clientMeeting: 'c' }),
      presence('b', { clientMeeting: 'c', ...far }),
    ]);
    assert.equal(rooms.length, 1);
  });

  it('uses the meeting’s id as the session, unless another room has it', () => {
    const other = { roomKey: 'other', roomId: 'Other', meetingId: 'm', joinedAtMs: AT + 1 };
    const names = (sessions: Record<string, string>): string[] =>
      roomsOf([presence('ada', { meetingId: 'm' }), presence('ben', other)], sessions).map(
        ({ room }) => room.session_id,
      );
    assert.deepEqual(names({}), ['m', 'm-other']);
    assert.deepEqual(names({ ben: 'm' }), ['m-planning', 'm']);
    assert.deepEqual(roomsOf([presence('ada')])[0]?.room.session_id, 'planning-ada');
  });

  it('keeps the sessions of earlier imports and never merges them', () => {
    const bridge = presence('bridge', { joinedAtMs: AT + 9 * MINUTE, leftAtMs: AT + 40 * MINUTE });
    const rooms = roomsOf([presence('ada'), presence('ben', { joinedAtMs: AT + 30 * MINUTE }), bridge], {
      ada: 's-1',
      ben: 's-2',
    });
    assert.deepEqual(
      rooms.map(({ room }) => room.session_id),
      ['s-1', 's-2'],
    );
    assert.deepEqual(peersIn(rooms), ['ada bridge', 'ben']);
  });

  it('makes one peer of several stays: counts joins, excludes absences, and combines what the stays tell', () => {
    const [room] = roomsOf([
      presence('1', { peerId: 'ada', leftAtMs: AT + 2 * MINUTE, endReason: 'lost', keys: { team: ['a'] } }),
      presence('2', {
        peerId: 'ada',
        joinedAtMs: AT + 4 * MINUTE,
        leftAtMs: AT + 5 * MINUTE,
        endReason: 'left',
        browser: 'Chrome',
        audioDevice: 'Headset',
        callSetupMs: 300,
        rating: 4,
        keys: { team: ['a', 'b'], empty: [] },
        pathMs: { 'HOST/udp': 10, 'TURN/tls': 20 },
      }),
    ]);
    assert.equal(room?.peers.length, 1);
    const [peer] = room.peers;
    assert.deepEqual(
      [peer?.joins, peer?.joined_at, peer?.left_at, peer?.connected_ms],
      [2, AT, AT + 5 * MINUTE, 3 * MINUTE],
    );
    assert.deepEqual(
      [peer?.browser, peer?.audio_device, peer?.call_setup_ms, peer?.rating, peer?.end_reason],
      ['Chrome', 'Headset', 300, 4, 'left'],
    );
    assert.deepEqual(peer?.keys, { team: ['a', 'b'], empty: [] });
    assert.deepEqual([peer.connection_type, peer.media_transport], ['TURN', 'tls']);
  });

  it('counts overlapping time once', () => {
    const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(times, (drawn) => {
        const covered = new Set<number>();
        for (const [from, length] of drawn) for (let ms = from; ms < from + length; ms += 1) covered.add(ms);
        assert.equal(coveredMs(drawn.map(([from, length]) => [from, from + length])), covered.size);
      }),
    );
  });

  it('is independent of order: each presence is in exactly one room, and session ids are unique', () => {
    const drawn = fc.record({
      room: fc.constantFrom('planning', 'other'),
      peer: fc.constantFrom('ada', 'ben', 'cleo'),
      joined: fc.integer({ min: 0, max: 60 }),
      stays: fc.integer({ min: 0, max: 20 }),
      meeting: fc.constantFrom(null, null, 'm', 'n'),
      session: fc.constantFrom(null, null, null, 's-1', 's-2'),
    });
    const placedOf = fc.array(drawn, { minLength: 1, maxLength: 12 }).map((all) =>
      all.map(({ room, peer, joined, stays, meeting, session }, index): PlacedPresence => {
        const joinedAtMs = AT + joined * MINUTE;
        const leftAtMs = joinedAtMs + stays * MINUTE;
        const one = { roomKey: room, roomId: room, peerId: peer, joinedAtMs, leftAtMs, meetingId: meeting };
        // A session belongs to one room.
        return {
          presence: presence(String(index), one),
          sessionId: session === null ? null : `${session}-${room}`,
        };
      }),
    );
    fc.assert(
      fc.property(placedOf, (placed) => {
        const rooms = toRooms(placed);
        const found = rooms.flatMap(({ presences }) => presences.map(({ sourceId }) => sourceId));
        assert.deepEqual([...found].sort(), placed.map(({ presence: { sourceId } }) => sourceId).sort());
        assert.equal(new Set(rooms.map(({ room }) => room.session_id)).size, rooms.length);
        assert.deepEqual(toRooms([...placed].reverse()), rooms);
        for (const { sessionId, presence: one } of placed) {
          const its = rooms.find(({ presences }) => presences.includes(one));
          if (sessionId !== null) assert.equal(its?.room.session_id, sessionId);
        }
      }),
    );
  });
});
