// The rules for keys, whether they come from a stream's prefix and template, a destination's manifest prefix,
// or a person who verifies a file. They are stricter than S3: names that clients, proxies or readers would
// change (`..`, `//`, a backslash) are never made. Pure.

/** S3 keys have at most 1,024 bytes of UTF-8. */
export const STORE_KEY_BYTES_MAX = 1_024;

/** The manifest's key adds its prefix and `.manifest.json`, so some room is left for those. */
export const KEY_BYTES_MAX = 900;

/** The rule of `textProblem`, for messages. */
export const KEY_TEXT_ALLOWED =
  'no leading slash, no "//", no "." or ".." segment, no backslashes or control characters, only whole Unicode characters';

/** Why a text cannot be part of a key, a prefix or a manifest prefix; null when it can. */
export function textProblem(text: string): string | null {
  if (text.startsWith('/')) return 'a leading slash';
  if (text.includes('//')) return 'a segment that is empty ("//")';
  if (/(^|\/)\.{1,2}(\/|$)/.test(text)) return 'a segment "." or ".."';
  return characterProblem(text);
}

/** Why the characters of a text cannot be part of a key; null when they can. */
export function characterProblem(text: string): string | null {
  if (/\p{Cc}/u.test(text)) return 'a control character';
  if (text.includes('\\')) return 'a backslash';
  // Invalid UTF-8 arrives as U+FFFD, and half a surrogate pair becomes it on the way to the store.
  if (/[\p{Cs}\uFFFD]/u.test(text)) return 'a character that is no whole Unicode character';
  return null;
}

/** Why no file can have this key; null when one can. */
export function keyProblem(key: string): string | null {
  const bytes = utf8Length(key);
  if (bytes === 0 || bytes > KEY_BYTES_MAX) return `${bytes} bytes, allowed: 1 to ${KEY_BYTES_MAX}`;
  const problem = textProblem(key) ?? (key.endsWith('/') ? 'a slash at its end' : null);
  return problem === null ? null : `${problem}, allowed: ${KEY_TEXT_ALLOWED}, no slash at its end`;
}

/** The bytes of the text in UTF-8. A workflow has no Buffer. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
