// What is wrong with a row of a peer, by itself: see "Rooms that break the contract" in docs/measurements.md.
import { DURATION_MS_MAX, isMissing, QUANTITY_MAX } from '../measurements/quantities.ts';
import { FAULT } from './faults.ts';
import type { PeerBatch } from './history-batches.ts';
import { hasKeyFault } from './room-keys.ts';

/** Users give one to five stars. */
export function isRating(x: number): boolean {
  return x >= 1 && x <= 5;
}

/** Bits of `FAULT`. */
export function peerFaults(batch: PeerBatch, row: number): number {
  let faults = 0;
  if (batch.leftAt.at(row) < batch.joinedAt.at(row)) faults |= FAULT.peer_time;
  if (!(batch.connectedMs.at(row) <= DURATION_MS_MAX)) faults |= FAULT.peer_count;
  if (batch.callSetupMs.at(row) > QUANTITY_MAX) faults |= FAULT.call_setup;
  const rating = batch.rating.at(row);
  if (!isMissing(rating) && !isRating(rating)) faults |= FAULT.rating;
  for (const { column, words, fault } of batch.checkedWords) {
    const word = column.at(row);
    if (!word.isEmpty && !words.includes(word.bytes)) faults |= fault;
  }
  for (const count of batch.shown.counts) if (isMissing(count.at(row))) faults |= FAULT.peer_count;
  for (const keys of batch.shown.keys) faults |= hasKeyFault(keys, row);
  return faults;
}
