// Multipart uploads: invisible until completed, fenced by ETags, given up without a trace.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ObjectStore } from '../../store/object-store.ts';
import { failure, LARGE, md5, OTHER, readAll, SMALL } from './store-contract-tools.ts';
import type { OpenedStore, StoreTraits } from './store-contract-tools.ts';

export function describeUploads(opened: () => OpenedStore): void {
  describe('a multipart upload', () => {
    let store: ObjectStore;
    let prefix: string;
    let traits: StoreTraits;
    before(() => {
      ({ store, prefix, traits } = opened());
    });
    const keyOf = (name: string) => `${prefix}/${name}`;

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

    it('refuses a part whose digest is wrong, and keeps the earlier one', async () => {
      const key = keyOf('digest.json');
      const uploadId = await begin(key);
      const held = await send(key, uploadId, 1, SMALL);
      await assert.rejects(
        store.uploadPart({ key, uploadId, partNumber: 1, body: SMALL, md5: md5(OTHER) }),
        failure({ code: 'BadDigest', status: 400 }),
      );
      assert.deepEqual(await store.listParts({ key, uploadId }), [{ ...held, size: SMALL.length }]);
      await store.abortUpload({ key, uploadId });
    });

    it('is invisible until completion, then has the parts in numeric order, with gaps and a small last part', async () => {
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

    it('replaces the object atomically', async () => {
      const key = keyOf('replaced.json.gz');
      await store.putObject({ key, body: Buffer.from('generation 1'), contentType: 'text/plain' });
      const uploadId = await begin(key);
      const part = await send(key, uploadId, 1, SMALL);
      assert.equal((await readAll(store, key)).toString(), 'generation 1');
      await store.completeUpload({ key, uploadId, parts: [part] });
      assert.ok((await readAll(store, key)).equals(SMALL));
    });

    it('can make an empty object of one empty part', async () => {
      const key = keyOf('empty-part.ndjson');
      const uploadId = await begin(key);
      const part = await send(key, uploadId, 1, Buffer.alloc(0));
      const { etag } = await store.completeUpload({ key, uploadId, parts: [part] });
      assert.equal(etag, (await store.head({ key }))?.etag);
      assert.equal((await readAll(store, key)).length, 0);
    });

    it('never shows the bytes of a part that was overwritten after its upload', async () => {
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

    it('refuses to complete with a part that was never sent', async () => {
      const key = keyOf('never-sent.json.gz');
      const uploadId = await begin(key);
      const first = await send(key, uploadId, 1, LARGE);
      const parts = [first, { partNumber: 2, etag: md5(OTHER) }];
      const completing = store.completeUpload({ key, uploadId, parts });
      await assert.rejects(completing, failure({ code: 'InvalidPart', isA: 'part-mismatch' }));
      assert.equal(await store.head({ key }), null);
    });

    it('refuses a part below the minimum size that is not the last', async () => {
      const key = keyOf('too-small.json.gz');
      const uploadId = await begin(key);
      const parts = [await send(key, uploadId, 1, SMALL), await send(key, uploadId, 2, SMALL)];
      const completing = store.completeUpload({ key, uploadId, parts });
      await assert.rejects(completing, failure({ code: 'EntityTooSmall', isA: 'permanent' }));
    });

    it('gives the same object after a second completion', async () => {
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

    it('is removed by abort, and later requests for it are refused', async () => {
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

    it('is listed for exactly its key', async () => {
      const key = keyOf('unfinished.json');
      const wanted = [await begin(key), await begin(key)];
      await begin(`${key}.gz`);
      await begin(keyOf('unfinished'));
      assert.deepEqual((await store.listUploads({ key })).sort(), wanted.sort());
      for (const uploadId of wanted) await store.abortUpload({ key, uploadId });
      assert.deepEqual(await store.listUploads({ key }), []);
      assert.equal((await store.listUploads({ key: `${key}.gz` })).length, 1);
    });

    it('is listed for keys with characters that URLs and XML escape', async () => {
      const names = ["dt=2026-11-23/hour=10/a b+c&d'e(f)!*~ü€.json", '100%.json', '<2026>.json', '2026'];
      for (const key of names.map(keyOf)) {
        const uploadId = await begin(key);
        assert.deepEqual(await store.listUploads({ key }), [uploadId], key);
        await store.abortUpload({ key, uploadId });
      }
    });

    it('ends at once when its signal is aborted', async () => {
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
}
