// Destinations that are wrong, each told apart by what a person has to mend.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { Destination } from '../../store/destination.ts';
import { openObjectStore } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { classifyStoreError, StoreError } from '../../store/store-errors.ts';
import { failure } from './store-contract-tools.ts';
import type { OpenedStore } from './store-contract-tools.ts';

export function describeDestinations(opened: () => OpenedStore): void {
  describe('a wrong destination', () => {
    let store: ObjectStore;
    let prefix: string;
    let destination: Destination;
    before(() => {
      ({ store, prefix, destination } = opened());
    });
    const keyOf = (name: string) => `${prefix}/${name}`;

    const openWith = (changed: Partial<Destination>) => openObjectStore({ ...destination, ...changed });

    it('is checked before it is used', async () => {
      await store.checkBucket();
    });

    it('is reported when the bucket is missing', async () => {
      const missing = openWith({ bucket: `missing-${randomUUID()}` });
      await assert.rejects(missing.checkBucket(), failure({ code: 'NoSuchBucket', isA: 'permanent' }));
      const beginning = missing.beginUpload({ key: 'x', contentType: 'text/plain', metadata: {} });
      await assert.rejects(beginning, failure({ code: 'NoSuchBucket', isA: 'permanent' }));
    });

    it('is reported when the password is wrong, without the password', async () => {
      const wrong = openWith({ secretAccessKey: 'a-wrong-password' });
      await assert.rejects(wrong.checkBucket(), failure({ code: 'SignatureDoesNotMatch', isA: 'permanent' }));
      await assert.rejects(wrong.head({ key: keyOf('x') }), (error: unknown) => {
        assert.ok(error instanceof StoreError);
        assert.equal(classifyStoreError(error), 'permanent');
        assert.doesNotMatch(`${error.stack}`, /a-wrong-password|AWS4-HMAC|Signature=/);
        return true;
      });
    });

    it('is reported when the user is unknown', async () => {
      const unknown = openWith({ accessKeyId: 'nobody' });
      await assert.rejects(unknown.checkBucket(), failure({ code: 'InvalidAccessKeyId', isA: 'permanent' }));
    });

    it('is reported as unreachable, and retried', async () => {
      const unreachable = openWith({ endpoint: 'http://127.0.0.1:1' });
      await assert.rejects(unreachable.checkBucket(), failure({ code: 'ECONNREFUSED', isA: 'retryable' }));
    });
  });
}
