// What a batch may hold in memory, in one place: the sizes of its buffers, how far they may grow, and the
// bound that a worker prints at start. Sizes of batches are estimates, mostly right to a tenth.

/** From this many planned sizes on, a plan counts as misjudged: the interval is planned again. */
export const MISJUDGED_FROM = 3;

/** What the columns of a batch may take, in planned sizes of its raw bytes. Usually it is less than one. */
export const COLUMNS_GROWTH_MAX = 3;

/** What the body may grow to, in planned sizes: a room of twice the size still fits behind others. */
export const BODY_GROWTH_MAX = 4;

/** A room that is larger than this many planned sizes cannot be helped by another plan. */
export const ROOM_GROWTH_MAX = 2;

/**
 * Under gzip raw bytes are compressed in pieces of this size. Each piece loses the window of the one before
 * it: 32 kB.
 */
export const PIECE_BYTES = 4 * 1024 * 1024;

/** A piece ends with the room that fills it. */
export const PIECE_BUFFER_BYTES = PIECE_BYTES + PIECE_BYTES / 4;

/**
 * The last range of an interval takes in a remainder of up to half a range. Pages of a buffer that are not
 * written take no memory.
 */
const LAST_RANGE = 1.6;

/**
 * Measured on made-up and on recorded rooms: bytes of each scan for a byte of JSON, with some room to spare.
 */
const COLUMNS_PER_BYTE = { rooms: 0.06, peers: 0.35, totals: 0.65 } as const;

/** Compressed size of a byte of JSON, at most; measured: 0.12. */
const GZIP_RATIO = 0.2;

/** While a thread writes one batch, ClickHouse answers the scans of another. */
export const BATCHES_PER_THREAD = 2;

/** A worker thread with its code, without its buffers. */
const THREAD_BYTES = 20_000_000;

/**
 * How many threads write the batches: half of the processors. The other half is ClickHouse's, the store's and
 * the main thread's where they share the machine, and a thread of its own costs 40 MB.
 */
export function threadsFor(processors: number, atOnce: number): number {
  return Math.min(Math.ceil(processors / 2), atOnce);
}

export interface BatchSizes {
  /** Batches under way at once in one worker. */
  atOnce: number;
  /** Threads that write them. */
  threads: number;
  /** Wanted raw bytes of a batch, stored plain. */
  rangeBytesPlain: number;
  /** Wanted raw bytes of a batch, stored compressed. */
  rangeBytesGzip: number;
}

/** The buffers for the columns of one batch, in bytes. */
export type ColumnSizes = Readonly<Record<'rooms' | 'peers' | 'totals', number>>;

/** Each batch that is scanned has one set. */
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

/** What all batches of a worker take: usually, and at most, with every slot at its bound. In bytes. */
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
