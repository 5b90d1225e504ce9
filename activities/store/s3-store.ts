// The object store over S3's protocol. Requests whose answer matters byte by byte (parts, completion, head) are made and read here;
// minio-js's own methods lose an answer's headers, or the code of an error inside a 200. Knows nothing of streams, runs and manifests.
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { type Destination } from './destination.ts';
import type * as store from './object-store.ts';
import { openClient, type S3Client } from './s3-client.ts';
import { StoreError } from './store-errors.ts';
import {
  errorInBody,
  readWhole,
  textOf,
  toStoreError,
  type Exchange,
  type StoreTimeouts,
} from './store-transport.ts';

/** Shorter than servers keep idle connections (SeaweedFS and AWS: seconds to minutes), so that none is used that is closing. */
const IDLE_SOCKET_MS = 4_000;

/** Answers other than objects: a completion is a few hundred bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** The most keys a store lists at once. */
const KEYS_PER_PAGE = 1_000;

interface ObjectRequest {
  method: string;
  bucketName: string;
  objectName: string;
}

export class S3Store implements store.ObjectStore {
  readonly #destination: Destination;
  readonly #timeouts: StoreTimeouts;
  readonly #agent: http.Agent;
  readonly #bucket: string;

  constructor(destination: Destination, timeouts: StoreTimeouts) {
    const endpoint = new URL(destination.endpoint);
    if (!/^https?:$/.test(endpoint.protocol) || endpoint.pathname !== '/') {
      throw new TypeError(
        `destination ${destination.name}: endpoint: got ${destination.endpoint}, allowed: http(s)://host:port`,
      );
    }
    this.#destination = destination;
    this.#timeouts = timeouts;
    this.#bucket = destination.bucket;
    const options = { keepAlive: true, timeout: IDLE_SOCKET_MS };
    this.#agent = endpoint.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  beginUpload(of: store.BeginUpload): Promise<string> {
    return this.#call('beginUpload', of, async ({ client }) => {
      const headers = { ...this.#writeHeaders(of.contentType), ...toMetadataHeaders(of.metadata) };
      return client.initiateNewMultipartUpload(this.#bucket, of.key, headers);
    });
  }

