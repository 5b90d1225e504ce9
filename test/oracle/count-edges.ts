// Counts how many rooms of a history's interval reach each edge, so that the table says what a run really
// proved.
import { EDGES } from './edges.ts';
import type { SeenRoom } from './edges.ts';
import { groupBy } from './history-rows.ts';
import type { ByteText } from './history-rows.ts';
import type { HoldingPeer, HoldingRoom } from './holding-rows.ts';
import type { MadeHistory } from './make-history.ts';
import { toRoomHistory } from './make-room.ts';
import type { MadeRoom } from './make-room.ts';
import { lastDelivered } from './track-totals.ts';

/** Rooms that reach each edge, by its name. */
export type EdgeCounts = Map<string, number>;

/**
 * A history of as many rooms reaches all edges; a shorter one may miss some by chance, and has none of the
 * large rooms.
 */
export const ROOMS_FOR_ALL_EDGES = 1_000;

export function newEdgeCounts(): EdgeCounts {
  return new Map(Object.keys(EDGES).map((name) => [name, 0]));
}

/**
 * Adds the rooms of one history to the counts; `holding` is what holds of each of them, in the same order.
 */
export function countEdges(
  counts: EdgeCounts,
  { startMs, endMs, rooms }: MadeHistory,
  holding: readonly HoldingRoom[],
): void {
  const roomIdsBefore = new Set<ByteText>();
  for (const [index, made] of rooms.entries()) {
    const held = holding[index];
    if (held === undefined) throw new RangeError(`got ${holding.length} holding rooms of ${rooms.length}`);
    const { finalizedAtMs } = held.row;
    if (finalizedAtMs < startMs || finalizedAtMs >= endMs) continue;
    const room = seeRoom(made, held, { startMs, endMs, roomIdsBefore });
    for (const [name, isReached] of Object.entries(EDGES))
      if (isReached(room)) counts.set(name, (counts.get(name) ?? 0) + 1);
    roomIdsBefore.add(room.row.roomId);
  }
}

/** What histories of so many rooms should have reached and did not. */
export function missedEdges(counts: EdgeCounts, roomsPerHistory: number): string[] {
  if (roomsPerHistory < ROOMS_FOR_ALL_EDGES) return [];
  return [...counts].filter(([, count]) => count === 0).map(([name]) => name);
}

function seeRoom(
  made: MadeRoom,
  { row, peers }: HoldingRoom,
  around: Pick<SeenRoom, 'startMs' | 'endMs' | 'roomIdsBefore'>,
): SeenRoom {
  const history = toRoomHistory(made);
  const own = history.samples.filter(({ sessionId }) => sessionId === row.sessionId);
  const keys = peers.flatMap((peer) => peer.row.keys);
  const keyNames = keys.map(([name]) => name);
  return {
    ...around,
    made,
    history,
    row,
    peers,
    ticks: new Map([...groupBy(own, ({ peerId }) => peerId)].map(([peer, all]) => [peer, eachOnce(all)])),
    keyNames,
    keyTexts: [...keyNames, ...keys.flatMap(([, values]) => values)],
    texts: [row.roomId, row.roomUrl, ...peers.flatMap(textsOf)],
  };
}

function eachOnce(delivered: SeenRoom['history']['samples']): SeenRoom['history']['samples'] {
  const tracks = groupBy(delivered, ({ media, direction }) => `${media} ${direction}`);
  return [...tracks.values()].flatMap(lastDelivered);
}

function textsOf({ row }: HoldingPeer): ByteText[] {
  return Object.values(row).filter((value) => typeof value === 'string');
}
