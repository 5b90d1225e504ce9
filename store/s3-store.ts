// Implements the object store over the S3 protocol. minio-js addresses and signs the requests. Requests are
// built and answers are parsed here, because minio-js loses headers, misreads listings, and hides the code of
// an error inside a 200. This file knows nothing of streams, runs and manifests.
import type http from 'node:http';
import type { Readable } from 'node:stream';
import type { Destination } from './destination.ts';
import { assertDigestsChecked, badDigest, md5Of, readStored } from './digest-check.ts';
import type { Sending, Stored } from './digest-check.ts';
import { openKeySource } from './key-source.ts';
import type { KeySource } from './key-source.ts';
import type * as store from './object-store.ts';
import { readCompletedEtag, readEtag, readKeys, readParts, readUploadId, readUploads } from './s3-answers.ts';
import type { Page } from './s3-answers.ts';
import { openClient } from './s3-client.ts';
import {
  escapeForQuery,
  toCompletionXml,
  toEncryptionHeaders,
  toMetadata,
  toMetadataHeaders,
  toQuery,
} from './s3-requests.ts';
import type { Put, StoreRequest } from './s3-requests.ts';
import { openAgent } from './store-agent.ts';
import { orNull } from './store-errors.ts';
import { errorInBody, readAsItComes, readWhole, toStoreError } from './store-transport.ts';
import type { Exchange, StoreTimeouts } from './store-transport.ts';

/** The bound for answers other than objects. A completion has a few hundred bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** The most keys a store lists at once. */
const KEYS_PER_PAGE = 1_000;

/** The codes for a missing object. A missing bucket is an error. */
const NO_OBJECT: readonly string[] = ['NotFound', 'NoSuchKey'];

interface Answer {
  response: http.IncomingMessage;
  exchange: Exchange;
}

export class S3Store implements store.ObjectStore {
  readonly #destination: Destination;
  readonly #timeouts: StoreTimeouts;
  readonly #agent: http.Agent;
  readonly #keySource: KeySource;
  /** True once the store has refused a wrong digest. Its ETags then need not be checked. */
  #checksDigests = false;

  constructor(destination: Destination, timeouts: StoreTimeouts) {
    this.#destination = destination;
    this.#timeouts = timeouts;
    this.#agent = openAgent(destination);
    this.#keySource = openKeySource(destination);
  }

  async beginUpload(of: store.BeginUpload): Promise<string> {
    const headers = { ...this.#writeHeaders(of.contentType), ...toMetadataHeaders(of.metadata) };
    return this.#ask('beginUpload', of, { method: 'POST', query: 'uploads', headers }, ({ body }) =>
      readUploadId(body),
    );
  }

  async uploadPart(of: store.UploadPart): Promise<{ etag: string }> {
    const operation = 'uploadPart';
    const query = `partNumber=${of.partNumber}&uploadId=${escapeForQuery(of.uploadId)}`;
    const md5 = of.md5 ?? md5Of(of.body);
    // The type of the object is that of its upload. Without a type for a part, SeaweedFS inspects its bytes,
    // which is a fifth more work.
    const part = { query, headers: { 'content-type': 'application/octet-stream' }, md5 };
    const { etag, isAsSent } = await this.#send(operation, of, part);
    if (!isAsSent && !this.#checksDigests) {
      await assertDigestsChecked(this.#sending(operation, of), () =>
        this.#send(operation, of, { ...part, saidMd5: md5Of(md5) }),
      );
      this.#checksDigests = true;
    }
    return { etag };
  }

