// The floor of storing, as a program of its own: uploads bytes that it has in memory already, in parts of the
// size of our export's, two at once. No exporter that stores these bytes in this store can be faster.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { serve } from './child-process.ts';
import { openClient, uploadParts } from './part-upload.ts';
import { uploadTaskSchema } from './tasks.ts';
import type { UploadTask } from './tasks.ts';

const PARTS_AT_ONCE = 2;

/** Of a larger file the first so many parts are uploaded again and again: half a gigabyte of plain parts. */
const LOADED_PARTS_MAX = 32;

let loaded: Buffer[] = [];

serve(uploadTaskSchema, async ({ store, from, key, contentType }) => {
  if (loaded.length === 0) loaded = await load({ store, from });
  const parts = Array.from({ length: from.parts }, (_, at) => loaded[at % loaded.length] ?? Buffer.alloc(0));
  await uploadParts({ store, key, contentType, partsAtOnce: PARTS_AT_ONCE }, Readable.from(parts));
  return { bytes: parts.reduce((sum, part) => sum + part.length, 0) };
});

async function load({ store, from }: Pick<UploadTask, 'store' | 'from'>): Promise<Buffer[]> {
  const client = openClient(store);
  const { size } = await client.statObject(store.bucket, from.key);
  const parts: Buffer[] = [];
  for (let at = 0; at < size && parts.length < LOADED_PARTS_MAX; at += from.partBytes) {
    const length = Math.min(from.partBytes, size - at);
    parts.push(await buffer(await client.getPartialObject(store.bucket, from.key, at, length)));
  }
  return parts;
}