  uploadPart(of: store.UploadPart): Promise<{ etag: string }> {
    return this.#call('uploadPart', of, async ({ client, exchange }) => {
      const query = `partNumber=${of.partNumber}&uploadId=${encodeURIComponent(of.uploadId)}`;
      const md5 = createHash('md5').update(of.body).digest();
      const headers = { 'content-md5': md5.toString('base64') };
      const request = { ...this.#objectRequest('PUT', of), query, headers };
      const response = await client.makeRequestAsync(request, of.body);
      await readWhole(exchange, response, ANSWER_BYTES_MAX);
      const etag = etagIn(response.headers, exchange);
      assertStored(etag, md5.toString('hex'), response.headers, exchange);
      return { etag };
    });
  }

  completeUpload(of: store.CompleteUpload): Promise<{ etag: string }> {
    return this.#call('completeUpload', of, async ({ client, exchange }) => {
      const query = `uploadId=${encodeURIComponent(of.uploadId)}`;
      const request = { ...this.#objectRequest('POST', of), query };
      const response = await client.makeRequestAsync(request, toCompletionXml(of.parts));
      const body = (await readWhole(exchange, response, ANSWER_BYTES_MAX)).toString('utf8');
      const failed = errorInBody(exchange, response.statusCode ?? 200, body);
      if (failed !== undefined) throw failed;
      const etag = textOf(body, 'ETag');
      if (etag === undefined) throw unexpected(exchange, response.statusCode, 'the completion has no ETag');
      return { etag: withoutQuotes(etag) };
    });
  }

  async abortUpload(of: store.OfUpload): Promise<boolean> {
    try {
      await this.#call('abortUpload', of, async ({ client, exchange }) => {
        const query = `uploadId=${encodeURIComponent(of.uploadId)}`;
        const request = { ...this.#objectRequest('DELETE', of), query };
        const response = await client.makeRequestAsync(request, '', [200, 204]);
        await readWhole(exchange, response, ANSWER_BYTES_MAX);
      });
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'NoSuchUpload') return false;
      throw error;
    }
  }

  listParts(of: store.OfUpload): Promise<store.ListedPart[]> {
    return this.#call('listParts', of, async ({ client }) => {
      const parts = await client.listAllParts(this.#bucket, of.key, of.uploadId);
      return parts
        .map(({ part, etag, size }) => ({ partNumber: part, etag: withoutQuotes(etag), size }))
        .sort((a, b) => a.partNumber - b.partNumber);
    });
  }

  async listUploads(of: store.OfKey): Promise<string[]> {
    const found: string[] = [];
    let [keyMarker, idMarker] = ['', ''];
    for (;;) {
      const page = await this.#call('listUploads', of, ({ client }) =>
        client.listIncompleteUploadsQuery(this.#bucket, of.key, keyMarker, idMarker, ''),
      );
      for (const { key, uploadId } of page.uploads) if (key === of.key) found.push(uploadId);
      // Keys come in order, and the first that has this one as its prefix is this one.
      if (!page.isTruncated || page.uploads.at(-1)?.key !== of.key) return found;
      [keyMarker, idMarker] = [page.nextKeyMarker, page.nextUploadIdMarker];
    }
  }

  async head(of: store.OfKey): Promise<store.ObjectHead | null> {
    return orNull(
      this.#call('head', of, async ({ client, exchange }) => {
        const response = await client.makeRequestAsync(this.#objectRequest('HEAD', of));
        await readWhole(exchange, response, ANSWER_BYTES_MAX);
        const { headers } = response;
        return {
          etag: etagIn(headers, exchange),
          size: Number(headers['content-length']),
          metadata: toMetadata(headers),
          contentType: headers['content-type'] ?? '',
        };
      }),
    );
  }

  async getObject(of: store.OfKey & { bytesMax: number }): Promise<Buffer | null> {
    return orNull(
      this.#call('getObject', of, async ({ client, exchange }) => {
        const response = await client.makeRequestAsync(this.#objectRequest('GET', of));
        return readWhole(exchange, response, of.bytesMax);
      }),
    );
  }

  readObject(of: store.OfKey): Promise<Readable> {
    return this.#call('readObject', of, async ({ client, exchange }) => {
      const response = await client.makeRequestAsync(this.#objectRequest('GET', of));
      return Readable.from(chunksOf(response, exchange), { objectMode: false });
    });
  }

  putObject(of: store.PutObject): Promise<{ etag: string }> {
    return this.#call('putObject', of, async ({ client, exchange }) => {
      const md5 = createHash('md5').update(of.body).digest();
      const headers = {
        ...this.#writeHeaders(of.contentType),
        'content-md5': md5.toString('base64'),
        ...(of.ifNoneMatch === undefined ? {} : { 'if-none-match': of.ifNoneMatch }),
        ...(of.ifMatch === undefined ? {} : { 'if-match': `"${of.ifMatch}"` }),
      };
      const request = { ...this.#objectRequest('PUT', of), headers };
      const response = await client.makeRequestAsync(request, of.body);
      await readWhole(exchange, response, ANSWER_BYTES_MAX);
      const etag = etagIn(response.headers, exchange);
      assertStored(etag, md5.toString('hex'), response.headers, exchange);
      return { etag };
    });
  }

  async deleteObject(of: store.OfKey): Promise<void> {
    await orNull(this.#call('deleteObject', of, ({ client }) => client.removeObject(this.#bucket, of.key)));
  }

  async *listKeys(of: store.ListKeys): AsyncIterable<store.ListedKey> {
    let token = '';
    do {
      const page = await this.#call('listKeys', { signal: of.signal }, ({ client }) =>
        client.listObjectsV2Query(this.#bucket, of.prefix, token, '', KEYS_PER_PAGE, of.startAfter ?? ''),
      );
      for (const { name, size, etag } of page.objects) {
        if (name !== undefined) yield { key: name, size, etag: withoutQuotes(etag) };
      }
      token = page.isTruncated ? page.nextContinuationToken : '';
    } while (token !== '');
  }

  async checkBucket(of: store.WithSignal = {}): Promise<void> {
    // A listing, not a HEAD: only an answer with a body says what is wrong.
    await this.#call('checkBucket', of, ({ client }) =>
      client.listObjectsV2Query(this.#bucket, '', '', '', 1, ''),
    );
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async #call<Result>(
    operation: string,
    of: { key?: string; signal?: AbortSignal | undefined },
    make: (call: { client: S3Client; exchange: Exchange }) => Promise<Result>,
  ): Promise<Result> {
    of.signal?.throwIfAborted();
    const exchange: Exchange = { operation, key: of.key, signal: of.signal, timeouts: this.#timeouts };
    try {
      return await make({ client: openClient(this.#destination, this.#agent, exchange), exchange });
    } catch (error) {
      throw toStoreError(exchange, error);
    }
  }

  #objectRequest(method: string, { key }: store.OfKey): ObjectRequest {
    return { method, bucketName: this.#bucket, objectName: key };
  }

  #writeHeaders(contentType: string): Record<string, string> {
    const { serverSideEncryption } = this.#destination;
    return {
      'content-type': contentType,
      ...(serverSideEncryption === undefined ? {} : { 'x-amz-server-side-encryption': serverSideEncryption }),
    };
  }
}

/** Both 404s that say the object is not there; a missing bucket or upload is an error. */
async function orNull<Result>(result: Promise<Result>): Promise<Result | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'NotFound' || error.code === 'NoSuchKey')) return null;
    throw error;
  }
}