  completeUpload(of: store.CompleteUpload): Promise<{ etag: string }> {
    const request = {
      method: 'POST',
      query: `uploadId=${escapeForQuery(of.uploadId)}`,
      payload: toCompletionXml(of.parts),
    };
    return this.#ask('completeUpload', of, request, ({ body, response, exchange }) => {
      const failed = errorInBody(exchange, response.statusCode ?? 200, body);
      if (failed !== undefined) throw failed;
      return { etag: readCompletedEtag(body) };
    });
  }

  async abortUpload(of: store.OfUpload): Promise<boolean> {
    const request = { method: 'DELETE', query: `uploadId=${escapeForQuery(of.uploadId)}` };
    const aborting = this.#ask('abortUpload', of, request, () => true);
    return (await orNull(aborting, ['NoSuchUpload'])) ?? false;
  }

  async listParts(of: store.OfUpload): Promise<store.ListedPart[]> {
    const parts: store.ListedPart[] = [];
    for (let marker: string | null = ''; marker !== null;) {
      const after: string = marker === '' ? '' : `part-number-marker=${marker}&`;
      const request = { method: 'GET', query: `${after}uploadId=${escapeForQuery(of.uploadId)}` };
      const page = await this.#ask('listParts', of, request, ({ body }) => readParts(body));
      parts.push(...page.items);
      marker = page.next;
    }
    return parts.sort((a, b) => a.partNumber - b.partNumber);
  }

  async listUploads(of: store.OfKey): Promise<string[]> {
    const found: string[] = [];
    for (let next: { key: string; uploadId: string } | null = { key: '', uploadId: '' }; next !== null;) {
      const query = toQuery({
        uploads: '',
        prefix: of.key,
        'key-marker': next.key,
        'upload-id-marker': next.uploadId,
      });
      const asked = { method: 'GET', query, isOfBucket: true };
      const page = await this.#ask('listUploads', of, asked, ({ body }) => readUploads(body));
      for (const { key, uploadId } of page.items) if (key === of.key) found.push(uploadId);
      next = page.next;
    }
    return found;
  }

  async head(of: store.OfKey): Promise<store.ObjectHead | null> {
    const asking = this.#ask('head', of, { method: 'HEAD' }, ({ response: { headers } }) => ({
      etag: readEtag(headers),
      size: Number(headers['content-length']),
      metadata: toMetadata(headers),
      contentType: headers['content-type'] ?? '',
    }));
    return orNull(asking, NO_OBJECT);
  }

  async getObject(of: store.OfKey & { bytesMax: number }): Promise<store.StoredObject | null> {
    const reading = this.#call('getObject', of, { method: 'GET' }, async ({ response, exchange }) => ({
      etag: readEtag(response.headers),
      body: await readWhole(exchange, response, of.bytesMax),
    }));
    return orNull(reading, NO_OBJECT);
  }

  readObject(of: store.OfKey): Promise<Readable> {
    return this.#call('readObject', of, { method: 'GET' }, ({ response, exchange }) =>
      Promise.resolve(readAsItComes(exchange, response)),
    );
  }

  async putObject(of: store.PutObject): Promise<{ etag: string }> {
    const operation = 'putObject';
    const headers = {
      ...this.#writeHeaders(of.contentType),
      ...toMetadataHeaders(of.metadata ?? {}),
      ...(of.ifNoneMatch === undefined ? {} : { 'if-none-match': of.ifNoneMatch }),
      ...(of.ifMatch === undefined ? {} : { 'if-match': `"${of.ifMatch}"` }),
    };
    const { etag, isAsSent } = await this.#send(operation, of, { headers, md5: md5Of(of.body) });
    if (isAsSent || this.#checksDigests) return { etag };
    // The object is read back and not put again, because another writer may have replaced it meanwhile.
    const { key, signal } = of;
    const stored = await this.getObject({ key, signal, bytesMax: ANSWER_BYTES_MAX });
    if (stored?.etag === etag && !stored.body.equals(of.body)) throw badDigest(this.#sending(operation, of));
    return { etag };
  }

  async deleteObject(of: store.OfKey): Promise<void> {
    const deleting = this.#ask('deleteObject', of, { method: 'DELETE' }, () => true);
    await orNull(deleting, NO_OBJECT);
  }

  async *listKeys(of: store.ListKeys): AsyncIterable<store.ListedKey> {
    for (let token: string | null = ''; token !== null;) {
      const page: Page<store.ListedKey, string> = await this.#listPage('listKeys', of, token);
      yield* page.items;
      token = page.next;
    }
  }

  async checkBucket(of: store.CallLimits = {}): Promise<void> {
    // Uses a listing and not a HEAD, because only an answer with a body says what is wrong.
    await this.#listPage('checkBucket', { ...of, prefix: '', keysMax: 1 }, '');
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #listPage(
    operation: string,
    of: store.ListKeys & { keysMax?: number },
    token: string,
  ): Promise<Page<store.ListedKey, string>> {
    const query = toQuery({
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': `${of.keysMax ?? KEYS_PER_PAGE}`,
      prefix: of.prefix,
      'start-after': of.startAfter ?? '',
      'continuation-token': token,
    });
    const asked = { method: 'GET', query, isOfBucket: true };
    return this.#ask(operation, { signal: of.signal }, asked, ({ body }) => readKeys(body));
  }

  /** Puts bytes with their digest, or with `saidMd5`. */
  #send(
    operation: string,
    of: store.OfKey & { body: Buffer },
    { query, headers, md5, saidMd5 = md5 }: Put,
  ): Promise<Stored> {
    const request = {
      method: 'PUT',
      payload: of.body,
      // Large bodies are covered by the signed Content-MD5.
      signsBody: of.body.length <= ANSWER_BYTES_MAX,
      headers: { ...headers, 'content-md5': Buffer.from(saidMd5, 'hex').toString('base64') },
      ...(query === undefined ? {} : { query }),
    };
    return this.#ask(operation, of, request, ({ response }) => readStored(md5, response.headers));
  }

  #sending(operation: string, { key }: store.OfKey): Sending {
    return { operation, key, destination: this.#destination.name };
  }

  /** Sends a request and reads its short answer as a whole before interpreting it. */
  #ask<Result>(
    operation: string,
    of: store.CallLimits & { key?: string },
    request: StoreRequest,
    read: (answer: Answer & { body: string }) => Result,
  ): Promise<Result> {
    return this.#call(operation, of, request, async ({ response, exchange }) => {
      const body = await readWhole(exchange, response, ANSWER_BYTES_MAX);
      return read({ response, exchange, body: body.toString('utf8') });
    });
  }

  async #call<Result>(
    operation: string,
    of: store.CallLimits & { key?: string },
    { method, query, headers, payload, isOfBucket, signsBody }: StoreRequest,
    read: (answer: Answer) => Promise<Result>,
  ): Promise<Result> {
    of.signal?.throwIfAborted();
    const { name: destination } = this.#destination;
    const call = { operation, key: of.key, signal: of.signal, destination };
    const timeouts =
      of.silentMsMax === undefined ? this.#timeouts : { connectMs: of.silentMsMax, idleMs: of.silentMsMax };
    const exchange: Exchange = { ...call, timeouts };
    try {
      const keys = await this.#keySource();
      exchange.secrets = [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken];
      const client = openClient({
        destination: this.#destination,
        keys,
        agent: this.#agent,
        exchange,
        signsBody: signsBody ?? true,
      });
      const request = {
        method,
        bucketName: this.#destination.bucket,
        ...(of.key === undefined || isOfBucket === true ? {} : { objectName: of.key }),
        ...(query === undefined ? {} : { query }),
        headers: headers ?? {},
      };
      const response = await client.makeRequestAsync(request, payload ?? '', [200, 204]);
      return await read({ response, exchange });
    } catch (error) {
      throw toStoreError(exchange, error);
    }
  }

  #writeHeaders(contentType: string): Record<string, string> {
    return { 'content-type': contentType, ...toEncryptionHeaders(this.#destination) };
  }
}
