// Splits a file that is read in pieces of any length into lines. It checks that each line begins and ends
// like a room and that the array's frame is complete, and counts the rooms. It keeps only the ends of a line,
// unless a caller wants the whole lines.
import type { FileFormat } from '../../workflows/model/stream.ts';

/** A room of ten thousand peers has ten megabytes. A line longer than this was not written by us. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;

const NEWLINE = 0x0a;

/** What may come next, given how the previous line ended. */
type Expected = 'start' | 'room-or-end' | 'room' | 'end' | 'nothing';

export interface LineEnds {
  /** The first and last characters of a line, at most two of each. */
  head: string;
  tail: string;
  bytes: number;
}

export class FileLines {
  rooms = 0;
  /** The first problem; null while there is none. */
  problem: string | null = null;
  readonly #format: FileFormat;
  readonly #onRoom: ((text: string, line: number) => void) | null;
  #expected: Expected;
  #line = 1;
  #ends: LineEnds = { head: '', tail: '', bytes: 0 };
  #pieces: Buffer[] = [];

  /** @param onRoom called with the text of each room, without the comma after it */
  constructor(format: FileFormat, onRoom: ((text: string, line: number) => void) | null) {
    this.#format = format;
    this.#onRoom = onRoom;
    this.#expected = format === 'json' ? 'start' : 'room-or-end';
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.problem === null;) {
      const end = chunk.indexOf(NEWLINE, at);
      const piece = chunk.subarray(at, end === -1 ? undefined : end);
      this.#take(piece);
      if (end === -1) return;
      this.#endLine();
      at = end + 1;
    }
  }

  finish(): void {
    if (this.problem !== null) return;
    if (this.#ends.bytes > 0) this.problem = `line ${this.#line}: does not end; the file is cut off`;
    else if (this.#format === 'json' && this.#expected !== 'nothing')
      this.problem = `line ${this.#line}: nothing, allowed: the end of the array`;
  }

  #take(piece: Buffer): void {
    const { head, tail, bytes } = this.#ends;
    this.#ends = {
      head: head.length >= 2 ? head : (head + piece.toString('latin1', 0, 2)).slice(0, 2),
      tail: (tail + piece.toString('latin1', Math.max(0, piece.length - 2))).slice(-2),
      bytes: bytes + piece.length,
    };
    if (this.#ends.bytes > LINE_BYTES_MAX)
      this.problem = `line ${this.#line}: longer than ${LINE_BYTES_MAX} bytes`;
    else if (this.#onRoom !== null) this.#pieces.push(piece);
  }

  #endLine(): void {
    const ends = this.#ends;
    const expected = this.#format === 'json' ? this.#nextInArray(ends) : nextOfLines(ends);
    if (expected === null)
      this.problem = `line ${this.#line}: begins with "${ends.head}" and ends with "${ends.tail}", which is no ${this.#expected === 'nothing' ? 'end of the file' : 'line of this format there'}`;
    else {
      this.#expected = expected;
      if (ends.head.startsWith('{')) this.#countRoom();
    }
    this.#line += 1;
    this.#ends = { head: '', tail: '', bytes: 0 };
    this.#pieces = [];
  }

  #countRoom(): void {
    this.rooms += 1;
    if (this.#onRoom === null) return;
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#onRoom(this.#format === 'json' && text.endsWith(',') ? text.slice(0, -1) : text, this.#line);
  }

  /** Null when this line is not allowed here. */
  #nextInArray({ head, tail, bytes }: LineEnds): Expected | null {
    switch (this.#expected) {
      case 'start':
        if (bytes === 1 && head === '[') return 'room';
        return bytes === 2 && head === '[]' ? 'nothing' : null;
      case 'room':
      case 'room-or-end':
        if (!head.startsWith('{')) return null;
        if (tail === '},') return 'room';
        return tail.endsWith('}') ? 'end' : null;
      case 'end':
        return bytes === 1 && head === ']' ? 'nothing' : null;
      case 'nothing':
        return null;
    }
  }
}

function nextOfLines({ head, tail }: LineEnds): Expected | null {
  return head.startsWith('{') && tail.endsWith('}') ? 'room-or-end' : null;
}
