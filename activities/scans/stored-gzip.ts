// Reads a gzip stream (RFC 1952) whose deflate blocks are all stored (RFC 1951, 3.2.4), as ClickHouse sends
// it at level 0. The bytes are copied once, from the socket's pieces into their buffer. zlib would allocate a
// buffer for every piece, and the resulting garbage collection took a fifth of a worker's processor time.
// Every byte is verified by the CRC-32 of the trailer.
import { crc32 } from 'node:zlib';
import { DamagedScanError } from './batch-errors.ts';
import type { ByteCollector } from './byte-collector.ts';

/** The length of a header without optional fields, as ClickHouse sends it. */
const HEADER_BYTES = 10;
/** Final flag and type, then the length and its complement. */
const BLOCK_HEADER_BYTES = 5;
const TRAILER_BYTES = 8;
const STORED = 0;

/** Whether the stream begins with a stored block; undefined while too few bytes have arrived. */
export function beginsStored(first: Uint8Array): boolean | undefined {
  if (first.length <= HEADER_BYTES) return undefined;
  const hasNoFields = first[0] === 0x1f && first[1] === 0x8b && first[2] === 8 && first[3] === 0;
  return hasNoFields && (((first[HEADER_BYTES] ?? 0) >> 1) & 3) === STORED;
}

type Section = 'header' | 'block' | 'data' | 'trailer' | 'end';

export class StoredGzipReader {
  readonly #into: ByteCollector;
  #section: Section = 'header';
  /** The bytes of the current header or trailer, which may arrive in several pieces. */
  readonly #field = Buffer.alloc(HEADER_BYTES);
  #fieldLength = 0;
  #isFinal = false;
  #dataLeft = 0;

  constructor(into: ByteCollector) {
    this.#into = into;
  }

  /** @throws DamagedScanError, CollectorFullError */
  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      switch (this.#section) {
        case 'header':
          at = this.#fill(piece, at, HEADER_BYTES);
          if (this.#fieldLength === 0) this.#section = 'block';
          break;
        case 'block':
          at = this.#fill(piece, at, BLOCK_HEADER_BYTES);
          if (this.#fieldLength === 0) this.#beginBlock();
          break;
        case 'data': {
          const end = Math.min(piece.length, at + this.#dataLeft);
          this.#into.push(piece.subarray(at, end));
          this.#dataLeft -= end - at;
          at = end;
          if (this.#dataLeft === 0) this.#endBlock();
          break;
        }
        case 'trailer':
          at = this.#fill(piece, at, TRAILER_BYTES);
          if (this.#fieldLength === 0) this.#checkTrailer();
          break;
        case 'end':
          throw new DamagedScanError('an answer continues after its end');
      }
    }
  }

  /** @throws DamagedScanError when the stream is not at its end */
  finish(): void {
    if (this.#section !== 'end') throw new DamagedScanError('an answer broke off before its checksum');
  }

  /** Collects the bytes of a field; its length is 0 again once it is complete. */
  #fill(piece: Uint8Array, at: number, length: number): number {
    const end = Math.min(piece.length, at + length - this.#fieldLength);
    this.#field.set(piece.subarray(at, end), this.#fieldLength);
    this.#fieldLength += end - at;
    if (this.#fieldLength === length) this.#fieldLength = 0;
    return end;
  }

  #beginBlock(): void {
    const [first = 0] = this.#field;
    const length = this.#field.readUInt16LE(1);
    if (((first >> 1) & 3) !== STORED || (length ^ this.#field.readUInt16LE(3)) !== 0xffff)
      throw new DamagedScanError('an answer has a block that cannot be read');
    this.#isFinal = (first & 1) === 1;
    this.#dataLeft = length;
    this.#section = 'data';
    if (length === 0) this.#endBlock();
  }

  #endBlock(): void {
    this.#section = this.#isFinal ? 'trailer' : 'block';
  }

  #checkTrailer(): void {
    const { bytes } = this.#into;
    if (
      this.#field.readUInt32LE(0) !== crc32(bytes) ||
      this.#field.readUInt32LE(4) !== bytes.length % 2 ** 32
    )
      throw new DamagedScanError('an answer has another checksum than ClickHouse computed of it');
    this.#section = 'end';
  }
}
