// The bytes of a dump as they were before compression: plain, gzip or zstd, told from how the file begins. Streams; a file
// of any size passes through in pieces.
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

const PIECE_BYTES = 1024 * 1024;

/** Yields the decompressed bytes of a file. Rejects with the cause when the compressed data is damaged, after what could be read. */
export async function* readFileBytes(path: string): AsyncGenerator<Buffer> {
  yield* decompress(createReadStream(path, { highWaterMark: PIECE_BYTES }));
}

export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const all = startingWith(first.value, pieces);
  if (isGzip(first.value)) yield* through(all, zlib.createGunzip({ chunkSize: PIECE_BYTES }));
  else if (isZstd(first.value)) yield* unzstd(all);
  else yield* all;
}

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* through(
  source: AsyncGenerator<Buffer>,
  transform: NodeJS.ReadWriteStream & AsyncIterable<unknown>,
): AsyncGenerator<Buffer> {
  // The error, if any, also ends the iteration below.
  pipeline(Readable.from(source), transform, () => undefined);
  for await (const piece of transform) if (Buffer.isBuffer(piece)) yield piece;
}

/** Node has zstd from 22.15 on; before, a library does it, as fast as needed here. */
async function* unzstd(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if ('createZstdDecompress' in zlib) {
    const create = zlib.createZstdDecompress as () => NodeJS.ReadWriteStream & AsyncIterable<unknown>;
    yield* through(source, create());
    return;
  }
  let ready: Buffer[] = [];
  const state = { isOver: false };
  const decompressor = new Decompress((piece, isLast) => {
    ready.push(Buffer.from(piece));
    state.isOver = isLast === true;
  });
  for await (const piece of source) {
    decompressor.push(piece);
    const now = ready;
    ready = [];
    yield* now;
  }
  decompressor.push(new Uint8Array(0), true);
  yield* ready;
  if (!state.isOver) throw new Error('the zstd data ends in the middle');
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isZstd(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528;
}
