// Prepares bytes of JSON that are written often: the keys between values, and the words of dictionary
// columns.
import { characterLength } from './utf8.ts';

/** What one byte of a text can become: `\u0000`. */
export const ESCAPED_BYTES_MAX = 6;

export const QUOTE = 0x22;

/**
 * A few bytes, padded to whole words of eight, because copying words is several times faster than copying
 * bytes. The bytes must be well-formed UTF-8. No word of it is a NaN, whose bits a copy need not preserve.
 */
export class Snippet {
  readonly words: Float64Array;
  readonly length: number;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(8 * Math.ceil(bytes.length / 8));
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    this.words = Float64Array.from({ length: padded.length / 8 }, (_, at) => view.getFloat64(8 * at, true));
    this.length = bytes.length;
  }

  static of(text: string): Snippet {
    return new Snippet(Buffer.from(text));
  }
}

export const NULL = Snippet.of('null');

/** One value of a dictionary column. */
export class Word {
  /** As the history has it, read as Latin-1: equal bytes are equal text, whatever they are. */
  readonly bytes: string;
  readonly isEmpty: boolean;
  /** The JSON text, quotes included; `null` for an empty one. */
  readonly json: Snippet;
  /** Some of its bytes were no UTF-8. */
  readonly isBroken: boolean;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes).toString('latin1');
    this.isEmpty = bytes.length === 0;
    const out = new Uint8Array(2 + bytes.length * ESCAPED_BYTES_MAX);
    out[0] = QUOTE;
    const { end, isBroken } = escapeInto(out, 1, bytes);
    out[end] = QUOTE;
    this.json = this.isEmpty ? NULL : new Snippet(out.subarray(0, end + 1));
    this.isBroken = isBroken;
  }
}

const BACKSLASH = 0x5c;

/** The letter that follows the backslash, by character code; 0 where the code is written as `\u00XX`. */
const SHORT_ESCAPES = new Uint8Array(0x80);
for (const [code, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const)
  SHORT_ESCAPES[code] = letter.charCodeAt(0);

const HEX = Buffer.from('0123456789ABCDEF');

/** U+2028 and U+2029, which JavaScript once took for line ends, share their first two bytes. */
const LINE_SEPARATOR = [0xe2, 0x80] as const;

/**
 * Writes a text as JSON has it between its quotes. Bytes that are no UTF-8 become U+FFFD, one for each run of
 * them.
 * @param out has room for ESCAPED_BYTES_MAX times the text
 * @param before what the last call returned, where the text is the next piece of a longer one
 */
export function escapeInto(
  out: Uint8Array,
  from: number,
  text: Uint8Array,
  before = { isBroken: false, isInRun: false },
): { end: number; isBroken: boolean; isInRun: boolean } {
  let end = from;
  let { isBroken, isInRun } = before;
  for (let at = 0; at < text.length;) {
    const byte = text[at] ?? 0;
    const length = byte < 0x80 ? 1 : characterLength(text, at, text.length);
    if (length === 0) {
      if (!isInRun) end = writeBytes(out, end, REPLACEMENT);
      isInRun = isBroken = true;
      at += 1;
      continue;
    }
    isInRun = false;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) end = writeEscape(out, end, byte);
    else if (isLineSeparator(text, at)) end = writeBytes(out, end, text[at + 2] === 0xa8 ? U2028 : U2029);
    else for (let index = 0; index < length; index++) out[end++] = text[at + index] ?? 0;
    at += length;
  }
  return { end, isBroken, isInRun };
}

const REPLACEMENT = Buffer.from('\u{FFFD}');
const U2028 = Buffer.from('\\u2028');
const U2029 = Buffer.from('\\u2029');

function isLineSeparator(text: Uint8Array, at: number): boolean {
  const last = text[at + 2];
  return (
    text[at] === LINE_SEPARATOR[0] && text[at + 1] === LINE_SEPARATOR[1] && (last === 0xa8 || last === 0xa9)
  );
}

function writeEscape(out: Uint8Array, at: number, code: number): number {
  out[at++] = BACKSLASH;
  const letter = SHORT_ESCAPES[code] ?? 0;
  if (letter !== 0) {
    out[at++] = letter;
    return at;
  }
  at = writeBytes(out, at, U00);
  out[at++] = HEX[code >> 4] ?? 0;
  out[at++] = HEX[code & 15] ?? 0;
  return at;
}

const U00 = Buffer.from('u00');

function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (const byte of bytes) out[at++] = byte;
  return at;
}

export const EMPTY_WORD = new Word(new Uint8Array());
