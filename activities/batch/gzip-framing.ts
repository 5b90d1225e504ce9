// The framing of a gzip member (RFC 1952) that is spread over several parts. The header begins part 1,
// batches are raw deflate on byte boundaries, and the trailer ends the last part. Nothing here depends on
// time or machine, so the same history gives the same bytes.

/** Deflate, no name, no time, unknown system. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** An empty stored block that is not the last: three bits and padding, length 0 and its complement. */
const EMPTY_BLOCK = Buffer.from([0, 0, 0, 255, 255]);

/** zlib's own default. Higher levels cost much time and save little. */
export const DEFLATE_LEVEL = 6;

/** The CRC-32 and the length of the raw bytes. The format defines the length modulo 2^32. */
export function gzipTrailer(rawBytes: number, crc32: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32 >>> 0, 0);
  trailer.writeUInt32LE(rawBytes % 2 ** 32, 4);
  return trailer;
}

/**
 * Empty blocks of at least `bytesMin` bytes in total, which a reader ignores. They may follow any block that
 * ends on a byte boundary.
 */
export function paddingBlocks(bytesMin: number): Buffer {
  const blocks = Math.ceil(Math.max(bytesMin, 0) / EMPTY_BLOCK.length);
  return Buffer.alloc(blocks * EMPTY_BLOCK.length, EMPTY_BLOCK);
}
