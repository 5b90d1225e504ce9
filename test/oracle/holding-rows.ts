// What holds of a room's history: of every row the highest version, of its ticks those of its peers, added
// up. The step between raw rows and the document.
import { groupBy } from './history-rows.ts';
import type { PeerRow, RoomHistory, RoomRow, SampleRow } from './history-rows.ts';
import { trackOf } from './measure-peer.ts';
import type { TotalsOfPeer } from './measure-peer.ts';
import { toTotals } from './track-totals.ts';

export interface HoldingPeer {
  row: PeerRow;
  totals: TotalsOfPeer;
}

export interface HoldingRoom {
  row: RoomRow;
  /** In no order. */
  peers: HoldingPeer[];
}

/** Throws RangeError for a history without a row of the room: it is still open. */
export function toHoldingRoom(history: RoomHistory): HoldingRoom {
  const row = highest(history.rooms);
  if (row === undefined) throw new RangeError('a room without a row is still open');
  const versions = groupBy(history.peers, (peer) => peer.peerId);
  const samples = groupBy(
    history.samples.filter(({ sessionId }) => sessionId === row.sessionId),
    ({ peerId }) => peerId,
  );
  const peers: HoldingPeer[] = [];
  for (const [peerId, rows] of versions) {
    const peer = highest(rows);
    if (peer !== undefined) peers.push({ row: peer, totals: totalsOf(samples.get(peerId) ?? []) });
  }
  return { row, peers };
}

function totalsOf(samples: readonly SampleRow[]): TotalsOfPeer {
  const tracks = groupBy(samples, ({ media, direction }) => trackOf(media, direction));
  return new Map([...tracks].map(([track, delivered]) => [track, toTotals(delivered)]));
}

function highest<Row extends { version: number }>(rows: readonly Row[]): Row | undefined {
  return rows.reduce<Row | undefined>(
    (held, row) => (held === undefined || row.version > held.version ? row : held),
    undefined,
  );
}
