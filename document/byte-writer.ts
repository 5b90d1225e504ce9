// Writes JSON values as bytes into one buffer: numbers from tables of digits, constants and plain texts
// several bytes at a time. No value becomes a JavaScript string on its way, except integers beyond 2^53.
// Never writes beyond the bound that it is given.
import type { TextColumn } from './arrow-columns.ts';
import { ESCAPED_BYTES_MAX, escapeInto, NULL, QUOTE, Snippet } from './json-text.ts';

/** The buffer would have to grow beyond its bound. */
export class BufferFullError extends Error {
  override readonly name = 'BufferFullError';
  /** The size that it would need; a lower bound. */
  readonly bytesNeeded: number;
  constructor(bytesNeeded: number, bytesMax: number) {
    super(`the buffer is full: ${bytesNeeded} bytes are needed, ${bytesMax} are allowed`);
    this.bytesNeeded = bytesNeeded;
  }
}

/** The digits of 0 to 9,999 as four bytes, the first digit lowest, and how many of the bytes count. */
const DIGITS = new Uint32Array(10_000);
const DIGITS_LENGTH = new Uint8Array(10_000);
/** The same with leading zeros. */
const PADDED = new Uint32Array(10_000);
/** Tenths, `0.0` to `99.9`, and hundredths, `0.00` to `9.99`, in the same form. */
const TENTHS = new Uint32Array(1_000);
const TENTHS_LENGTH = new Uint8Array(1_000);
const HUNDREDTHS = new Uint32Array(1_000);
for (let n = 0; n < 10_000; n++) {
  DIGITS[n] = toWord(String(n));
  DIGITS_LENGTH[n] = String(n).length;
  PADDED[n] = toWord(String(n).padStart(4, '0'));
}
for (let n = 0; n < 1_000; n++) {
  TENTHS[n] = toWord((n / 10).toFixed(1));
  TENTHS_LENGTH[n] = (n / 10).toFixed(1).length;
  HUNDREDTHS[n] = toWord((n / 100).toFixed(2));
}

function toWord(text: string): number {
  return Buffer.from(text.padEnd(4, '\0')).readUInt32LE();
}

const [COLON, MINUS, POINT, LETTER_Z] = [0x3a, 0x2d, 0x2e, 0x5a];
const MS_PER_DAY = 86_400_000;
const MILLIONTHS = 1_000_000;

/** Snippets are written in whole words, of which the last may reach beyond the snippet. */
const WORD_BYTES = 8;

/** Texts are copied in words of this size: any four bytes are a number, while some eight bytes are a NaN. */
const COPY_BYTES = 4;

export class ByteWriter {
  bytes: Uint8Array;
  /** How many bytes have been written. */
  at = 0;
  #view: DataView;
  readonly #bytesMax: number;
  /** The bytes that may be written after a `reserve` or a text without another check. */
  #slack = 0;
  #day = Number.NaN;
  #dayText: Snippet = NULL;

  /** @param bytesMax the buffer may grow to this many bytes */
  constructor(buffer: ArrayBufferLike, bytesMax: number) {
    this.bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#bytesMax = bytesMax;
  }

  /**
   * Reserves `slack` bytes, now and after each text, so that values of a known length need no check of their
   * own.
   * @throws BufferFullError when the buffer would grow beyond its bound
   */
  reserve(slack: number): void {
    this.#slack = slack + WORD_BYTES;
    this.#ensure(0);
  }

  snippet({ words, length }: Snippet): void {
    const view = this.#view;
    let at = this.at;
    for (let index = 0; index < words.length; index++) {
      view.setFloat64(at, words[index] ?? 0, true);
      at += WORD_BYTES;
    }
    this.at += length;
  }

  /** A snippet of any length. */
  longSnippet(snippet: Snippet): void {
    this.#ensure(snippet.length);
    this.snippet(snippet);
  }

  null(): void {
    this.snippet(NULL);
  }

  byte(code: number): void {
    this.bytes[this.at++] = code;
  }

  /** @param n 0 to 2^53 */
  integer(n: number): void {
    if (n < 10_000) {
      this.#view.setUint32(this.at, DIGITS[n] ?? 0, true);
      this.at += DIGITS_LENGTH[n] ?? 0;
      return;
    }
    const high = Math.floor(n / 10_000);
    this.integer(high);
    this.#view.setUint32(this.at, PADDED[n - high * 10_000] ?? 0, true);
    this.at += 4;
  }

  signedInteger(n: number): void {
    if (n < 0) this.byte(MINUS);
    this.integer(Math.abs(n));
  }

  /** Digits that were made elsewhere. */
  digits(text: string): void {
    for (let index = 0; index < text.length; index++) this.byte(text.charCodeAt(index));
  }

  /** Millionths as a number with this many decimals, half up; null where missing. */
  quantity(millionths: number, decimals: 0 | 1 | 2): void {
    if (millionths !== millionths) this.null();
    else if (decimals === 0) this.integer(Math.floor((millionths + MILLIONTHS / 2) / MILLIONTHS));
    else if (decimals === 1) this.#tenths(Math.floor((millionths + MILLIONTHS / 20) / (MILLIONTHS / 10)));
    else this.#hundredths(Math.floor((millionths + MILLIONTHS / 200) / (MILLIONTHS / 100)));
  }

