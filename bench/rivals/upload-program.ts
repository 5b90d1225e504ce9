// The floor of storing, as a program of its own: uploads bytes that it has in memory already, in parts of the size of our export's, two at
// once. No exporter that stores these bytes in this store can be faster.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { serve } from './child-process.ts';
import { openClient, uploadParts } from './part-upload.ts';
import { uploadTaskSchema, type UploadTask } from './tasks.ts';

const PARTS_AT_ONCE = 2;

let loaded: Buffer[] = [];

serve(uploadTaskSchema, async (task) => {
  if (task.kind === 'load') loaded = await load(task);
  else await upload(task);
  return { bytes: loaded.reduce((sum, part) => sum + part.length, 0) };
});

async function load({ store, key, partBytes }: Extract<UploadTask, { kind: 'load' }>): Promise<Buffer[]> {
  const client = openClient(store);
  const { size } = await client.statObject(store.bucket, key);
  const parts: Buffer[] = [];
  for (let from = 0; from < size; from += partBytes) {
    const length = Math.min(partBytes, size - from);
    parts.push(await buffer(await client.getPartialObject(store.bucket, key, from, length)));
  }
  return parts;
}

async function upload({ store, key, contentType }: Extract<UploadTask, { kind: 'upload' }>): Promise<void> {
  if (loaded.length === 0) throw new Error('nothing was loaded');
  await uploadParts({ store, key, contentType, partsAtOnce: PARTS_AT_ONCE }, Readable.from(loaded));
}
