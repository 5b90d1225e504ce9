// From the answer of the rooms query to the bytes of the file, in one pass and without parsing a room. Every line of the answer is a room's JSON
// text, then \x01, the CRC-32 of the text in decimal, for a faulty room a tab, its codes, a tab and its session id, then \x02 and a newline. JSON
// texts escape every control character, so a byte under 0x20 is always framing. The separators of the file are put between the rooms
// here. Never lets a line through that is no room, or one whose bytes are not those that the server wrote.
import { crc32 } from 'node:zlib';
import { DamagedRoomError, HistoryStreamError, TruncatedAnswerError } from './encode-errors.ts';

export interface RoomFault {
  /** As the query names them, joined by commas. */
  codes: string;
  sessionId: string;
}

export interface BatchFraming {
  format: 'json' | 'ndjson';
  /** The batch begins the file. */
  isFirst: boolean;
  /** The batch ends the range of rooms; a batch that is first and last is the whole file and is closed as well. */
  isLast: boolean;
}

export interface BatchCounts {
  rawBytes: number;
  /** CRC-32 of the raw bytes, unsigned. */
  crc32: number;
  rooms: number;
  faultyRooms: number;
  /** The first FAULTS_KEPT of them. */
  faults: RoomFault[];
}

/** Enough to see what is wrong; each becomes a line of the log. */
export const FAULTS_KEPT = 100;

/** A trailer is a number, a few short codes and a session id; what is longer is none but a broken answer. */
const TRAILER_BYTES_MAX = 4_096;

/** How much of a server's exception is kept; its text is a line or a few. */
const EXCEPTION_BYTES_MAX = 64 * 1024;

/** An exception ends the answer; when this much follows what is no room, it was none. */
const EXCEPTION_READ_MAX = 16 * 1024 * 1024;

const [TRAILER_BEGIN, TRAILER_END, NEWLINE, OPEN_BRACE, CLOSE_BRACE] = [0x01, 0x02, 0x0a, 0x7b, 0x7d];

/** What stands before a room, at most: the begin of the array, or a comma, and a newline. */
const SEPARATOR_BYTES_MAX = 2;

/** Where in a line the answer is. */
type Place = 'room' | 'trailer' | 'line-end' | 'exception';

export class BatchLines {
  readonly counts: BatchCounts = { rawBytes: 0, crc32: 0, rooms: 0, faultyRooms: 0, faults: [] };
  readonly #framing: BatchFraming;
  readonly #exceptionTag: string | undefined;
  #place: Place = 'room';
  /** Of the room under way: how long it is so far, its CRC, and its last byte. */
  #roomBytes = 0;
  #roomCrc = 0;
  #lastByte = 0;
  #trailer = '';
  /** What follows the first byte that cannot belong to a room. */
  #exception: Buffer = Buffer.alloc(0);
  #exceptionBytes = 0;

  constructor(framing: BatchFraming, exceptionTag: string | undefined) {
    this.#framing = framing;
    this.#exceptionTag = exceptionTag;
  }