  #tenths(n: number): void {
    if (n < 1_000) {
      this.#view.setUint32(this.at, TENTHS[n] ?? 0, true);
      this.at += TENTHS_LENGTH[n] ?? 0;
      return;
    }
    const whole = Math.floor(n / 10);
    this.integer(whole);
    this.byte(POINT);
    this.integer(n - whole * 10);
  }

  #hundredths(n: number): void {
    if (n < 1_000) {
      this.#view.setUint32(this.at, HUNDREDTHS[n] ?? 0, true);
      this.at += 4;
      return;
    }
    const whole = Math.floor(n / 100);
    this.integer(whole);
    this.byte(POINT);
    this.#padded(n - whole * 100, 2);
  }

  /** The last `count` digits of a number below 10,000. */
  #padded(n: number, count: number): void {
    this.#view.setUint32(this.at, (PADDED[n] ?? 0) >>> (8 * (4 - count)), true);
    this.at += count;
  }

  /** `"2026-11-23T10:00:00.000Z"`. @param ms epoch milliseconds, of the years 1900 to 2299 */
  time(ms: number): void {
    const day = Math.floor(ms / MS_PER_DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#dayText = toDayText(day);
    }
    this.snippet(this.#dayText);
    let rest = ms - day * MS_PER_DAY;
    const hours = Math.floor(rest / 3_600_000);
    rest -= hours * 3_600_000;
    const minutes = Math.floor(rest / 60_000);
    rest -= minutes * 60_000;
    const seconds = Math.floor(rest / 1_000);
    this.#padded(hours, 2);
    this.byte(COLON);
    this.#padded(minutes, 2);
    this.byte(COLON);
    this.#padded(seconds, 2);
    this.byte(POINT);
    this.#padded(rest - seconds * 1_000, 3);
    this.byte(LETTER_Z);
    this.byte(QUOTE);
  }

  /** The text of a row, in quotes. Returns false where some of its bytes were no UTF-8. */
  text(column: TextColumn, row: number): boolean {
    if (column.isPlainAt(row)) {
      const length = column.lengthAt(row);
      this.#ensure(length);
      this.byte(QUOTE);
      this.#copy(column, column.offsets[row] ?? 0, length);
      this.byte(QUOTE);
      return true;
    }
    return this.looseText(column.bytesAt(row));
  }

  /** A text that is in no column, in quotes. Returns false where some of its bytes were no UTF-8. */
  looseText(bytes: Uint8Array): boolean {
    this.#ensure(0);
    this.byte(QUOTE);
    let state = { isInRun: false, isBroken: false };
    // Written in pieces, because reserving for the case that every byte is escaped would take far too much
    // for a long text.
    for (let from = 0; from < bytes.length;) {
      const to = pieceEnd(bytes, from);
      this.#ensure((to - from) * ESCAPED_BYTES_MAX);
      const escaped = escapeInto(this.bytes, this.at, bytes.subarray(from, to), state);
      this.at = escaped.end;
      state = escaped;
      from = to;
    }
    this.#ensure(0);
    this.byte(QUOTE);
    return !state.isBroken;
  }

  #copy({ view, base, bytes }: TextColumn, from: number, length: number): void {
    const start = base + from;
    if (start + length + COPY_BYTES > view.byteLength) {
      this.bytes.set(bytes.subarray(from, from + length), this.at);
    } else {
      const own = this.#view;
      let at = this.at;
      for (let done = 0; done < length; done += COPY_BYTES) {
        own.setUint32(at, view.getUint32(start + done, true), true);
        at += COPY_BYTES;
      }
    }
    this.at += length;
  }

  #ensure(bytes: number): void {
    const needed = this.at + bytes + this.#slack;
    if (needed <= this.bytes.length) return;
    if (needed > this.#bytesMax) throw new BufferFullError(needed, this.#bytesMax);
    const larger = new Uint8Array(Math.min(this.#bytesMax, Math.max(needed, 2 * this.bytes.length)));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Texts are escaped in pieces of this size. */
const PIECE_BYTES = 16 * 1024;

/** A character has at most three bytes that continue it. */
const CONTINUING_BYTES_MAX = 3;

/** Where a piece that begins at `from` ends: not within a character. */
function pieceEnd(bytes: Uint8Array, from: number): number {
  const end = from + PIECE_BYTES;
  if (end >= bytes.length) return bytes.length;
  for (let to = end; to >= end - CONTINUING_BYTES_MAX; to--) {
    if (((bytes[to] ?? 0) & 0xc0) !== 0x80) return to;
  }
  return end;
}

/** `"2026-11-23T`. */
function toDayText(day: number): Snippet {
  return new Snippet(Buffer.from(`"${new Date(day * MS_PER_DAY).toISOString().slice(0, 11)}`));
}
