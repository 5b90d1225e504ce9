// The memory limits of a batch: the sizes of its buffers, how far they may grow, and the bound that a worker
// prints at start. Batch sizes are estimates and usually right to a tenth.

/** A plan counts as misjudged from this many planned sizes on. The interval is then planned again. */
export const MISJUDGED_FROM = 3;

/**
 * The most that the columns of a batch may take, in planned sizes of its raw bytes. They usually take less
 * than one.
 */
export const COLUMNS_GROWTH_MAX = 3;

/**
 * The most that the body may grow to, in planned sizes. A room of twice the planned size still fits behind
 * others.
 */
export const BODY_GROWTH_MAX = 4;

/** Another plan does not help a room that is larger than this many planned sizes. */
export const ROOM_GROWTH_MAX = 2;

/**
 * Under gzip, raw bytes are compressed in pieces of this size. Each piece loses the 32 kB window of the piece
 * before it.
 */
export const PIECE_BYTES = 4 * 1024 * 1024;

/** The buffer is larger than a piece, because a piece ends with the room that fills it. */
export const PIECE_BUFFER_BYTES = PIECE_BYTES + PIECE_BYTES / 4;

/**
 * The last range of an interval may include a remainder of up to half a range. Pages of a buffer that are
 * never written take no memory.
 */
const LAST_RANGE = 1.6;

/** Bytes of each scan per byte of JSON, with some head room. Measured on generated and on recorded rooms. */
const COLUMNS_PER_BYTE = { rooms: 0.06, peers: 0.35, totals: 0.65 } as const;

/** The most compressed bytes per byte of JSON. The measured value is 0.12. */
const GZIP_RATIO = 0.2;

/** While a thread writes one batch, ClickHouse answers the scans of another. */
export const BATCHES_PER_THREAD = 2;

/** The memory of a worker thread with its code, without its buffers. */
const THREAD_BYTES = 20_000_000;

/**
 * How many threads write the batches: half of the processors. The other half is left to ClickHouse, the store
 * and the main thread, which may share the machine. Each further thread costs 40 MB.
 */
export function threadsFor(processors: number, atOnce: number): number {
  return Math.min(Math.ceil(processors / 2), atOnce);
}

export interface BatchSizes {
  /** Batches in progress at once in one worker. */
  atOnce: number;
  /** Threads that write them. */
  threads: number;
  /** Target size in raw bytes of a batch that is stored plain. */
  rangeBytesPlain: number;
  /** Target size in raw bytes of a batch that is stored compressed. */
  rangeBytesGzip: number;
}

/** The buffers for the columns of one batch, in bytes. */
export type ColumnSizes = Readonly<Record<'rooms' | 'peers' | 'totals', number>>;

/** The sizes of the column buffers. Each batch that is scanned has one set. */
export function columnSizesOf({ rangeBytesPlain, rangeBytesGzip }: BatchSizes): ColumnSizes {
  const raw = LAST_RANGE * Math.max(rangeBytesPlain, rangeBytesGzip);
  return {
    rooms: Math.ceil(raw * COLUMNS_PER_BYTE.rooms),
    peers: Math.ceil(raw * COLUMNS_PER_BYTE.peers),
    totals: Math.ceil(raw * COLUMNS_PER_BYTE.totals),
  };
}

/** The buffer for the body of one batch, in bytes. Each slot has one. */
export function bodyBytesOf({ rangeBytesPlain, rangeBytesGzip }: BatchSizes): number {
  return Math.ceil(LAST_RANGE * Math.max(rangeBytesPlain, rangeBytesGzip * GZIP_RATIO));
}

/**
 * The memory of all batches of a worker in bytes: the usual amount, and the most when every slot is at its
 * bound.
 */
export function batchMemoryOf(sizes: BatchSizes): { usual: number; most: number } {
  const { atOnce, threads, rangeBytesPlain, rangeBytesGzip } = sizes;
  const { rooms, peers, totals } = columnSizesOf(sizes);
  const raw = Math.max(rangeBytesPlain, rangeBytesGzip);
  const thread = THREAD_BYTES + PIECE_BUFFER_BYTES;
  const scanned = Math.min(atOnce, threads * BATCHES_PER_THREAD);
  return {
    usual: threads * thread + scanned * (rooms + peers + totals) + atOnce * bodyBytesOf(sizes),
    most: threads * thread + scanned * COLUMNS_GROWTH_MAX * raw + atOnce * BODY_GROWTH_MAX * raw,
  };
}
