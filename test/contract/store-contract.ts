// What every object store must do for us, as one suite run against each. Where stores may differ, the invariant is stated and what
// this one does is stated beside it (StoreTraits), so that a new version that behaves otherwise is noticed.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Destination } from '../../activities/store/destination.ts';
import { openObjectStore, type ListedKey, type ObjectStore } from '../../activities/store/object-store.ts';
import { classifyStoreError, StoreError } from '../../activities/store/store-errors.ts';
import { PART_BYTES_MIN } from '../../workflows/model/plan.ts';

export interface StoreTraits {
  name: string;
  /** Completing with the ETag of bytes that another attempt has overwritten. */
  staleEtag: 'refused' | 'named-bytes-kept';
  /** Completing what is completed. */
  secondCompletion: 'refused' | 'same-answer';
}

export interface StoreUnderTest {
  destination: Destination;
  stop(): Promise<void>;
}

const LARGE = randomBytes(PART_BYTES_MIN);
const OTHER = randomBytes(PART_BYTES_MIN);
const SMALL = randomBytes(1_000);

export function describeStore(traits: StoreTraits, start: () => Promise<StoreUnderTest>): void {
  describe(`object store ${traits.name}`, () => {
    let under: StoreUnderTest;
    let store: ObjectStore;
    const prefix = `store-contract/${randomUUID()}`;
    before(async () => {
      under = await start();
      store = openObjectStore(under.destination);
    });
    after(async () => {
      await store.close();
      await under.stop();
    });
    const keyOf = (name: string) => `${prefix}/${name}`;

    describe('small objects', () => {
      it('reads back what was put, and its head', async () => {
        const key = keyOf('small.json');
        const { etag } = await store.putObject({ key, body: SMALL, contentType: 'application/json' });
        assert.equal(etag, md5(SMALL));
        assert.deepEqual(await store.getObject({ key, bytesMax: SMALL.length }), {
          body: SMALL,
          etag: md5(SMALL),
        });
        assert.deepEqual(await store.head({ key }), {
          etag,
          size: SMALL.length,
          metadata: {},
          contentType: 'application/json',
        });
      });

      it('takes keys with characters that URLs and signatures escape', async () => {
        const key = keyOf("dt=2026-11-23/hour=10/a b+c&d'e(f)!*~ü€/100%.json");
        await store.putObject({ key, body: SMALL, contentType: 'application/json' });
        assert.deepEqual(await store.getObject({ key, bytesMax: SMALL.length }), {
          body: SMALL,
          etag: md5(SMALL),
        });
        assert.deepEqual(
          (await keysOf(store, `${prefix}/dt=`)).map((found) => found.key),
          [key],
        );
      });

      it('stores an empty object', async () => {
        const key = keyOf('empty.ndjson');
        await store.putObject({ key, body: Buffer.alloc(0), contentType: 'application/x-ndjson' });
        assert.equal((await store.head({ key }))?.size, 0);
        assert.equal((await store.getObject({ key, bytesMax: 0 }))?.body.length, 0);
      });

      it('answers null for what is not there, and deletes it without complaint', async () => {
        const key = keyOf('missing.json');
        assert.equal(await store.head({ key }), null);
        assert.equal(await store.getObject({ key, bytesMax: 10 }), null);
        await assert.rejects(store.readObject({ key }), failure({ code: 'NoSuchKey', status: 404 }));
        await store.deleteObject({ key });
      });

      it('deletes', async () => {
        const key = keyOf('deleted.json');
        await store.putObject({ key, body: SMALL, contentType: 'application/json' });
        await store.deleteObject({ key });
        assert.equal(await store.head({ key }), null);
      });

      it('reads no more than it is allowed to', async () => {
        const key = keyOf('too-large.json');
        await store.putObject({ key, body: SMALL, contentType: 'application/json' });
        const reading = store.getObject({ key, bytesMax: SMALL.length - 1 });
        await assert.rejects(reading, failure({ code: 'TooLarge' }));
      });

      it('puts an object once among many who try at once', async () => {
        const key = keyOf('once.json');
        const tries = Array.from({ length: 10 }, (_, index) =>
          store.putObject({
            key,
            body: Buffer.from(`${index}`),
            contentType: 'application/json',
            ifNoneMatch: '*',
          }),
        );
        const outcomes = await Promise.allSettled(tries);
        const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
        assert.equal(winners.length, 1);
        assert.equal((await store.getObject({ key, bytesMax: 10 }))?.body.toString(), `${winners[0]}`);
      });

      it('puts over the object that was read, and over no other', async () => {
        const key = keyOf('pointer.json');
        const put = (text: string, ifMatch?: string) =>
          store.putObject({
            key,
            body: Buffer.from(text),
            contentType: 'application/json',
            ...(ifMatch === undefined ? {} : { ifMatch }),
          });
        const first = await put('first');
        const second = await put('second', first.etag);
        await assert.rejects(put('third', first.etag), failure({ code: 'PreconditionFailed', status: 412 }));
        assert.equal((await store.head({ key }))?.etag, second.etag);
      });

      it('lists the keys of a prefix in order, from page to page, and from any key on', async () => {
        const names = Array.from({ length: 1_005 }, (_, index) => `${index}`.padStart(4, '0'));
        await inTurns(names, 8, (name) =>
          store.putObject({ key: keyOf(`list/${name}`), body: Buffer.from(name), contentType: 'text/plain' }),
        );
        await store.putObject({ key: keyOf('list-other'), body: SMALL, contentType: 'text/plain' });
        const listed = await keysOf(store, `${prefix}/list/`);
        assert.deepEqual(
          listed.map(({ key }) => key),
          names.map((name) => keyOf(`list/${name}`)),
        );
        assert.deepEqual(listed[7], { key: keyOf('list/0007'), size: 4, etag: md5(Buffer.from('0007')) });
        const later = await keysOf(store, `${prefix}/list/`, keyOf('list/1001'));
        assert.deepEqual(
          later.map(({ key }) => key),
          ['1002', '1003', '1004'].map((name) => keyOf(`list/${name}`)),
        );
        assert.deepEqual(await keysOf(store, `${prefix}/nothing/`), []);
      });
    });

    describe('multipart uploads', () => {
      const begin = (key: string) =>
        store.beginUpload({
          key,
          contentType: 'application/gzip',
          metadata: { 'write-id': `w-${key.length}` },
        });
      const send = async (key: string, uploadId: string, partNumber: number, body: Buffer) => ({
        partNumber,
        ...(await store.uploadPart({ key, uploadId, partNumber, body })),
      });

      it('shows nothing before completion, then the parts in the order of their numbers, gaps and a small last part included', async () => {
        const key = keyOf('multipart.json.gz');
        const uploadId = await begin(key);
        const third = await send(key, uploadId, 7, SMALL);
        const second = await send(key, uploadId, 2, OTHER);
        const first = await send(key, uploadId, 1, LARGE);
        assert.equal(first.etag, md5(LARGE));
        assert.deepEqual(await store.listParts({ key, uploadId }), [
          { ...first, size: LARGE.length },
          { ...second, size: OTHER.length },
          { ...third, size: SMALL.length },
        ]);
        assert.equal(await store.head({ key }), null);
        const { etag } = await store.completeUpload({ key, uploadId, parts: [third, first, second] });
        assert.match(etag, /^[0-9a-f]{32}-3$/);
        assert.deepEqual(await store.head({ key }), {
          etag,
          size: LARGE.length + OTHER.length + SMALL.length,
          metadata: { 'write-id': `w-${key.length}` },
          contentType: 'application/gzip',
        });
        assert.ok((await readAll(store, key)).equals(Buffer.concat([LARGE, OTHER, SMALL])));
      });

      it('replaces the object in one moment', async () => {
        const key = keyOf('replaced.json.gz');
        await store.putObject({ key, body: Buffer.from('generation 1'), contentType: 'text/plain' });
        const uploadId = await begin(key);
        const part = await send(key, uploadId, 1, SMALL);
        assert.equal((await readAll(store, key)).toString(), 'generation 1');
        await store.completeUpload({ key, uploadId, parts: [part] });
        assert.ok((await readAll(store, key)).equals(SMALL));
      });

      it('makes an empty object of one empty part', async () => {
        const key = keyOf('empty-part.ndjson');
        const uploadId = await begin(key);
        const part = await send(key, uploadId, 1, Buffer.alloc(0));
        const { etag } = await store.completeUpload({ key, uploadId, parts: [part] });
        assert.equal(etag, (await store.head({ key }))?.etag);
        assert.equal((await readAll(store, key)).length, 0);
      });

      it('never shows the bytes of a part that was overwritten behind our back', async () => {
        const key = keyOf('overwritten.json.gz');
        const uploadId = await begin(key);
        const ours = await send(key, uploadId, 1, LARGE);
        const last = await send(key, uploadId, 2, SMALL);
        await send(key, uploadId, 1, OTHER);
        const completing = store.completeUpload({ key, uploadId, parts: [ours, last] });
        if (traits.staleEtag === 'refused') {
          await assert.rejects(completing, failure({ code: 'InvalidPart', isA: 'part-mismatch' }));
          const [held] = await store.listParts({ key, uploadId });
          assert.equal(held?.etag, md5(OTHER));
          await send(key, uploadId, 1, LARGE);
          await store.completeUpload({ key, uploadId, parts: [ours, last] });
        } else {
          await completing;
        }
        assert.ok((await readAll(store, key)).equals(Buffer.concat([LARGE, SMALL])));
      });

      it('refuses a part that was never sent', async () => {
        const key = keyOf('never-sent.json.gz');
        const uploadId = await begin(key);
        const first = await send(key, uploadId, 1, LARGE);
        const parts = [first, { partNumber: 2, etag: md5(OTHER) }];
        const completing = store.completeUpload({ key, uploadId, parts });
        await assert.rejects(completing, failure({ code: 'InvalidPart', isA: 'part-mismatch' }));
        assert.equal(await store.head({ key }), null);
      });

      it('refuses a part under the minimum that is not the last', async () => {
        const key = keyOf('too-small.json.gz');
        const uploadId = await begin(key);
        const parts = [await send(key, uploadId, 1, SMALL), await send(key, uploadId, 2, SMALL)];
        const completing = store.completeUpload({ key, uploadId, parts });
        await assert.rejects(completing, failure({ code: 'EntityTooSmall', isA: 'permanent' }));
      });

      it('leaves one and the same object after a second completion', async () => {
        const key = keyOf('twice.json.gz');
        const uploadId = await begin(key);
        const parts = [await send(key, uploadId, 1, SMALL)];
        const { etag } = await store.completeUpload({ key, uploadId, parts });
        const again = store.completeUpload({ key, uploadId, parts });
        if (traits.secondCompletion === 'refused') {
          await assert.rejects(again, failure({ code: 'NoSuchUpload', isA: 'upload-gone' }));
        } else {
          assert.deepEqual(await again, { etag });
        }
        assert.equal((await store.head({ key }))?.etag, etag);
      });

      it('forgets an aborted upload and refuses what late attempts send to it', async () => {
        const key = keyOf('aborted.json.gz');
        const uploadId = await begin(key);
        const part = await send(key, uploadId, 1, SMALL);
        assert.equal(await store.abortUpload({ key, uploadId }), true);
        const gone = failure({ code: 'NoSuchUpload', isA: 'upload-gone' });
        await assert.rejects(send(key, uploadId, 2, SMALL), gone);
        await assert.rejects(store.completeUpload({ key, uploadId, parts: [part] }), gone);
        await assert.rejects(store.listParts({ key, uploadId }), gone);
        assert.equal(await store.head({ key }), null);
        await store.abortUpload({ key, uploadId });
      });

      it('lists the unfinished uploads of exactly one key', async () => {
        const key = keyOf('unfinished.json');
        const wanted = [await begin(key), await begin(key)];
        await begin(`${key}.gz`);
        await begin(keyOf('unfinished'));
        assert.deepEqual((await store.listUploads({ key })).sort(), wanted.sort());
        for (const uploadId of wanted) await store.abortUpload({ key, uploadId });
        assert.deepEqual(await store.listUploads({ key }), []);
        assert.equal((await store.listUploads({ key: `${key}.gz` })).length, 1);
      });

      it('lists the unfinished uploads of keys with characters that URLs and XML escape', async () => {
        const names = ["dt=2026-11-23/hour=10/a b+c&d'e(f)!*~ü€.json", '100%.json', '<2026>.json', '2026'];
        for (const key of names.map(keyOf)) {
          const uploadId = await begin(key);
          assert.deepEqual(await store.listUploads({ key }), [uploadId], key);
          await store.abortUpload({ key, uploadId });
        }
      });

      it('ends an upload at once when its signal is aborted', async () => {
        const key = keyOf('cancelled.json.gz');
        const uploadId = await begin(key);
        const reason = new Error('the run was cancelled');
        const cancelled = AbortSignal.abort(reason);
        const body = Buffer.alloc(16 * 1024 * 1024);
        const aborting = new AbortController();
        const sending = store.uploadPart({ key, uploadId, partNumber: 1, body, signal: aborting.signal });
        // Past the hashing, which cannot be interrupted, and into the request.
        setImmediate(() => aborting.abort(reason));
        await assert.rejects(sending, reason);
        await assert.rejects(store.head({ key, signal: cancelled }), reason);
      });
    });

    describe('a wrong destination', () => {
      const openWith = (changed: Partial<Destination>) =>
        openObjectStore({ ...under.destination, ...changed });

      it('is checked before it is used', async () => {
        await store.checkBucket();
      });

      it('says that the bucket is missing', async () => {
        const missing = openWith({ bucket: `missing-${randomUUID()}` });
        await assert.rejects(missing.checkBucket(), failure({ code: 'NoSuchBucket', isA: 'permanent' }));
        const beginning = missing.beginUpload({ key: 'x', contentType: 'text/plain', metadata: {} });
        await assert.rejects(beginning, failure({ code: 'NoSuchBucket', isA: 'permanent' }));
      });

      it('says that the password is wrong, and keeps it to itself', async () => {
        const wrong = openWith({ secretAccessKey: 'a-wrong-password' });
        await assert.rejects(
          wrong.checkBucket(),
          failure({ code: 'SignatureDoesNotMatch', isA: 'permanent' }),
        );
        await assert.rejects(wrong.head({ key: keyOf('x') }), (error: unknown) => {
          assert.ok(error instanceof StoreError);
          assert.equal(classifyStoreError(error), 'permanent');
          assert.doesNotMatch(`${error.stack}`, /a-wrong-password|AWS4-HMAC|Signature=/);
          return true;
        });
      });

      it('says that the user is unknown', async () => {
        const unknown = openWith({ accessKeyId: 'nobody' });
        await assert.rejects(
          unknown.checkBucket(),
          failure({ code: 'InvalidAccessKeyId', isA: 'permanent' }),
        );
      });

      it('says that it cannot be reached, which may pass', async () => {
        const unreachable = openWith({ endpoint: 'http://127.0.0.1:1' });
        await assert.rejects(unreachable.checkBucket(), failure({ code: 'ECONNREFUSED', isA: 'retryable' }));
      });
    });
  });
}

function failure(wanted: { code: string; status?: number; isA?: string }): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, wanted.code, error.message);
    if (wanted.status !== undefined) assert.equal(error.status, wanted.status);
    if (wanted.isA !== undefined) assert.equal(classifyStoreError(error), wanted.isA);
    return true;
  };
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.concat(await collect<Buffer>(await store.readObject({ key })));
}

function keysOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<ListedKey[]> {
  return collect(store.listKeys({ prefix, ...(startAfter === undefined ? {} : { startAfter }) }));
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function inTurns<Item>(
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
