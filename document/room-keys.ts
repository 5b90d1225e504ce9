// The customer's own keys of a peer, as the file shows them: each name once, in the order of the bytes of
// their names, with the values of all that had the name. Names that differ only in bytes that are no UTF-8
// are one name.
import type { KeysColumn, TextColumn } from './arrow-columns.ts';
import { FAULT } from './faults.ts';
import { toWellFormed } from './utf8.ts';
import { compareTexts } from './row-order.ts';

/** A name and its values. The values are rows of the column's `values`. */
export interface Key {
  name: Uint8Array;
  values: number[];
}

/** Bits of `FAULT` for the names of one row. */
export function hasKeyFault(keys: KeysColumn, row: number): number {
  const from = keys.offsets[row] ?? 0;
  const to = keys.offsets[row + 1] ?? 0;
  if (from === to) return 0;
  if (keys.names.isValid) return hasNameTwice(keys.names, from, to) ? FAULT.key_twice : 0;
  const names = Array.from({ length: to - from }, (_, at) => keys.names.bytesAt(from + at));
  const wellFormed = names.map(toWellFormed);
  const isBroken = wellFormed.some((name, at) => Buffer.compare(name, names[at] ?? name) !== 0);
  const distinct = new Set(wellFormed.map((name) => Buffer.from(name).toString('latin1')));
  return (isBroken ? FAULT.text : 0) | (distinct.size < names.length ? FAULT.key_twice : 0);
}

/** A peer has a few keys at most, so every pair is looked at. */
function hasNameTwice(names: TextColumn, from: number, to: number): boolean {
  for (let a = from; a < to; a++) {
    for (let b = a + 1; b < to; b++) if (compareTexts(names, a, names, b) === 0) return true;
  }
  return false;
}

/**
 * Puts the entries of one row in the order of the bytes of their names. Entries of one name stay in their
 * order.
 */
export function sortEntries(keys: KeysColumn, row: number, into: number[]): void {
  const to = keys.offsets[row + 1] ?? 0;
  into.length = 0;
  for (let entry = keys.offsets[row] ?? 0; entry < to; entry++) {
    let at = into.length;
    for (; at > 0 && compareTexts(keys.names, into[at - 1] ?? 0, keys.names, entry) > 0; at--)
      into[at] = into[at - 1] ?? 0;
    into[at] = entry;
  }
}

/** The keys of one row where some names are no UTF-8: in the order of the names that are shown. */
export function brokenKeysOf(keys: KeysColumn, row: number): Key[] {
  const byName = new Map<string, Key>();
  for (let entry = keys.offsets[row] ?? 0; entry < (keys.offsets[row + 1] ?? 0); entry++) {
    const name = toWellFormed(keys.names.bytesAt(entry));
    const text = Buffer.from(name).toString('latin1');
    const key = byName.get(text) ?? { name, values: [] };
    byName.set(text, key);
    for (let value = keys.valueOffsets[entry] ?? 0; value < (keys.valueOffsets[entry + 1] ?? 0); value++)
      key.values.push(value);
  }
  return [...byName.values()].sort((a, b) => Buffer.compare(a.name, b.name));
}
