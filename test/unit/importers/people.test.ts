// Method: dumps of one browser with several tabs, at a time and one after another, and calls of several
// connections are read; users and set-up time are looked at.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioSent } from './calls.ts';
import { AT, toDump } from './reading.ts';
import { importOf, onlyPeerOf } from './totals.ts';

const ROOM = 'https://example.org/room/planning';

interface Tab {
  /** `rid-lid`. */
  id: string;
  pid?: number;
  url?: string;
  fromS: number;
  toS: number;
}

/** What webrtc-internals saves of tabs that each send audio. */
function internalsOf(tabs: readonly Tab[]): Buffer {
  const connections = tabs.map(({ id, pid = 7, url = ROOM, fromS, toS }) => {
    const seconds = Array.from({ length: toS - fromS + 1 }, (_none, index) => index + 1);
    const column = (values: readonly unknown[]): object => ({
      startTime: new Date(AT + 1000 * fromS).toISOString(),
      endTime: new Date(AT + 1000 * toS).toISOString(),
      statsType: 'outbound-rtp',
      values: JSON.stringify(values),
    });
    const stats = {
      'OT1-kind': column(seconds.map(() => 'audio')),
      'OT1-packetsSent': column(seconds.map((second) => 50 * second)),
      'OT1-bytesSent': column(seconds.map((second) => 4000 * second)),
    };
    const updateLog = [
      { timestamp: AT + 1000 * fromS - 500, type: 'onconnectionstatechange', value: '"connected"' },
    ];
    return [id, { pid, url, stats, updateLog }] as const;
  });
  return Buffer.from(JSON.stringify({ getUserMedia: [], PeerConnections: Object.fromEntries(connections) }));
}

async function usersOf(tabs: readonly Tab[]): Promise<{ users: number; joins: number[] }> {
  const { rooms } = await importOf(internalsOf(tabs));
  assert.equal(rooms.length, 1);
  const peers = rooms[0]?.peers ?? [];
  return { users: peers.length, joins: peers.map(({ joins }) => joins) };
}

describe('the tabs of one browser', () => {
  it('are two users when they are in a room at the same time and their pages differ', async () => {
    assert.deepEqual(
      await usersOf([
        { id: '3-1', fromS: 1, toS: 20 },
        { id: '5-1', fromS: 10, toS: 30 },
      ]),
      { users: 2, joins: [1, 1] },
    );
  });

  it('are two users when they are in a room at the same time and only their processes differ', async () => {
    assert.deepEqual(
      await usersOf([
        { id: '3-1', pid: 7, fromS: 1, toS: 20 },
        { id: '3-2', pid: 8, fromS: 1, toS: 20 },
      ]),
      { users: 2, joins: [1, 1] },
    );
  });

  it('are one user who came back when they are in a room one after another', async () => {
    assert.deepEqual(
      await usersOf([
        { id: '3-1', fromS: 1, toS: 20 },
        { id: '5-1', fromS: 40, toS: 60 },
      ]),
      { users: 1, joins: [2] },
    );
  });

  it('are one user when one page has two connections', async () => {
    assert.deepEqual(
      await usersOf([
        { id: '3-1', fromS: 1, toS: 20 },
        { id: '3-2', fromS: 1, toS: 20 },
      ]),
      { users: 1, joins: [1] },
    );
  });

  it('are also told apart in Chrome’s RTCStatsDump, with the devices that each opened', async () => {
    const success = 'navigator.mediaDevices.getUserMediaOnSuccess';
    const reading = (id: string, second: number): unknown[] => [
      'getStats',
      id,
      { A: audioSent(second, { timestamp: AT + 1000 * second }) },
      AT + 1000 * second,
    ];
    const dump = Buffer.concat([
      Buffer.from('RTCStatsDump\n{"fileFormat":3}\n'),
      toDump([
        ['create', null, {}, AT],
        [success, '3-0', [['audio', 'a', 'Headset', 's']], 'x', 0],
        [success, '5-0', [['audio', 'a', 'Built-in', 's']], 'x', 0],
        ['create', '3-1', {}, ROOM, 0],
        ['create', '5-1', {}, ROOM, 0],
        ...[1, 2, 3].flatMap((second) => [reading('3-1', second), reading('5-1', second)]),
      ]),
    ]);
    const { rooms } = await importOf(dump);
    assert.deepEqual(
      rooms.map(({ peers }) => peers.map(({ audio_device }) => audio_device).sort()),
      [['Built-in', 'Headset']],
    );
  });

  it('belong to the user whom the service names, however many tabs there are', async () => {
    const reading = (second: number): unknown[] => [
      'getStats',
      '3-1',
      { A: audioSent(second, { timestamp: AT + 1000 * second }) },
      AT + 1000 * second,
    ];
    const dump = toDump([
      ['identity', null, { userId: 'ada', confName: 'Planning' }, AT],
      ['create', '3-1', {}, ROOM, 0],
      ...[1, 2, 3].map(reading),
    ]);
    const { peer, room } = await onlyPeerOf(dump);
    assert.deepEqual([peer.peer_id, room.room.room_id], ['ada', 'Planning']);
  });
});

describe('the call set-up time', () => {
  const state = (connection: string, name: string, value: string, ms: number): unknown[] => [
    name,
    connection,
    value,
    AT + ms,
  ];
  const reading = (connection: string, second: number): unknown[] => [
    'getstats',
    connection,
    { A: audioSent(second), timestamp: AT + 1000 * second },
    AT + 1000 * second,
  ];

  it('ends with the connection that carries media, not with an earlier one that carried none', async () => {
    const dump = toDump([
      ['create', 'PC_0', {}, AT],
      ['create', 'PC_1', {}, AT + 200],
      state('PC_0', 'oniceconnectionstatechange', 'connected', 300),
      state('PC_0', 'onconnectionstatechange', 'failed', 700),
      state('PC_1', 'oniceconnectionstatechange', 'connected', 900),
      state('PC_1', 'onconnectionstatechange', 'connected', 950),
      reading('PC_1', 2),
      reading('PC_1', 3),
    ]);
    assert.equal((await onlyPeerOf(dump)).peer.call_setup_ms, 700);
  });

  it('is the difference of the displayed times, in whole milliseconds', async () => {
    const dump = toDump([
      ['create', 'PC_0', {}, AT + 0.5],
      state('PC_0', 'onconnectionstatechange', 'connected', 250.5 + 0.4),
      reading('PC_0', 1),
      reading('PC_0', 2),
    ]);
    const { peer } = await onlyPeerOf(dump);
    assert.deepEqual([peer.joined_at - AT, peer.call_setup_ms], [1, 250]);
  });
});
