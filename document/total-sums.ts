// Reads a row of track totals: its medium and direction, and the sums that a total of this kind uses.
import type { DirectionKind, DirectionSums } from '../measurements/direction.ts';
import { directionIndex } from '../measurements/peer.ts';
import { isMissing } from '../measurements/quantities.ts';
import type { TotalBatch } from './history-batches.ts';

/** A row of track totals. */
export interface TotalRow {
  batch: TotalBatch;
  row: number;
}

/** The index of the total's direction; -1 where its medium or its direction is another word. */
export function knownDirection(batch: TotalBatch, row: number): number {
  const media = batch.media.at(row).bytes;
  const direction = batch.direction.at(row).bytes;
  if (media !== 'audio' && media !== 'video') return -1;
  if (direction !== 'send' && direction !== 'recv') return -1;
  return directionIndex(media === 'video', direction === 'send');
}

/** Reads the sums that this kind of total uses. Returns whether any of its counts is none. */
export function readSums(
  sums: DirectionSums,
  { batch, row }: Readonly<TotalRow>,
  { isVideo, isSend }: DirectionKind,
): boolean {
  sums.bytes = batch.bytes.at(row);
  sums.packetsLost = batch.packetsLost.at(row);
  sums.packetsArrived = batch.packetsArrived.at(row);
  sums.activeMs = batch.activeMs.at(row);
  sums.bitrateSqMs = batch.bitrateSqMs.at(row);
  sums.jitterUsSum = batch.jitterUsSum.at(row);
  sums.jitterCount = batch.jitterCount.at(row);
  sums.rttUsSum = isSend ? batch.rttUsSum.at(row) : 0;
  sums.rttCount = isSend ? batch.rttCount.at(row) : 0;
  sums.pixelMs = isVideo ? batch.pixelMs.at(row) : 0;
  sums.sizedMs = isVideo ? batch.sizedMs.at(row) : 0;
  sums.frames = isVideo ? batch.frames.at(row) : 0;
  // One missing sum makes this one missing, too.
  const any =
    sums.bytes +
    sums.packetsLost +
    sums.packetsArrived +
    sums.activeMs +
    sums.bitrateSqMs +
    sums.jitterUsSum +
    sums.jitterCount +
    sums.rttUsSum +
    sums.rttCount +
    sums.pixelMs +
    sums.sizedMs +
    sums.frames;
  return isMissing(any) || batch.isShownCountMissing(row, directionIndex(isVideo, isSend));
}