async function* chunksOf(response: Readable, exchange: Exchange): AsyncGenerator<Buffer> {
  try {
    yield* response as AsyncIterable<Buffer>;
  } catch (error) {
    throw toStoreError(exchange, error);
  }
}

/** Many stores insist on ascending part numbers. */
function toCompletionXml(parts: readonly { partNumber: number; etag: string }[]): string {
  const sorted = [...parts].sort((a, b) => a.partNumber - b.partNumber);
  const named = sorted.map(
    ({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag></Part>`,
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${named.join('')}</CompleteMultipartUpload>`;
}

function etagIn(headers: http.IncomingHttpHeaders, exchange: Exchange): string {
  if (headers.etag === undefined) throw unexpected(exchange, 200, 'the answer has no ETag');
  return withoutQuotes(headers.etag);
}

function withoutQuotes(etag: string): string {
  return etag.replaceAll(/^W\/|"|&quot;/g, '');
}

/** A plain ETag is the MD5 of the bytes, unless the store encrypts with keys of its own. */
function assertStored(
  etag: string,
  md5: string,
  headers: http.IncomingHttpHeaders,
  exchange: Exchange,
): void {
  const encryption = headers['x-amz-server-side-encryption'];
  const isMd5 = /^[0-9a-f]{32}$/.test(etag) && (encryption === undefined || encryption === 'AES256');
  if (isMd5 && etag !== md5) {
    const { operation, key } = exchange;
    throw new StoreError(
      { operation, key, code: 'BadDigest', status: 200 },
      'the store holds other bytes than were sent',
    );
  }
}

function unexpected(exchange: Exchange, status: number | undefined, said: string): StoreError {
  const { operation, key } = exchange;
  return new StoreError({ operation, key, code: 'UnexpectedAnswer', status }, said);
}

const METADATA_PREFIX = 'x-amz-meta-';

function toMetadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`${METADATA_PREFIX}${name}`, value]),
  );
}

function toMetadata(headers: http.IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(METADATA_PREFIX) && typeof value === 'string') {
      metadata[name.slice(METADATA_PREFIX.length)] = value;
    }
  }
  return metadata;
}
