// From the answer of the rooms query to the bytes of the file, in one pass and without parsing a room. The answer is one line a room,
// `{…},` newline for json and `{…}` newline for ndjson; a faulty room has \x01<codes>\t<session id>\x02 behind its last brace. JSON
// texts escape every control character, so a byte under 0x20 is always framing. The separator of json stands between rooms only, so the
// last two bytes are held back until it is known what follows. Never lets a line through that is no room.
import { crc32 } from 'node:zlib';
import { HistoryStreamError, TruncatedAnswerError } from './encode-errors.ts';

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

/** A fault is a few short codes and a session id; what is longer is no fault but a broken answer. */
const FAULT_BYTES_MAX = 4_096;

/** How much of a server's exception is kept; its text is a line or a few. */
const EXCEPTION_BYTES_MAX = 64 * 1024;

/** An exception ends the answer; when this much follows what is no room, it was none. */
const EXCEPTION_READ_MAX = 16 * 1024 * 1024;

/** json: a comma and a newline. */
const SEPARATOR_BYTES = 2;

const [FAULT_BEGIN, FAULT_END, NEWLINE, COMMA, OPEN_BRACE, CLOSE_BRACE] = [
  0x01, 0x02, 0x0a, 0x2c, 0x7b, 0x7d,
];

export class BatchLines {
  readonly counts: BatchCounts = { rawBytes: 0, crc32: 0, rooms: 0, faultyRooms: 0, faults: [] };
  readonly #framing: BatchFraming;
  readonly #exceptionTag: string | undefined;
  /** The byte before a room's newline. */
  readonly #lineEnd: number;
  readonly #pieces: Buffer[] = [];
  /** The last byte seen, outside of faults; a newline before the first. */
  #before: number = NEWLINE;
  /** json: the last two bytes, not yet handed out. */
  #held: Buffer = Buffer.alloc(0);
  #fault: Buffer[] | undefined;
  #faultBytes = 0;
  /** What follows the first byte that cannot belong to a room. */
  #exception: Buffer | undefined;
  #exceptionBytes = 0;

  constructor(framing: BatchFraming, exceptionTag: string | undefined) {
    this.#framing = framing;
    this.#exceptionTag = exceptionTag;
    this.#lineEnd = framing.format === 'json' ? COMMA : CLOSE_BRACE;
  }

