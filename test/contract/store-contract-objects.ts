// Objects put, read, listed and deleted in one request each, and puts that hold only over what was read.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ObjectStore } from '../../store/object-store.ts';
import { failure, inTurns, keysOf, md5, SMALL } from './store-contract-tools.ts';
import type { OpenedStore } from './store-contract-tools.ts';

export function describeObjects(opened: () => OpenedStore): void {
  describe('the operations on small objects', () => {
    let store: ObjectStore;
    let prefix: string;
    before(() => {
      ({ store, prefix } = opened());
    });
    const keyOf = (name: string) => `${prefix}/${name}`;

    it('read back what was put, and its head', async () => {
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
      const metadata = { pointer: 'a-Z_0', 'long-value': 'x'.repeat(1_500) };
      await store.putObject({ key, body: SMALL, contentType: 'application/json', metadata, ifMatch: etag });
      assert.deepEqual((await store.head({ key }))?.metadata, metadata);
    });

    it('accept keys with characters that URLs and signatures escape', async () => {
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

    it('store an empty object', async () => {
      const key = keyOf('empty.ndjson');
      await store.putObject({ key, body: Buffer.alloc(0), contentType: 'application/x-ndjson' });
      assert.equal((await store.head({ key }))?.size, 0);
      assert.equal((await store.getObject({ key, bytesMax: 0 }))?.body.length, 0);
    });

    it('return null for a missing object, and delete it without an error', async () => {
      const key = keyOf('missing.json');
      assert.equal(await store.head({ key }), null);
      assert.equal(await store.getObject({ key, bytesMax: 10 }), null);
      await assert.rejects(store.readObject({ key }), failure({ code: 'NoSuchKey', status: 404 }));
      await store.deleteObject({ key });
    });

    it('delete an object', async () => {
      const key = keyOf('deleted.json');
      await store.putObject({ key, body: SMALL, contentType: 'application/json' });
      await store.deleteObject({ key });
      assert.equal(await store.head({ key }), null);
    });

    it('read no more than the given limit', async () => {
      const key = keyOf('too-large.json');
      await store.putObject({ key, body: SMALL, contentType: 'application/json' });
      const reading = store.getObject({ key, bytesMax: SMALL.length - 1 });
      await assert.rejects(reading, failure({ code: 'TooLarge' }));
    });

    it('put an object once when many callers try at the same time', async () => {
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

    it('replace only the version of an object that was read', async () => {
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

    it('list the keys of a prefix in order, across pages and from any key on', async () => {
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
}
