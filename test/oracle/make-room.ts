// One room: its times, its peers, and how its rows arrive. A part of the rows arrives late, after the totals
// were computed for the first time: corrections with a higher version, late keys, late ticks, repeated
// deliveries.
import type { ByteText, PeerRow, RoomHistory, RoomRow, SampleRow } from './history-rows.ts';
import { makePeer } from './make-peer.ts';
import type { MadePeer } from './make-peer.ts';
import { deliverAgain } from './make-ticks.ts';
import { oddText, plainText } from './make-texts.ts';
import type { Random } from './random.ts';

/** A room's rows as they come in: `late` ones after the totals of the others were computed. */
export interface MadeRoom {
  early: RoomHistory;
  late: RoomHistory;
}

export interface RoomSetting {
  /** Different for each room of a history. */
  index: number;
  startMs: number;
  endMs: number;
  /** Names that customers chose; they come back. */
  roomIds: readonly ByteText[];
  size: 'usual' | 'thousand peers' | 'five megabytes';
}

const HOUR_MS = 3_600_000;

/** All rows of a room, in the order of their arrival. */
export function toRoomHistory({ early, late }: MadeRoom): RoomHistory {
  return {
    rooms: [...early.rooms, ...late.rooms],
    peers: [...early.peers, ...late.peers],
    samples: [...early.samples, ...late.samples],
  };
}

export function makeRoom(random: Random, setting: RoomSetting): MadeRoom {
  const row = makeRoomRow(random, setting);
  const isEightHours = row.endedAtMs - row.startedAtMs >= 8 * HOUR_MS;
  const rttUnderHalfMs = random.chance(0.04) ? random.int(0, 900) : null;
  const peers = makePeerIds(random, setting.size).map((peerId) =>
    makePeer(
      random,
      {
        sessionId: row.sessionId,
        finalizedAtMs: row.finalizedAtMs,
        startedAtMs: row.startedAtMs,
        // A tick a minute, for eight hours.
        ticksMin: isEightHours && random.chance(0.3) ? 480 : 1,
        rttUnderHalfMs,
        largeKeys: setting.size === 'five megabytes' ? 16 : 0,
      },
      peerId,
    ),
  );
  return arrive(random, row, peers);
}

function makeRoomRow(random: Random, { index, startMs, endMs, roomIds, size }: RoomSetting): RoomRow {
  const outside = size === 'usual' ? 1 : 0;
  const finalizedAtMs = random.weighted([
    [random.int(startMs, endMs - 1), 80],
    // Several at once, so that the session decides the order.
    [startMs + 60_000 * random.int(1, 3), 14],
    [startMs, 3],
    [endMs - 1, 3],
    [startMs - 1, outside],
    [endMs, outside],
    [endMs + random.int(1, HOUR_MS), outside],
  ]);
  const lastedMs = random.weighted([
    [random.int(1, HOUR_MS), 60],
    [random.int(0, 3600) * 1000 + 500, 14],
    [random.int(0, 3600) * 1000 + 499, 3],
    [0, 4],
    [-random.int(1, 10_000), 4],
    [-1, 1],
    [random.int(endMs - startMs, 3 * (endMs - startMs)), 10],
    [8 * HOUR_MS + random.int(0, 999), 1],
  ]);
  const endedAtMs = finalizedAtMs - random.int(0, 90_000);
  return {
    sessionId: random.chance(0.08) ? `${oddText(random)}${index}` : `s${random.int(0, 9999)}-${index}`,
    finalizedAtMs,
    version: random.int(1, 3),
    roomId: random.chance(0.1) ? oddText(random) : (roomIds[random.int(0, roomIds.length - 1)] ?? ''),
    roomUrl: random.chance(0.2)
      ? ''
      : `https://rooms.example.com/app/room/${random.chance(0.05) ? oddText(random) : index}`,
    startedAtMs: endedAtMs - lastedMs,
    // A missing end is the epoch.
    endedAtMs: random.chance(0.01) ? 0 : endedAtMs,
  };
}

function makePeerIds(random: Random, size: RoomSetting['size']): ByteText[] {
  const count =
    size === 'thousand peers'
      ? 1000
      : size === 'five megabytes'
        ? 260
        : random.weighted([
            [0, 5],
            [1, 25],
            [2, 32],
            [random.int(3, 6), 32],
            [random.int(7, 20), 3],
          ]);
  const ids = new Set<ByteText>();
  while (ids.size < count) ids.add(makePeerId(random, ids.size));
  return [...ids];
}

function makePeerId(random: Random, index: number): ByteText {
  if (random.chance(0.01)) return '';
  return random.chance(0.05) ? `${oddText(random)}${random.int(0, 99)}` : `${plainText(random)}-${index}`;
}

/**
 * Spreads the rows over two arrivals. Whatever is corrected, the highest version holds, also when it arrives
 * first.
 */
function arrive(random: Random, row: RoomRow, peers: readonly MadePeer[]): MadeRoom {
  const early = { rooms: [] as RoomRow[], peers: [] as PeerRow[], samples: [] as SampleRow[] };
  const late = { rooms: [] as RoomRow[], peers: [] as PeerRow[], samples: [] as SampleRow[] };
  const either = (lateShare: number): typeof early => (random.chance(lateShare) ? late : early);
  either(0.02).rooms.push(row);
  if (random.chance(0.08)) either(0.7).rooms.push(correctRoom(random, row));
  const hasLateTicks = random.chance(0.1);
  for (const { row: peer, samples } of peers) {
    either(0.02).peers.push(peer);
    if (random.chance(0.06)) either(0.7).peers.push(correctPeer(random, peer));
    const isRepeated = random.chance(0.08);
    for (const tick of samples) {
      either(hasLateTicks ? 0.2 : 0).samples.push(tick);
      if (isRepeated && random.chance(0.3)) either(0.3).samples.push(deliverAgain(random, tick));
    }
  }
  // Of a peer of whom no row tells, and of a room that is still open.
  const [stray] = early.samples;
  if (stray !== undefined && random.chance(0.03))
    early.samples.push({ ...stray, peerId: `${stray.peerId}?` });
  if (stray !== undefined && random.chance(0.03))
    early.samples.push({ ...stray, sessionId: `${stray.sessionId} open` });
  return { early, late };
}

function correctRoom(random: Random, row: RoomRow): RoomRow {
  return {
    ...row,
    version: row.version + random.pick([-1, 1, 2]),
    roomId: `${row.roomId} corrected`,
    endedAtMs: row.endedAtMs + random.int(-1500, 1500),
  };
}

/** A late key, or a peer that was joined wrongly. */
function correctPeer(random: Random, peer: PeerRow): PeerRow {
  const version = peer.version + random.pick([-1, 1, 2]);
  if (random.chance(0.6)) return { ...peer, version, keys: [...peer.keys, ['~late', [plainText(random)]]] };
  return { ...peer, version, joinedAtMs: peer.joinedAtMs + random.int(-5000, 5000), city: 'corrected' };
}