  /** The file's bytes that follow from this chunk: views of it, valid for as long as the chunk is. */
  push(chunk: Buffer): Buffer[] {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#exception !== undefined) {
        this.#keepException(rest);
        break;
      }
      rest = this.#fault === undefined ? this.#takeRooms(rest) : this.#takeFault(rest);
    }
    return this.#pieces.splice(0);
  }

  /** The server's error, when its text has been seen: the connection that it then cuts fails with less to say. */
  exceptionSeen(): HistoryStreamError | undefined {
    const error = this.#exception === undefined ? undefined : this.#exceptionError(this.#exception);
    return error instanceof HistoryStreamError ? error : undefined;
  }

  /** What closes the batch. Throws HistoryStreamError or TruncatedAnswerError when the answer was not whole. */
  finish(): Buffer[] {
    if (this.#exception !== undefined) throw this.#exceptionError(this.#exception);
    if (this.#fault !== undefined || this.#before !== NEWLINE) {
      throw new TruncatedAnswerError(`the answer ended within a room, after ${this.counts.rooms} whole ones`);
    }
    const { format, isFirst, isLast } = this.#framing;
    if (format === 'json' && isFirst) {
      const isEmpty = this.counts.rooms === 0;
      if (isLast) this.#emit(Buffer.from(isEmpty ? '[]\n' : '\n]\n'));
      else if (isEmpty) this.#emit(Buffer.from('[\n'));
    }
    return this.#pieces.splice(0);
  }

  /** Takes what is before the next fault; hands back the fault and what follows. */
  #takeRooms(bytes: Buffer): Buffer {
    const faultAt = bytes.indexOf(FAULT_BEGIN);
    const rooms = faultAt === -1 ? bytes : bytes.subarray(0, faultAt);
    const wholeUntil = this.#countLines(rooms);
    this.#emitRooms(rooms.subarray(0, wholeUntil));
    if (wholeUntil < rooms.length) {
      this.#exception = Buffer.alloc(0);
      return bytes.subarray(wholeUntil);
    }
    if (faultAt === -1) return bytes.subarray(bytes.length);
    this.#fault = [];
    this.#faultBytes = 0;
    return bytes.subarray(faultAt + 1);
  }

  /** Counts the rooms that end in `bytes`; returns where they stop being rooms: their length, or the begin of the line that is none. */
  #countLines(bytes: Buffer): number {
    let lineAt = 0;
    while (lineAt < bytes.length) {
      if (this.#before === NEWLINE && bytes[lineAt] !== OPEN_BRACE) return lineAt;
      const newlineAt = bytes.indexOf(NEWLINE, lineAt);
      if (newlineAt === -1) break;
      const last = newlineAt === lineAt ? this.#before : bytes[newlineAt - 1];
      if (last !== this.#lineEnd) return lineAt;
      this.counts.rooms += 1;
      this.#before = NEWLINE;
      lineAt = newlineAt + 1;
    }
    this.#before = bytes.at(-1) ?? this.#before;
    return bytes.length;
  }

  #takeFault(bytes: Buffer): Buffer {
    const endAt = bytes.indexOf(FAULT_END);
    const piece = bytes.subarray(0, endAt === -1 ? bytes.length : endAt);
    this.#faultBytes += piece.length;
    if (this.#faultBytes > FAULT_BYTES_MAX) {
      throw new TruncatedAnswerError(`a fault of a room is longer than ${FAULT_BYTES_MAX} bytes`);
    }
    // Copied: a chunk may be used again by whoever handed it in.
    this.#fault?.push(Buffer.from(piece));
    if (endAt === -1) return bytes.subarray(bytes.length);
    const [codes = '', sessionId = ''] = Buffer.concat(this.#fault ?? [])
      .toString('utf8')
      .split('\t');
    this.#fault = undefined;
    this.counts.faultyRooms += 1;
    if (this.counts.faults.length < FAULTS_KEPT) this.counts.faults.push({ codes, sessionId });
    return bytes.subarray(endAt + 1);
  }

  /** json: keeps the last two bytes back, as they may turn out to be the separator behind the last room. */
  #emitRooms(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#framing.format === 'ndjson') {
      this.#emit(bytes);
      return;
    }
    if (this.counts.rawBytes === 0 && this.#held.length === 0) {
      this.#emit(Buffer.from(this.#framing.isFirst ? '[\n' : ',\n'));
    }
    const tail = Buffer.concat([this.#held, bytes.subarray(-SEPARATOR_BYTES)]);
    const fromHeld = Math.max(tail.length - SEPARATOR_BYTES, 0);
    this.#emit(tail.subarray(0, Math.min(fromHeld, this.#held.length)));
    this.#emit(bytes.subarray(0, -SEPARATOR_BYTES));
    this.#held = tail.subarray(fromHeld);
  }

  #emit(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.counts.rawBytes += bytes.length;
    this.counts.crc32 = crc32(bytes, this.counts.crc32);
    this.#pieces.push(bytes);
  }

  #keepException(bytes: Buffer): void {
    this.#exceptionBytes += bytes.length;
    if (this.#exceptionBytes > EXCEPTION_READ_MAX) throw this.#notARoom();
    // The text stands at the end of the answer, behind the begin of a room, which may be long.
    const both = Buffer.concat([this.#exception ?? Buffer.alloc(0), bytes]);
    this.#exception = both.subarray(-EXCEPTION_BYTES_MAX);
  }

  #exceptionError(bytes: Buffer): Error {
    const text = bytes.toString('utf8');
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
