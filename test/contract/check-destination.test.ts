// The preflight of a destination against stores with one thing wrong each: the real store, with a method in
// front of it that refuses, or passes over what it was asked. Whatever is wrong, nothing is left under the
// data's prefix.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { checkDestination } from '../../activities/preflight/check-destination.ts';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import { openObjectStore } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { StoreError } from '../../store/store-errors.ts';
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { getTestStack } from '../stack.ts';

const id = randomBytes(4).toString('hex');
const DATA_PREFIX = `preflight-${id}/`;
const MANIFEST_PREFIX = `_manifests-${id}/`;

describe('checkDestination', () => {
  let store: ObjectStore;
  let bucket: string;
  before(async () => {
    const stack = await getTestStack();
    bucket = stack.store.bucket;
    store = openObjectStore({
      ...stack.store,
      name: 'files',
      pathStyle: true,
      manifestPrefix: MANIFEST_PREFIX,
    });
  });
  after(() => store.close());

  const check = async (changes: Partial<ObjectStore>, probeId: string): Promise<CheckLine[]> => {
    const place = { name: 'files', endpoint: 'http://127.0.0.1', region: 'r', bucket, pathStyle: true };
    const destination = { ...place, manifestPrefix: MANIFEST_PREFIX, credentials: 'aws' } as const;
    const opened = { destination, store: withChanges(store, changes) };
    const { lines } = await checkDestination(
      { destinations: new Map([['files', opened]]) } as unknown as StageTools,
      { name: 'files', dataPrefixes: [DATA_PREFIX], probeId },
      { signal: new AbortController().signal, report: () => undefined, workflowId: '', runId: '' },
    );
    return lines;
  };
  const left = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of store.listKeys({ prefix })) keys.push(key);
    return keys;
  };

  it('finds nothing wrong with a correct store', async () => {
    const lines = await check({}, 'sound');
    assert.deepEqual(
      lines.filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    assert.deepEqual([await left(DATA_PREFIX), await left(MANIFEST_PREFIX)], [[], []]);
  });

  it('cleans up what an earlier attempt left', async () => {
    const key = `${DATA_PREFIX}_room-streams-preflight-again`;
    await store.beginUpload({ key, contentType: 'application/json', metadata: {} });
    const record = { key: `${MANIFEST_PREFIX}_room-streams-preflight-again-record`, body: Buffer.from('x') };
    await store.putObject({ ...record, contentType: 'text/plain' });
    const lines = await check({}, 'again');
    assert.deepEqual(
      lines.filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    assert.deepEqual(await store.listUploads({ key }), []);
    assert.deepEqual([await left(DATA_PREFIX), await left(MANIFEST_PREFIX)], [[], []]);
  });

  it('detects a store that ignores the conditions of a put', async () => {
    const lines = await check(
      {
        putObject: ({ key, body, contentType, signal }) =>
          store.putObject({ key, body, contentType, signal }),
      },
      'conditions',
    );
    assert.deepEqual(failedOf(lines), [
      [`${MANIFEST_PREFIX}: put with If-None-Match: *`, 'the store did it'],
      [`${MANIFEST_PREFIX}: put with If-Match of another`, 'the store did it'],
    ]);
    assert.deepEqual([await left(DATA_PREFIX), await left(MANIFEST_PREFIX)], [[], []]);
  });

  it('leaves one small record beside the manifests when deleting is not allowed, and reports it', async () => {
    for (const probeId of ['first', 'second']) {
      const lines = await check({ deleteObject: refuse('deleteObject') }, probeId);
      assert.deepEqual(failedOf(lines), []);
      assert.deepEqual(
        lines.filter(({ outcome }) => outcome === 'optional').map(({ name }) => name),
        ['delete'],
      );
      assert.deepEqual(await left(DATA_PREFIX), []);
      const record = `${MANIFEST_PREFIX}_room-streams-preflight-record`;
      assert.deepEqual(await left(MANIFEST_PREFIX), [record]);
      assert.ok(lines.some(({ got }) => got.includes(`${record} stays`)));
    }
    await store.deleteObject({ key: `${MANIFEST_PREFIX}_room-streams-preflight-record` });
  });

  it('reports what may remain when uploads cannot be aborted', async () => {
    const lines = await check({ abortUpload: refuse('abortUpload') }, 'abort');
    const failed = failedOf(lines);
    assert.match(failed[0]?.join(' ') ?? '', /abort upload .*AccessDenied/);
    assert.ok(failed.some(([name, got]) => name.includes('cleaning up') && /abort may be left/.test(got)));
    for (const prefix of [DATA_PREFIX, MANIFEST_PREFIX]) {
      const key = `${prefix}_room-streams-preflight-abort`;
      for (const uploadId of await store.listUploads({ key })) await store.abortUpload({ key, uploadId });
    }
  });

  it('detects a store that does not list uploads', async () => {
    const lines = await check({ listUploads: () => Promise.resolve([]) }, 'uploads');
    assert.match(failedOf(lines)[0]?.join(' ') ?? '', /list uploads the store does not list it/);
  });

  it('checks only the records when no upload may be started', async () => {
    const lines = await check({ beginUpload: refuse('beginUpload') }, 'begin');
    assert.deepEqual(
      failedOf(lines).map(([name]) => name),
      [`${DATA_PREFIX}: begin upload`, `${MANIFEST_PREFIX}: begin upload`],
    );
    assert.equal(lines.filter(({ outcome }) => outcome === 'not-tried').length, 2);
  });
});

function failedOf(lines: readonly CheckLine[]): [name: string, got: string][] {
  return lines.filter(({ outcome }) => outcome === 'failed').map(({ name, got }) => [name, got]);
}

function refuse(operation: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new StoreError({ operation, code: 'AccessDenied', status: 403, key: undefined }, 'Access Denied'),
    );
}

/** The store's methods are its class's own, so they are called on it. */
function withChanges(store: ObjectStore, changes: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name, target);
      return typeof own === 'function' ? (own as (...of: unknown[]) => unknown).bind(target) : own;
    },
  });
}
