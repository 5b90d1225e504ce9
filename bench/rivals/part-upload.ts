// A multipart upload by the minio client, as programs write one that stream a file: parts of one size, a few
// of them on their way at once.
import { Client } from 'minio';
import type { StackAddresses } from '../../local/stack.ts';

export interface PartUpload {
  store: StackAddresses['store'];
  key: string;
  contentType: string;
  /** Parts on their way at once. */
  partsAtOnce: number;
}

/** Uploads the parts in their order and completes the object. Aborts the upload when anything fails. */
export async function uploadParts(of: PartUpload, parts: AsyncIterable<Buffer>): Promise<void> {
  const client = openClient(of.store);
  const { bucket } = of.store;
  const uploadId = await client.initiateNewMultipartUpload(bucket, of.key, {
    'content-type': of.contentType,
  });
  try {
    const etags = await sendAll(client, { of, uploadId }, parts);
    await client.completeMultipartUpload(bucket, of.key, uploadId, etags);
  } catch (error) {
    await client.abortMultipartUpload(bucket, of.key, uploadId);
    throw error;
  }
}

interface SentPart {
  part: number;
  etag: string;
}

async function sendAll(
  client: Client,
  { of, uploadId }: { of: PartUpload; uploadId: string },
  parts: AsyncIterable<Buffer>,
): Promise<SentPart[]> {
  const sent: Promise<SentPart>[] = [];
  const underWay = new Set<Promise<SentPart>>();
  const send = async (part: number, body: Buffer): Promise<SentPart> => {
    const of1 = { bucketName: of.store.bucket, objectName: of.key, uploadID: uploadId, partNumber: part };
    const headers = { 'content-length': body.length, 'content-type': 'application/octet-stream' };
    const { etag } = await client.uploadPart({ ...of1, headers }, body);
    return { part, etag };
  };
  for await (const body of parts) {
    const sending = send(sent.length + 1, body);
    sent.push(sending);
    underWay.add(sending);
    // Whoever waits for all of them below hears of a failure.
    const leave = (): void => void underWay.delete(sending);
    sending.then(leave, leave);
    if (underWay.size >= of.partsAtOnce) await Promise.race(underWay);
  }
  return Promise.all(sent);
}

/** Bytes in pieces of any size, put together to parts of one size; the last may be shorter. */
export async function* toParts(pieces: AsyncIterable<Buffer>, partBytes: number): AsyncIterable<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    gathered.push(piece);
    bytes += piece.length;
    if (bytes < partBytes) continue;
    yield Buffer.concat(gathered, bytes);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes);
}

export function openClient({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
}: StackAddresses['store']): Client {
  const { hostname, port } = new URL(endpoint);
  return new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region,
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
  });
}
