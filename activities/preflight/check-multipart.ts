// Tries the multipart upload as a run makes it, under one prefix: begin, a part, the listings needed for
// cleaning up, and abort. It also checks that a late part is then refused. Where files may be deleted, a
// second upload is completed and verified.
import { nameOf, PROBE_BODY, PROBE_TYPE, uploadKeyOf } from './probe.ts';
import type { Probing } from './probe.ts';
import { WRITE_ID_METADATA } from '../../workflows/model/manifest.ts';

const GONE = ['NoSuchUpload'];

export async function checkMultipart(probing: Probing): Promise<void> {
  const { store, list, signal, mayDelete } = probing;
  const key = uploadKeyOf(probing);
  const name = (what: string) => `${nameOf(probing.prefix)}: ${what}`;
  const uploadId = await begin(probing, key);
  if (uploadId === undefined) {
    list.skip({ name: name('upload part, list, abort'), allowed: 'as runs do' }, 'no upload could be begun');
    return;
  }
  const of = { key, uploadId, signal };
  await list.try({ name: name('upload part'), allowed: 's3:PutObject' }, async () => {
    const { etag } = await store.uploadPart({ ...of, partNumber: 1, body: PROBE_BODY });
    return { got: `${PROBE_BODY.length} bytes`, value: etag };
  });
  await list.try({ name: name('list parts'), allowed: 's3:ListMultipartUploadParts' }, async () => {
    const parts = await store.listParts(of);
    return { got: `${parts.length} of 1`, value: parts };
  });
  const listed = await list.try(
    { name: name('list uploads'), allowed: 's3:ListBucketMultipartUploads on the bucket' },
    async () => {
      const uploads = await store.listUploads({ key, signal });
      return { got: `${uploads.length} of this key`, value: uploads };
    },
  );
  if (listed?.includes(uploadId) === false) {
    list.fail(
      { name: name('list uploads'), allowed: 'the upload that was begun' },
      'the store does not list it: uploads that runs leave unfinished cannot be aborted',
    );
  }
  await list.try({ name: name('abort upload'), allowed: 's3:AbortMultipartUpload' }, async () => {
    const isAborted = await store.abortUpload(of);
    return { got: isAborted ? 'aborted' : 'it was gone', value: true };
  });
  await list.expectRefusal(
    { name: name('late part'), allowed: 'refused once the upload is aborted', codes: GONE },
    () => store.uploadPart({ ...of, partNumber: 2, body: PROBE_BODY }),
  );
  if (mayDelete) await checkCompletion(probing, key);
  else list.skip({ name: name('complete'), allowed: 'a whole file' }, 'it could not be deleted again');
}

async function begin(
  { store, list, signal, prefix, probeId }: Probing,
  key: string,
): Promise<string | undefined> {
  return list.try({ name: `${nameOf(prefix)}: begin upload`, allowed: 's3:PutObject' }, async () => {
    const metadata = { [WRITE_ID_METADATA]: probeId };
    const uploadId = await store.beginUpload({ key, contentType: PROBE_TYPE, metadata, signal });
    return { got: 'begun', value: uploadId };
  });
}

async function checkCompletion(
  { store, list, signal, prefix, probeId }: Probing,
  key: string,
): Promise<void> {
  const name = (what: string) => `${nameOf(prefix)}: ${what}`;
  const completed = await list.try({ name: name('complete'), allowed: 's3:PutObject' }, async () => {
    const metadata = { [WRITE_ID_METADATA]: probeId };
    const uploadId = await store.beginUpload({ key, contentType: PROBE_TYPE, metadata, signal });
    const { etag } = await store.uploadPart({ key, uploadId, partNumber: 1, body: PROBE_BODY, signal });
    await store.completeUpload({ key, uploadId, parts: [{ partNumber: 1, etag }], signal });
    return { got: 'one part', value: true };
  });
  if (completed === undefined) return;
  const line = { name: name('head'), allowed: `${PROBE_BODY.length} bytes with the metadata of the upload` };
  const head = await list.try(line, async () => {
    const found = await store.head({ key, signal });
    const writeId = found?.metadata[WRITE_ID_METADATA] ?? 'none';
    return {
      got: `${found?.size ?? 0} bytes, metadata ${writeId === probeId ? 'kept' : 'lost'}`,
      value: found,
    };
  });
  if (head !== undefined && head?.metadata[WRITE_ID_METADATA] !== probeId)
    list.fail(line, 'without the metadata a run cannot tell its own file from others');
}
