// The order of a room's peers in the file: by the time at which they joined. Peers of one time keep the order
// that they have.
import type { RowList } from './cursor.ts';
import type { PeerBatch } from './history-batches.ts';

/** Insertion is the fastest way for a few peers and makes no garbage; most rooms have fewer than this. */
const INSERTED_MAX = 32;

/** Fills `order` with the indices of the peers. */
export function sortByStart(peers: RowList<PeerBatch>, order: number[]): void {
  order.length = peers.length;
  let isInOrder = true;
  let before = -Infinity;
  for (let index = 0; index < peers.length; index++) {
    order[index] = index;
    const joinedAt = joinedAtOf(peers, index);
    isInOrder &&= before <= joinedAt;
    before = joinedAt;
  }
  if (isInOrder) return;
  if (peers.length > INSERTED_MAX) order.sort((a, b) => joinedAtOf(peers, a) - joinedAtOf(peers, b));
  else sortByInsertion(peers, order);
}

function sortByInsertion(peers: RowList<PeerBatch>, order: number[]): void {
  for (let end = 1; end < order.length; end++) {
    const peer = order[end] ?? 0;
    const joinedAt = joinedAtOf(peers, peer);
    let at = end;
    for (; at > 0 && joinedAtOf(peers, order[at - 1] ?? 0) > joinedAt; at--) order[at] = order[at - 1] ?? 0;
    order[at] = peer;
  }
}

function joinedAtOf(peers: RowList<PeerBatch>, index: number): number {
  return peers.batchAt(index).joinedAt.at(peers.rowAt(index));
}
