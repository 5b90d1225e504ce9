// The plan of a run: the interval's rooms cut into ranges, each for one batch and one part, with the
// fingerprints that the history had. It is kept in the workflow's state and carried over continue-as-new, so
// everything in it is small and plain.
import type { Interval } from './interval.ts';
import type { StreamSettings } from './stream.ts';

/** A bound in the order of rooms: (finalized_at, session_id). */
export interface RoomBound {
  finalizedAtMs: number;
  /**
   * The first bytes of a session id in upper-case hexadecimal, because an id can have any bytes and any
   * length. The empty text sorts before every room of that millisecond.
   */
  sessionHex: string;
}

/** `from` belongs to the range, `to` does not. */
export interface RoomRange {
  from: RoomBound;
  to: RoomBound;
}

/** The range of a whole interval: rooms at its start belong to it, rooms at its end do not. */
export function rangeOf({ startMs, endMs }: Interval): RoomRange {
  return { from: { finalizedAtMs: startMs, sessionHex: '' }, to: { finalizedAtMs: endMs, sessionHex: '' } };
}

/**
 * Shows whether two readings of a range saw the same rows: counts, and the wrapping sum of the rows' hashes
 * over keys and versions.
 */
export interface Fingerprint {
  rooms: number;
  peers: number;
  totals: number;
  /** Unsigned 64 bit, decimal digits: JSON numbers cannot hold it. */
  hash: string;
}

/** How many rows a reading has. */
export type RowCounts = Pick<Fingerprint, 'rooms' | 'peers' | 'totals'>;

export function hasSameCounts(a: RowCounts, b: RowCounts): boolean {
  return a.rooms === b.rooms && a.peers === b.peers && a.totals === b.totals;
}

/** For messages. */
export function describeCounts({ rooms, peers, totals }: RowCounts): string {
  return `${rooms} rooms, ${peers} peers and ${totals} track totals`;
}

/** The ranges of a plan cover the interval without gap or overlap, so a late room belongs to one of them. */
export interface PlannedRange extends RoomRange {
  fingerprint: Fingerprint;
}

export interface IntervalPlan {
  key: string;
  /** Made once per plan and stored in the upload's metadata, so that a run can recognise its own file. */
  writeId: string;
  generation: number;
  /** Write id of the file that this generation replaces. */
  supersedes: string | null;
  /** The ETag of the interval's manifest at planning; null when there was none. */
  manifestEtag: string | null;
  /**
   * An object already exists under the key. An interval that has become empty then replaces it, whatever the
   * stream's policy.
   */
  replacesObject: boolean;
  ranges: PlannedRange[];
  /** The counts alone proved that the interval is one range, so its texts were not measured. */
  isSingleRange: boolean;
  fingerprint: Fingerprint;
  /** How many batches of this run may be in progress at once. */
  batchesAtOnce: number;
  /** Whether a webhook wants the event of the file. */
  isAnnounced: boolean;
}

/**
 * Whether an interval without rooms gets no file: the stream skips empty files, and there is no stored object
 * to replace.
 */
export function hasNoFileWhenEmpty(
  { empty }: Pick<StreamSettings, 'empty'>,
  { replacesObject }: Pick<IntervalPlan, 'replacesObject'>,
): boolean {
  return empty === 'skip' && !replacesObject;
}

/** The result of one batch. */
export interface ExportedPart {
  partNumber: number;
  etag: string;
  /** The stored size, compressed and padded. */
  bytes: number;
  rawBytes: number;
  /** CRC-32 of the raw bytes, unsigned. */
  crc32: number;
  rooms: number;
  /** Rooms that violate the contract and were exported with their valid values. */
  faultyRooms: number;
  /**
   * The fingerprint of the range after the batch has read it. Only for an interval's single range; several
   * ranges are checked together afterwards.
   */
  fingerprintAfter?: Fingerprint;
}

/**
 * S3 allows 10,000 parts. A run's plan and parts have to fit one Temporal payload (2 MB) at about 500 bytes a
 * range, which is the narrower bound.
 */
export const RANGES_MAX = 3_000;

/** S3's minimum for every part but the last: 5 MiB. */
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

/** The fingerprint of neighbouring ranges together. */
export function sumRanges(ranges: readonly PlannedRange[]): Fingerprint {
  return sumFingerprints(ranges.map(({ fingerprint }) => fingerprint));
}

export function isSameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return a.rooms === b.rooms && a.peers === b.peers && a.totals === b.totals && a.hash === b.hash;
}
