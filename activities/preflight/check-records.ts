// Tries to put and read back manifests as a run does, with the two conditions that keep a slower writer from
// replacing a newer record. A store that ignores a condition is found here, and not by a lost manifest.
import { nameOf, PROBE_BODY, PROBE_TYPE, recordKeyOf } from './probe.ts';
import type { Probing } from './probe.ts';

/** The codes by which stores report that the condition of a put does not hold. */
const REFUSED = ['PreconditionFailed', 'ConditionalRequestConflict'];

/** An ETag that no object has. */
const OTHER_ETAG = '00000000000000000000000000000000';

export async function checkRecords(probing: Probing): Promise<void> {
  const { store, list, signal, prefix, mayDelete } = probing;
  const name = (what: string) => `${nameOf(prefix)}: ${what}`;
  const key = recordKeyOf(probing);
  const record = { key, body: PROBE_BODY, contentType: PROBE_TYPE, signal };
  const etag = await list.try({ name: name('put'), allowed: 's3:PutObject' }, async () => {
    // An earlier attempt of this preflight may have left it. Where nothing may be deleted, the record of an
    // earlier preflight is still stored.
    if (mayDelete) await store.deleteObject({ key, signal });
    const put = await store.putObject({ ...record, ...(mayDelete ? { ifNoneMatch: '*' } : {}) });
    return {
      got: mayDelete ? 'put where nothing was' : `put; ${key} stays, as it may not be deleted`,
      value: put.etag,
    };
  });
  if (etag === undefined) {
    list.skip({ name: name('get, conditions'), allowed: 'as runs do' }, 'nothing could be put');
    return;
  }
  await list.try({ name: name('head'), allowed: 's3:GetObject' }, async () => {
    const head = await store.head({ key, signal });
    return { got: head === null ? 'not there' : `${head.size} bytes`, value: head };
  });
  const line = { name: name('get'), allowed: 's3:GetObject' };
  const stored = await list.try(line, async () => {
    const found = await store.getObject({ key, bytesMax: PROBE_BODY.length, signal });
    return { got: `${found?.body.length ?? 0} bytes`, value: found };
  });
  if (stored !== undefined && stored?.body.equals(PROBE_BODY) !== true)
    list.fail({ name: name('get'), allowed: 'the bytes that were put' }, 'other bytes, or none');
  await checkConditions(probing, record, etag);
}

async function checkConditions(
  { store, list, prefix }: Probing,
  record: { key: string; body: Buffer; contentType: string; signal: AbortSignal },
  etag: string,
): Promise<void> {
  const name = (what: string) => `${nameOf(prefix)}: ${what}`;
  await list.expectRefusal(
    { name: name('put with If-None-Match: *'), allowed: 'refused where an object is', codes: REFUSED },
    () => store.putObject({ ...record, ifNoneMatch: '*' }),
  );
  await list.expectRefusal(
    { name: name('put with If-Match of another'), allowed: 'refused over another object', codes: REFUSED },
    () => store.putObject({ ...record, ifMatch: OTHER_ETAG }),
  );
  await list.try(
    { name: name('put with If-Match'), allowed: 'put over the object of that ETag' },
    async () => {
      await store.putObject({ ...record, ifMatch: etag });
      return { got: 'put', value: true };
    },
  );
}
