// Writes one batch: turns the columns of a range of rooms into the body of one part. It is a pure function of
// bytes and runs in a worker thread (batch-thread.ts). In a plain file the bytes are the body. Under gzip
// they are compressed piece by piece, and only the result is kept. Memory is bounded even when the plan's
// estimate was wrong.
import { createHash } from 'node:crypto';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { BufferFullError, ByteWriter } from '../../document/byte-writer.ts';
import { codesOf, toShownId } from '../../document/faults.ts';
import type { RoomFault } from '../../document/faults.ts';
import { openBatches } from '../../document/history-batches.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import { JsonRooms } from '../../document/json-rooms.ts';
import { RoomReader } from '../../document/room-reader.ts';
import { toWellFormed } from '../../document/utf8.ts';
import { ByteCollector } from '../scans/byte-collector.ts';
import { PART_BYTES_MIN } from '../../workflows/model/plan.ts';
import type { Compression, FieldSet, FileFormat } from '../../workflows/model/stream.ts';
import {
  BODY_GROWTH_MAX,
  MISJUDGED_FROM,
  PIECE_BUFFER_BYTES,
  PIECE_BYTES,
  ROOM_GROWTH_MAX,
} from './batch-memory.ts';
import { RangeMisjudgedError, RoomTooLargeError } from '../scans/batch-errors.ts';
import { DEFLATE_LEVEL, GZIP_HEADER, gzipTrailer, paddingBlocks } from './gzip-framing.ts';

export interface BatchOptions {
  fields: FieldSet;
  format: FileFormat;
  compression: Compression;
  /** The batch begins the file. */
  isFirst: boolean;
  /** The batch has the last rooms. A batch that is both first and last is the whole file. */
  isLast: boolean;
  /** The raw bytes that were planned for the range. */
  bytesPlanned: number;
}

export interface WrittenBatch {
  body: Uint8Array;
  rawBytes: number;
  /** CRC-32 of the raw bytes, unsigned. */
  crc32: number;
  /** MD5 of the body, in hexadecimal. */
  md5: string;
  rooms: number;
  /** The numbers of peer rows and of track total rows that the scans returned. */
  peers: number;
  totals: number;
  faultyRooms: number;
  /** The first FAULTS_KEPT of the rooms with faults. */
  faults: RoomFault[];
}

/** Enough to diagnose the cause. Each fault becomes a line of the log. */
export const FAULTS_KEPT = 100;

const [OPEN_ARRAY, NEWLINE, COMMA] = [0x5b, 0x0a, 0x2c];

/**
 * @param output a buffer for the body; when it is too small, a larger one is allocated
 * @throws BrokenStreamError, WrongOrderError, RangeMisjudgedError, RoomTooLargeError
 */
export function writeBatch(
  range: ScannedRange,
  options: BatchOptions,
  output: ArrayBufferLike,
): WrittenBatch {
  const batch = new BatchWriter(range, options, output);
  return batch.write();
}

class BatchWriter {
  readonly #options: BatchOptions;
  readonly #reader: RoomReader;
  readonly #out: ByteWriter;
  readonly #json: JsonRooms;
  /** The compressed pieces, concatenated; undefined when the file is plain. */
  readonly #compressed: ByteCollector | undefined;
  #rooms = 0;
  #faultyRooms = 0;
  readonly #faults: RoomFault[] = [];
  /** The number of raw bytes that have been counted and, under gzip, compressed. */
  #rawBytes = 0;
  #crc = 0;
  #largestRoom = 0;

  constructor(range: ScannedRange, options: BatchOptions, output: ArrayBufferLike) {
    this.#options = options;
    this.#reader = new RoomReader(openBatches(range, options.fields));
    const isGzip = options.compression === 'gzip';
    // No bound of its own is needed: the compressed size is bounded by the raw bytes.
    this.#compressed = isGzip ? new ByteCollector(output, { bytesMax: Infinity, bytesUsed: 0 }) : undefined;
    if (options.isFirst) this.#compressed?.push(GZIP_HEADER);
    const buffer = isGzip ? new ArrayBuffer(PIECE_BUFFER_BYTES) : output;
    this.#out = new ByteWriter(buffer, BODY_GROWTH_MAX * options.bytesPlanned);
    this.#json = new JsonRooms(options.fields, this.#reader, this.#out);
  }

