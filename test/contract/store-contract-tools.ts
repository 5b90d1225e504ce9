// What the parts of the store contract have in common: the store under test, where its keys lie, bytes to
// send, and how failures are read.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Destination } from '../../store/destination.ts';
import type { ListedKey, ObjectStore } from '../../store/object-store.ts';
import { classifyStoreError, StoreError } from '../../store/store-errors.ts';
import { PART_BYTES_MIN } from '../../workflows/model/plan.ts';

export interface StoreTraits {
  name: string;
  /** Completing with the ETag of bytes that another attempt has overwritten. */
  staleEtag: 'refused' | 'named-bytes-kept';
  /** Completing what is completed. */
  secondCompletion: 'refused' | 'same-answer';
}

export interface OpenedStore {
  traits: StoreTraits;
  destination: Destination;
  store: ObjectStore;
  /** Of all keys of this run of the contract. */
  prefix: string;
}

export const LARGE = randomBytes(PART_BYTES_MIN);
export const OTHER = randomBytes(PART_BYTES_MIN);
export const SMALL = randomBytes(1_000);

export function failure(wanted: { code: string; status?: number; isA?: string }): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, wanted.code, error.message);
    if (wanted.status !== undefined) assert.equal(error.status, wanted.status);
    if (wanted.isA !== undefined) assert.equal(classifyStoreError(error), wanted.isA);
    return true;
  };
}

export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

export async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.concat(await collect<Buffer>(await store.readObject({ key })));
}

export function keysOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<ListedKey[]> {
  return collect(store.listKeys({ prefix, ...(startAfter === undefined ? {} : { startAfter }) }));
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
