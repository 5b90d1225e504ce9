// Fourth stage: makes the file visible in one step. It uploads the closing part where there are several
// parts, then completes the upload with the ETags that the run recorded. A part that a late attempt overwrote
// is found here and never committed. The answer to a completion can get lost, and a second completion is then
// refused. So the stored object itself is checked for this run's write id.
import type { CompletedFile, CompleteOutcome, CompleteRequest } from '../../workflows/export/contract.ts';
import { closingPart } from './closing-part.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import type { ObjectHead, ObjectStore } from '../../store/object-store.ts';
import { classifyStoreError } from '../../store/store-errors.ts';
import { WRITE_ID_METADATA } from '../../workflows/model/manifest.ts';

export async function completeFile(
  tools: StageTools,
  request: CompleteRequest,
  run: StageRun,
): Promise<CompleteOutcome> {
  const { store } = openDestination(tools, request.target.settings.destination);
  const parts = request.parts.toSorted((a, b) => a.partNumber - b.partNumber);
  const { format, compression } = request.target.settings;
  const only = parts.length === 1 ? parts[0] : undefined;
  const closing =
    only === undefined
      ? closingPart({ format, compression }, parts)
      : { body: null, rawBytes: only.rawBytes, crc32: only.crc32 };
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0) + (closing.body?.length ?? 0);
  const file: Omit<CompletedFile, 'etag'> = {
    bytes,
    rawBytes: closing.rawBytes,
    crc32: closing.crc32,
    parts: parts.length + (closing.body === null ? 0 : 1),
  };
  try {
    await complete(store, { request, parts, closing: closing.body }, run);
    const head = await store.head({ key: request.key, signal: run.signal });
    if (isOurs(head, request, bytes)) return { outcome: 'completed', file: { ...file, etag: head.etag } };
    throw new NotCompletedError(`${request.key}: completed, but ${describeOther(head)}`);
  } catch (error) {
    // An object with our write id and size is our file, whatever the error says: an earlier attempt completed
    // it and its answer was lost.
    const head = await store.head({ key: request.key, signal: run.signal });
    if (isOurs(head, request, bytes)) return { outcome: 'completed', file: { ...file, etag: head.etag } };
    if (classifyStoreError(error) !== 'part-mismatch') throw error;
    const replaced = await replacedParts(store, request, run);
    if (replaced.length === 0) throw error;
    return { outcome: 'parts-replaced', partNumbers: replaced };
  }
}

/**
 * The store reported that it completed the file, but does not show it. Retried: by then either the file
 * exists or the upload is gone.
 */
export class NotCompletedError extends Error {
  override readonly name = 'NotCompletedError';
}

interface Completion {
  request: CompleteRequest;
  parts: CompleteRequest['parts'];
  closing: Buffer | null;
}

async function complete(
  store: ObjectStore,
  { request, parts, closing }: Completion,
  run: StageRun,
): Promise<void> {
  const { key, uploadId } = request;
  const named = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
  if (closing !== null) {
    const partNumber = (named.at(-1)?.partNumber ?? 0) + 1;
    const { etag } = await store.uploadPart({ key, uploadId, partNumber, body: closing, signal: run.signal });
    named.push({ partNumber, etag });
  }
  await store.completeUpload({ key, uploadId, parts: named, signal: run.signal });
}

function isOurs(head: ObjectHead | null, { writeId }: CompleteRequest, bytes: number): head is ObjectHead {
  return head?.metadata[WRITE_ID_METADATA] === writeId && head.size === bytes;
}

function describeOther(head: ObjectHead | null): string {
  if (head === null) return 'the store has no object there (HTTP 404)';
  const writeId = head.metadata[WRITE_ID_METADATA];
  return `another object is stored there: ${head.size} bytes, write id ${writeId ?? 'none'}`;
}

/** The parts that are missing from the store, or whose ETag differs from the one the run recorded. */
async function replacedParts(
  store: ObjectStore,
  { key, uploadId, parts }: CompleteRequest,
  run: StageRun,
): Promise<number[]> {
  const stored = await store.listParts({ key, uploadId, signal: run.signal });
  const etags = new Map(stored.map((part) => [part.partNumber, part.etag]));
  return parts.filter((part) => etags.get(part.partNumber) !== part.etag).map((part) => part.partNumber);
}
