// Checks and repairs UTF-8 for JSON. Each run of invalid bytes becomes one U+FFFD.

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/**
 * Whether all bytes are ASCII that a JSON text holds as they are: no control character, quote or backslash.
 */
export function isPlain(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/**
 * The first byte of U+2028 and U+2029, which JSON for JavaScript escapes, and of some thousand other
 * characters.
 */
const LINE_SEPARATOR_FIRST = 0xe2;

/** Whether well-formed UTF-8 may hold a character between `from` and `to` that a JSON text has to escape. */
export function needsEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte === LINE_SEPARATOR_FIRST) return true;
  }
  return false;
}

/**
 * Whether any of the texts begins with a byte that only continues a character: then the one before it is cut
 * off.
 */
export function startsInsideCharacter(bytes: Uint8Array, offsets: Int32Array): boolean {
  for (let row = 0; row + 1 < offsets.length; row++) {
    const from = offsets[row] ?? 0;
    if (from < (offsets[row + 1] ?? 0) && ((bytes[from] ?? 0) & 0xc0) === 0x80) return true;
  }
  return false;
}

/** How many bytes the character at `at` has; 0 where no well-formed character begins there (RFC 3629). */
export function characterLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index++) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

const REPLACEMENT = [0xef, 0xbf, 0xbd];

/** The same text in well-formed UTF-8. Bytes that are well formed are copied as they are. */
export function toWellFormed(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let isInRun = false;
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at, bytes.length);
    if (length === 0) {
      if (!isInRun) out.push(...REPLACEMENT);
      isInRun = true;
      at += 1;
      continue;
    }
    for (let index = 0; index < length; index++) out.push(bytes[at + index] ?? 0);
    isInRun = false;
    at += length;
  }
  return Uint8Array.from(out);
}