  write(): WrittenBatch {
    while (this.#reader.next()) this.#writeRoom();
    this.#writeEnd();
    const body = this.#finishBody();
    return {
      body,
      rawBytes: this.#rawBytes,
      crc32: this.#crc,
      md5: createHash('md5').update(body).digest('hex'),
      rooms: this.#rooms,
      ...this.#reader.rowsRead,
      faultyRooms: this.#faultyRooms,
      faults: this.#faults,
    };
  }

  #writeRoom(): void {
    const start = this.#out.at;
    try {
      this.#out.reserve(2);
      this.#writeSeparator();
      this.#json.write();
    } catch (error) {
      if (error instanceof BufferFullError) throw this.#tooLong(error.bytesNeeded, start);
      throw error;
    }
    this.#rooms += 1;
    this.#largestRoom = Math.max(this.#largestRoom, this.#out.at - start);
    if (this.#reader.faults !== 0) this.#noteFaults();
    if (this.#compressed !== undefined && this.#out.at >= PIECE_BYTES) this.#drain(constants.Z_FULL_FLUSH);
    const { bytesPlanned } = this.#options;
    if (this.#rawBytes + this.#out.at > MISJUDGED_FROM * bytesPlanned && this.#largestRoom <= bytesPlanned)
      throw this.#tooLong(this.#out.at, this.#out.at);
  }

  /** Writes the bytes that precede a room in the file. */
  #writeSeparator(): void {
    const isFirstRoom = this.#rooms === 0;
    if (this.#options.format === 'json')
      this.#out.byte(isFirstRoom && this.#options.isFirst ? OPEN_ARRAY : COMMA);
    else if (isFirstRoom) return;
    this.#out.byte(NEWLINE);
  }

  #writeEnd(): void {
    const { format, isFirst, isLast } = this.#options;
    const isEmpty = this.#rooms === 0;
    this.#out.reserve(4);
    if (format === 'ndjson') this.#out.digits(isEmpty ? '' : '\n');
    else if (isFirst && isLast) this.#out.digits(isEmpty ? '[]\n' : '\n]\n');
    else if (isFirst && isEmpty) this.#out.digits('[\n');
  }

  #finishBody(): Uint8Array {
    const { isFirst, isLast } = this.#options;
    if (this.#compressed === undefined) {
      const body = this.#out.bytes.subarray(0, this.#out.at);
      this.#count(body);
      return body;
    }
    const isWhole = isFirst && isLast;
    this.#drain(isWhole ? constants.Z_FINISH : constants.Z_FULL_FLUSH);
    if (isWhole) this.#compressed.push(gzipTrailer(this.#rawBytes, this.#crc));
    else this.#compressed.push(paddingBlocks(PART_BYTES_MIN - this.#compressed.length));
    return this.#compressed.bytes;
  }

  /** Compresses what is in the buffer and empties it. */
  #drain(finishFlush: number): void {
    const piece = this.#out.bytes.subarray(0, this.#out.at);
    this.#count(piece);
    this.#compressed?.push(
      deflateRawSync(piece, { level: DEFLATE_LEVEL, finishFlush, chunkSize: PIECE_BYTES / 4 }),
    );
    this.#out.at = 0;
  }

  #count(bytes: Uint8Array): void {
    this.#rawBytes += bytes.length;
    this.#crc = crc32(bytes, this.#crc);
  }

  #noteFaults(): void {
    this.#faultyRooms += 1;
    if (this.#faults.length >= FAULTS_KEPT) return;
    this.#faults.push({ codes: codesOf(this.#reader.faults), sessionId: this.#sessionId() });
  }

  #sessionId(): string {
    const { room, roomRow } = this.#reader;
    return room === undefined ? '' : toShownId(toWellFormed(room.session.bytesAt(roomRow)));
  }

  /**
   * The error for a range that does not fit, either because of one room or because the whole range is larger
   * than planned.
   */
  #tooLong(bufferBytes: number, roomStart: number): Error {
    const { bytesPlanned } = this.#options;
    const roomBytes = bufferBytes - roomStart;
    if (roomBytes > ROOM_GROWTH_MAX * bytesPlanned)
      return new RoomTooLargeError({ sessionId: this.#sessionId(), roomBytes, bytesPlanned });
    const bytes = this.#rawBytes + bufferBytes;
    return new RangeMisjudgedError(
      `a range has more than ${bytes} bytes, ${bytesPlanned} were planned`,
      bytes / bytesPlanned,
    );
  }
}
