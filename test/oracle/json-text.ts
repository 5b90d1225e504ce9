// A text of the history as JSON text, in bytes. Escapes what ClickHouse escapes, in its way: quotes,
// backslashes, control characters (hexadecimal digits in capitals), U+2028 and U+2029, which JavaScript once
// took for line ends; nothing else, so not the slash. Bytes that belong to no well-formed UTF-8 sequence are
// replaced: each unbroken run of them by one U+FFFD.
import type { ByteText } from './history-rows.ts';

/** U+FFFD in UTF-8. */
const REPLACEMENT = '\xef\xbf\xbd';

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\xe2\x80\xa8', '\\u2028'],
  ['\xe2\x80\xa9', '\\u2029'],
]);

/** Most texts: printable ASCII without quote and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function toJsonText(text: ByteText): ByteText {
  if (PLAIN.test(text)) return `"${text}"`;
  let json = '"';
  for (const sequence of wellFormed(text)) json += escapeSequence(sequence);
  return `${json}"`;
}

/** The text with its ill-formed runs replaced, unescaped. */
export function toWellFormed(text: ByteText): ByteText {
  return PLAIN.test(text) ? text : [...wellFormed(text)].join('');
}

/** The sequences of the text, one per character. */
function* wellFormed(text: ByteText): Generator<ByteText> {
  let isInRun = false;
  for (let at = 0; at < text.length;) {
    const length = sequenceLength(text, at);
    if (length === 0) {
      if (!isInRun) yield REPLACEMENT;
      isInRun = true;
      at += 1;
      continue;
    }
    isInRun = false;
    yield text.slice(at, at + length);
    at += length;
  }
}

function escapeSequence(sequence: ByteText): ByteText {
  const short = SHORT_ESCAPES.get(sequence);
  if (short !== undefined) return short;
  const code = sequence.charCodeAt(0);
  return code < 0x20 ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : sequence;
}

/**
 * Length of the well-formed sequence that begins at `at`, 0 when none does: table 3-7 of the Unicode
 * standard.
 */
function sequenceLength(text: ByteText, at: number): number {
  const first = text.charCodeAt(at);
  if (first < 0x80) return 1;
  const second = text.charCodeAt(at + 1);
  if (first >= 0xc2 && first <= 0xdf) return isTrail(second) ? 2 : 0;
  const [low, high] = secondBounds(first);
  if (!(second >= low && second <= high) || !isTrail(text.charCodeAt(at + 2))) return 0;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 && isTrail(text.charCodeAt(at + 3)) ? 4 : 0;
}

/** Overlong forms, surrogates and what lies beyond U+10FFFF are shut out by the second byte. */
function secondBounds(first: number): [low: number, high: number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** False beyond the text's end, where the code is NaN. */
function isTrail(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}
