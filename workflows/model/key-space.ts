// Computes which keys a stream can write, so that no two streams write the same one. With given names, a
// template makes keys of one length: a text with digits at the positions of times. Two templates can make the
// same key only if they agree at every position. Whether they ever do is not checked. Pure.
import { extensionOf } from './stream.ts';
import type { StreamDefinition, StreamSettings } from './stream.ts';

/** Stands for a digit of a time. No key contains it, because prefixes refuse control characters. */
const DIGIT = '\u0001';

const DIGITS: Readonly<Record<string, number>> = { yyyy: 4, mm: 2, dd: 2, hh: 2, min: 2 };

/** `20261123T101500Z` */
const COMPACT_TIME = `${DIGIT.repeat(8)}T${DIGIT.repeat(6)}Z`;

export interface KeySpace {
  /** The template with its names filled in and its times as placeholders. */
  shape: string;
  /** The same with a mark for each digit of a time. */
  marked: string;
}

export function keySpaceOf(stream: string, settings: StreamSettings): KeySpace {
  const { prefix, project, keyTemplate } = settings;
  const names: Readonly<Record<string, string>> = { prefix, project, stream, ext: extensionOf(settings) };
  const fill = (toTime: (name: string, whole: string) => string): string =>
    keyTemplate.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => names[name] ?? toTime(name, whole));
  return {
    shape: fill((_name, whole) => whole),
    marked: fill((name) =>
      name === 'start' || name === 'end' ? COMPACT_TIME : DIGIT.repeat(DIGITS[name] ?? 0),
    ),
  };
}

/** One of the space's keys, with 0 for every digit of a time. All keys of a space have the same length. */
export function sampleKeyOf({ marked }: KeySpace): string {
  return marked.replaceAll(DIGIT, '0');
}

/** The common beginning of the space's keys, up to the first digit of a time. */
export function literalHeadOf({ marked }: KeySpace): string {
  const first = marked.indexOf(DIGIT);
  return first < 0 ? marked : marked.slice(0, first);
}

/**
 * Whether a key of the space can be under the prefix. When the prefix has no digit of a time, this holds for
 * all of its keys or none.
 */
export function isUnderPrefix({ marked }: KeySpace, prefix: string): boolean {
  if (marked.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) {
    const [own, wanted] = [marked.charAt(at), prefix.charAt(at)];
    if (own !== wanted && !(own === DIGIT && /\d/.test(wanted))) return false;
  }
  return true;
}

/**
 * A key that both spaces of one bucket can make, with `#` for the digits of times; null when there is none.
 */
export function sharedKey({ marked: a }: KeySpace, { marked: b }: KeySpace): string | null {
  if (a.length !== b.length) return null;
  let shared = '';
  for (let at = 0; at < a.length; at += 1) {
    const [one, other] = [a.charAt(at), b.charAt(at)];
    if (one === other) shared += one;
    else if (one === DIGIT && /\d/.test(other)) shared += other;
    else if (other === DIGIT && /\d/.test(one)) shared += one;
    else return null;
  }
  return shared.replaceAll(DIGIT, '#');
}

/**
 * The problems of a stream whose settings change over time: an interval could get the key of an older one. A
 * single template gives each interval its own key.
 * @param isSamePlace whether two destinations are one bucket
 */
export function ownKeyProblems(
  { name, revisions }: StreamDefinition,
  isSamePlace: (a: string, b: string) => boolean,
): string[] {
  for (const [index, { settings: later }] of revisions.entries()) {
    for (const { settings: earlier } of revisions.slice(0, index)) {
      const [is, was] = [keySpaceOf(name, later), keySpaceOf(name, earlier)];
      if (is.shape === was.shape || !isSamePlace(later.destination, earlier.destination)) continue;
      const shared = sharedKey(is, was);
      if (shared === null) continue;
      return [
        `prefix, key-template: got "${later.keyTemplate}", which could make a key that an older interval of the stream has, as ${shared}; allowed: a template, or a prefix, that differs outside its times`,
      ];
    }
  }
  return [];
}
