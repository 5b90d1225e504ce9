// The plan of a run: the interval's rooms cut into ranges, one batch and one part each, with what the history
// held when it was made. Kept in workflow state and carried over continue-as-new, so everything here is small
// and plain.
import type { Interval } from './interval.ts';
import type { StreamSettings } from './stream.ts';

/** A bound in the order of rooms: (finalized_at, session_id). */
export interface RoomBound {
  finalizedAtMs: number;
  /**
   * The first bytes of a session id in upper-case hexadecimal, because an id can be of any bytes and any
   * length. The empty text sorts before every room of that millisecond.
   */
  sessionHex: string;
}

/** `from` belongs to the range, `to` does not. */
export interface RoomRange {
  from: RoomBound;
  to: RoomBound;
}

/** All of an interval: rooms at its start belong to it, rooms at its end do not. */
export function rangeOf({ startMs, endMs }: Interval): RoomRange {
  return { from: { finalizedAtMs: startMs, sessionHex: '' }, to: { finalizedAtMs: endMs, sessionHex: '' } };
}

/**
 * Says whether two readings of a range saw the same rows: counts, and the wrapping sum of the rows' hashes
 * over keys and versions.
 */
export interface Fingerprint {
  rooms: number;
  peers: number;
  totals: number;
  /** Unsigned 64 bit, decimal digits: JSON numbers cannot hold it. */
  hash: string;
}

/** All ranges of a plan tile the interval, so a late room falls into one of them. */
export interface PlannedRange extends RoomRange {
  fingerprint: Fingerprint;
}

export interface IntervalPlan {
  key: string;
  /**
   * Made once per plan; stands in the upload's metadata, so that a file can be recognised as this run's own.
   */
  writeId: string;
  generation: number;
  /** Write id of the file that this generation replaces. */
  supersedes: string | null;
  /** Of the manifest that the interval had when it was planned; null when it had none. */
  manifestEtag: string | null;
  /**
   * An object lies under the key already; an interval that has become empty then replaces it, whatever the
   * stream's policy.
   */
  replacesObject: boolean;
  ranges: PlannedRange[];
  /** By its counts the interval was so far from being cut that nobody looked how long its texts are. */
  isSingleRange: boolean;
  fingerprint: Fingerprint;
  /** How many batches of this run may be under way at once. */
  batchesAtOnce: number;
  /** A webhook wants to hear of the file. */
  isAnnounced: boolean;
}

/**
 * Whether an interval without rooms gets no file: the stream skips those, unless an object lies there that
 * has to be replaced.
 */
export function hasNoFileWhenEmpty(
  { empty }: Pick<StreamSettings, 'empty'>,
  { replacesObject }: Pick<IntervalPlan, 'replacesObject'>,
): boolean {
  return empty === 'skip' && !replacesObject;
}

/** What one batch put into its part. */
export interface ExportedPart {
  partNumber: number;
  etag: string;
  /** As stored: compressed and padded. */
  bytes: number;
  rawBytes: number;
  /** CRC-32 of the raw bytes, unsigned. */
  crc32: number;
  rooms: number;
  /** Rooms that break the contract; exported with what is valid. */
  faultyRooms: number;
  /**
   * What the history held of the range once the batch had read it. Of an interval's only range; other parts
   * are checked together, afterwards.
   */
  fingerprintAfter?: Fingerprint;
}

/**
 * S3 allows 10,000 parts; a run's plan and parts have to fit one Temporal payload (2 MB), which is the
 * narrower bound: about 500 bytes a range.
 */
export const RANGES_MAX = 3_000;

/** What S3 asks of every part but the last: 5 MiB. */
export const PART_BYTES_MIN = 5 * 1024 * 1024;

/** Sums fingerprints of neighbouring ranges; the hash wraps at 2^64 as ClickHouse's own sum does. */
export function sumFingerprints(fingerprints: readonly Fingerprint[]): Fingerprint {
  let hash = 0n;
  let [rooms, peers, totals] = [0, 0, 0];
  for (const each of fingerprints) {
    rooms += each.rooms;
    peers += each.peers;
    totals += each.totals;
    hash = BigInt.asUintN(64, hash + BigInt(each.hash));
  }
  return { rooms, peers, totals, hash: hash.toString() };
}

/** What neighbouring ranges hold together. */
export function sumRanges(ranges: readonly PlannedRange[]): Fingerprint {
  return sumFingerprints(ranges.map(({ fingerprint }) => fingerprint));
}

export function isSameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return a.rooms === b.rooms && a.peers === b.peers && a.totals === b.totals && a.hash === b.hash;
}
