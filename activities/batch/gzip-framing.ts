// The parts of a gzip member (RFC 1952) that several parts share: the header begins part 1, batches are raw
// deflate on byte borders, and the trailer ends the last part. Nothing in it depends on time or machine, so
// the same history gives the same bytes.

/** Deflate, no name, no time, unknown system. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** An empty stored block that is not the last: three bits and padding, length 0 and its complement. */
const EMPTY_BLOCK = Buffer.from([0, 0, 0, 255, 255]);

/** zlib's own default: more costs much time for little. */
export const DEFLATE_LEVEL = 6;

/** CRC-32 and length of the raw bytes; the length modulo 2^32, as the format has it. */
export function gzipTrailer(rawBytes: number, crc32: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32 >>> 0, 0);
  trailer.writeUInt32LE(rawBytes % 2 ** 32, 4);
  return trailer;
}

/**
 * Whole empty blocks, together at least `bytesMin` long; nothing to a reader. May stand wherever a block may
 * begin on a byte.
 */
export function paddingBlocks(bytesMin: number): Buffer {
  const blocks = Math.ceil(Math.max(bytesMin, 0) / EMPTY_BLOCK.length);
  return Buffer.alloc(blocks * EMPTY_BLOCK.length, EMPTY_BLOCK);
}