  /** The file's bytes that follow from this chunk. */
  push(chunk: Buffer): Buffer {
    // What is left out of a line is longer than what is put in, but for the separator before a room that goes on in the next chunk.
    const out = Buffer.allocUnsafe(chunk.length + SEPARATOR_BYTES_MAX);
    let written = 0;
    for (let at = 0; at < chunk.length;) {
      switch (this.#place) {
        case 'room': {
          const end = this.#endOfRoom(chunk, at);
          if (end > at) {
            if (this.#roomBytes === 0) written += out.write(this.#separator(), written, 'latin1');
            written += this.#takeRoom(chunk.subarray(at, end), out, written);
          }
          at = this.#leaveRoom(chunk, end);
          break;
        }
        case 'trailer':
          at = this.#takeTrailer(chunk, at);
          break;
        case 'line-end':
          this.#place = chunk[at] === NEWLINE ? 'room' : 'exception';
          if (chunk[at] === NEWLINE) at += 1;
          break;
        case 'exception':
          this.#keepException(chunk.subarray(at));
          at = chunk.length;
      }
    }
    return this.#counted(out.subarray(0, written));
  }

  /** The server's error, when its text has been seen: the connection that it then cuts fails with less to say. */
  exceptionSeen(): HistoryStreamError | undefined {
    const error = this.#place === 'exception' ? this.#exceptionError() : undefined;
    return error instanceof HistoryStreamError ? error : undefined;
  }

  /** What closes the batch. Throws HistoryStreamError or TruncatedAnswerError when the answer was not whole. */
  finish(): Buffer {
    if (this.#place === 'exception') throw this.#exceptionError();
    if (this.#place !== 'room' || this.#roomBytes > 0)
      throw new TruncatedAnswerError(`the answer ended within a room, after ${this.counts.rooms} whole ones`);
    const { format, isFirst, isLast } = this.#framing;
    const isEmpty = this.counts.rooms === 0;
    let end = '';
    if (format === 'ndjson') end = isEmpty ? '' : '\n';
    else if (isFirst && isLast) end = isEmpty ? '[]\n' : '\n]\n';
    else if (isFirst && isEmpty) end = '[\n';
    return this.#counted(Buffer.from(end));
  }

  /** Where the room's text ends in this chunk, or the chunk does, or something that is no room begins. */
  #endOfRoom(chunk: Buffer, at: number): number {
    if (this.#roomBytes === 0 && chunk[at] !== OPEN_BRACE) return at;
    const trailerAt = chunk.indexOf(TRAILER_BEGIN, at);
    const until = trailerAt === -1 ? chunk.length : trailerAt;
    // An exception may come in the middle of a room, on a line of its own.
    const newlineAt = chunk.subarray(at, until).indexOf(NEWLINE);
    return newlineAt === -1 ? until : at + newlineAt;
  }

  #takeRoom(bytes: Buffer, out: Buffer, at: number): number {
    this.#roomCrc = crc32(bytes, this.#roomCrc);
    this.#roomBytes += bytes.length;
    this.#lastByte = bytes.at(-1) ?? 0;
    return bytes.copy(out, at);
  }

  /** What follows the room's text; returns from where. */
  #leaveRoom(chunk: Buffer, end: number): number {
    if (end === chunk.length) return end;
    const isWhole = chunk[end] === TRAILER_BEGIN && this.#lastByte === CLOSE_BRACE;
    this.#place = isWhole ? 'trailer' : 'exception';
    this.#trailer = '';
    return isWhole ? end + 1 : end;
  }

  #takeTrailer(chunk: Buffer, at: number): number {
    const found = chunk.indexOf(TRAILER_END, at);
    const end = found === -1 ? chunk.length : found;
    // Bytes as they are; the parts that are text are decoded when the trailer is whole.
    this.#trailer += chunk.toString('latin1', at, end);
    if (this.#trailer.length > TRAILER_BYTES_MAX)
      throw new TruncatedAnswerError(`what stands behind a room is longer than ${TRAILER_BYTES_MAX} bytes`);
    if (found === -1) return end;
    this.#endRoom(Buffer.from(this.#trailer, 'latin1').toString('utf8'));
    this.#place = 'line-end';
    return end + 1;
  }

  #endRoom(trailer: string): void {
    const [crc, codes, sessionId = ''] = trailer.split('\t');
    if (crc !== String(this.#roomCrc))
      throw new DamagedRoomError(
        `room ${this.counts.rooms + 1} of the answer has CRC-32 ${this.#roomCrc}, ClickHouse wrote ${crc ?? ''}`,
      );
    this.counts.rooms += 1;
    this.#roomBytes = 0;
    this.#roomCrc = 0;
    this.#lastByte = 0;
    if (codes === undefined) return;
    this.counts.faultyRooms += 1;
    if (this.counts.faults.length < FAULTS_KEPT) this.counts.faults.push({ codes, sessionId });
  }

  /** What stands before a room in the file. */
  #separator(): string {
    const isFirstRoom = this.counts.rooms === 0;
    if (this.#framing.format === 'ndjson') return isFirstRoom ? '' : '\n';
    return isFirstRoom && this.#framing.isFirst ? '[\n' : ',\n';
  }

  #counted(bytes: Buffer): Buffer {
    this.counts.rawBytes += bytes.length;
    this.counts.crc32 = crc32(bytes, this.counts.crc32);
    return bytes;
  }

  #keepException(bytes: Buffer): void {
    this.#exceptionBytes += bytes.length;
    if (this.#exceptionBytes > EXCEPTION_READ_MAX) throw this.#notARoom();
    // The text stands at the end of the answer, behind the begin of a room, which may be long.
    this.#exception = Buffer.concat([this.#exception, bytes]).subarray(-EXCEPTION_BYTES_MAX);
  }

  #exceptionError(): Error {
    const text = this.#exception.toString('utf8');
    const tag = this.#exceptionTag;
    const begin = tag === undefined ? -1 : text.indexOf(`__exception__\r\n${tag}\r\n`);
    if (tag !== undefined && begin !== -1) {
      const message = text.slice(begin + `__exception__\r\n${tag}\r\n`.length);
      const end = message.lastIndexOf(` ${tag}\r\n__exception__`);
      // Before the tag's second place stands the length of the message, on a line of its own.
      return new HistoryStreamError(
        end === -1 ? message.trim() : message.slice(0, message.lastIndexOf('\n', end)),
      );
    }
    const untagged = /Code: \d+\. DB::Exception: .*/s.exec(text);
    return untagged === null ? this.#notARoom() : new HistoryStreamError(untagged[0].trim());
  }

  #notARoom(): TruncatedAnswerError {
    return new TruncatedAnswerError(`line ${this.counts.rooms + 1} of the answer is no room`);
  }
}
