// Texts as customers, browsers and broken importers write them: mostly plain, some that a JSON writer gets
// wrong easily, some that are no UTF-8 at all. All as bytes.
import { toByteText } from './history-rows.ts';
import type { ByteText } from './history-rows.ts';
import type { Random } from './random.ts';

export const LONE_SURROGATE: ByteText = '\xed\xa0\xbd';
export const LONG_TEXT_CHARACTERS = 512;

const ODD_TEXTS = [
  '"',
  '\\',
  '\\"',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\x01',
  '\x02',
  '\x0b',
  '\x1f',
  '\x7f',
  '/',
  "'",
  '`',
  '</script>',
  '<!--',
  '{"a":1}',
  '},\n{',
  ']\n',
  'null',
  'NaN',
  '0',
  '%s',
  '\\u0000',
  '\u0085',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufffd',
  '\uffff',
  '\u{10ffff}',
  'é',
  'e\u0301',
  'ß',
  '日本語',
  'עברית',
  '😀',
  '👩‍👩‍👧‍👦',
].map(toByteText);

/** Ill-formed: lone bytes, cut sequences, overlong forms, surrogates, what lies beyond Unicode. */
const BROKEN_TEXTS: readonly ByteText[] = [
  '\x80',
  '\xbf\xbf\xbf',
  '\xff',
  '\xfe\xff',
  '\xc0\xaf',
  '\xc2',
  '\xc3\xc3\xa9',
  '\xe2\x82',
  '\xe0\x80\xaf',
  '\xf0\x9f\x98',
  '\xf0',
  '\xf0a',
  '\xf8\x88\x80\x80\x80',
  '\xf4\x90\x80\x80',
  LONE_SURROGATE,
  '\xed\xa0\xbd\xed\xb8\x80',
  '\xed\xbf\xbf',
];

const WORDS = [
  'room',
  'peer',
  'alpha',
  'beta',
  'north',
  'Ostsee',
  'team 7',
  'a',
  'B',
  'Z',
  '_',
  '-',
  '10',
  '9',
];

/** Letters and digits, different for different numbers. */
export function plainText(random: Random): ByteText {
  return `${oneOf(random, WORDS)}-${random.int(0, 9999)}`;
}

/** Anything: one to three pieces, often odd, now and then broken, rarely long. */
export function oddText(random: Random): ByteText {
  if (random.chance(0.06)) return longText(random);
  return random.times(random.int(1, 3), () => oddPiece(random)).join('');
}

/** Exactly 512 characters, of one to four bytes each. */
export function longText(random: Random): ByteText {
  const character = random.pick(['x', 'é', '日', '😀']);
  return toByteText(character.repeat(LONG_TEXT_CHARACTERS));
}

/** Empty now and then, odd rarely. */
export function fieldText(random: Random, usual: readonly string[]): ByteText {
  if (random.chance(0.12)) return '';
  return random.chance(0.03) ? oddText(random) : oneOf(random, usual);
}

function oddPiece(random: Random): ByteText {
  const kind = random.fraction();
  if (kind < 0.45) return oneOf(random, ODD_TEXTS);
  return kind < 0.6 ? oneOf(random, BROKEN_TEXTS) : oneOf(random, WORDS);
}

function oneOf(random: Random, texts: readonly string[]): string {
  return texts[random.int(0, texts.length - 1)] ?? '';
}
