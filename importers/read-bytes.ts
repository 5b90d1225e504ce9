// The bytes of a dump as they were before compression: plain, gzip or zstd, told from how the file begins.
// Streams; a file of any size passes through in pieces. Damage of the compressed data is an error of its own,
// after what could be read.
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';

/** What was compressed cannot be read from here on. The message says why. */
export class DamagedDataError extends Error {
  override readonly name = 'DamagedDataError';
}

const PIECE_BYTES = 1024 * 1024;

/** Holds the mark of every format, and the longest header of a zstd frame. */
const BEGINNING_BYTES = 18;

/**
 * Frames may ask for any window up to 2 GB; zstd itself, unless told otherwise, makes and takes none above
 * this.
 */
const ZSTD_WINDOW_BYTES_MAX = 128 * 1024 * 1024;

/** Yields the decompressed bytes. Rejects with DamagedDataError, or with the error of the source. */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const beginning = await readBeginning(pieces);
  const all = startingWith(beginning, pieces);
  if (isGzip(beginning)) yield* gunzip(all);
  else if (isZstd(beginning)) yield* unzstd(all, beginning);
  else yield* all;
}

async function readBeginning(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  let beginning: Buffer = Buffer.alloc(0);
  while (beginning.length < BEGINNING_BYTES) {
    const next = await pieces.next();
    if (next.done === true) break;
    beginning = beginning.length === 0 ? next.value : Buffer.concat([beginning, next.value]);
  }
  return beginning;
}

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* gunzip(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const transform = createGunzip({ chunkSize: PIECE_BYTES });
  // The error, if any, also ends the iteration below.
  pipeline(Readable.from(source), transform, () => undefined);
  try {
    for await (const piece of transform) if (Buffer.isBuffer(piece)) yield piece;
  } catch (error) {
    throw isOfZlib(error) ? damaged(error) : error;
  }
}

/**
 * By a library also where Node has zstd: Node's stops without a word at the end of the first frame of
 * several.
 */
async function* unzstd(source: AsyncGenerator<Buffer>, beginning: Buffer): AsyncGenerator<Buffer> {
  assertWindow(beginning);
  let ready: Buffer[] = [];
  const decompressor = new Decompress((piece) => ready.push(Buffer.from(piece)));
  const push = (piece: Uint8Array, isLast: boolean): Buffer[] => {
    try {
      decompressor.push(piece, isLast);
    } catch (error) {
      throw damaged(error);
    }
    const now = ready;
    ready = [];
    return now;
  };
  for await (const piece of source) yield* push(piece, false);
  yield* push(new Uint8Array(0), true);
}

function damaged(cause: unknown): DamagedDataError {
  return new DamagedDataError(cause instanceof Error ? cause.message : String(cause), { cause });
}

/** `Z_DATA_ERROR`, `Z_BUF_ERROR`: of the content. Errors of the file have the system's codes. */
function isOfZlib(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** A frame of data, or one to be skipped, with which the files of some compressors begin (RFC 8878, 3.1). */
function isZstd(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const mark = bytes.readUInt32LE(0);
  return mark === ZSTD_FRAME || (mark & 0xfffffff0) >>> 0 === ZSTD_SKIPPED_FRAME;
}

const ZSTD_FRAME = 0xfd2fb528;
const ZSTD_SKIPPED_FRAME = 0x184d2a50;

/**
 * A damaged header must not make us ask for gigabytes of memory: the library takes the window as it stands
 * there.
 */
function assertWindow(beginning: Buffer): void {
  const windowBytes = beginning.length < BEGINNING_BYTES ? 0 : windowOf(beginning);
  if (windowBytes > ZSTD_WINDOW_BYTES_MAX)
    throw new DamagedDataError(
      `window: got ${Math.ceil(windowBytes / 2 ** 20)} MiB, allowed is up to ${ZSTD_WINDOW_BYTES_MAX / 2 ** 20} MiB (zstd --long=27)`,
    );
}

/**
 * Of the first frame (RFC 8878, 3.1.1.1): a descriptor of five bits exponent and three bits mantissa, or the
 * size of the content.
 */
function windowOf(beginning: Buffer): number {
  if (beginning.readUInt32LE(0) !== ZSTD_FRAME) return 0;
  const header = beginning.readUInt8(4);
  const isSingleSegment = (header & 0x20) !== 0;
  if (!isSingleSegment) {
    const descriptor = beginning.readUInt8(5);
    const base = 2 ** (10 + (descriptor >> 3));
    return base + (base / 8) * (descriptor & 7);
  }
  const at = 5 + ([0, 1, 2, 4][header & 3] ?? 0);
  const sizes = [beginning.readUInt8(at), beginning.readUInt16LE(at), beginning.readUInt32LE(at)];
  return sizes[header >> 6] ?? Number(beginning.readBigUInt64LE(at));
}
