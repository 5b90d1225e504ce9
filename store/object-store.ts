// The interface to an S3 object store that every stage uses: multipart uploads, small objects, listings.
// minio-js signs and addresses the requests; one client per call carries the call's abort signal
// (store-transport.ts). Every method tries once, and fails with a StoreError or with the reason of its
// signal. No method retries, or makes hidden requests to list or clean up.
import type { Readable } from 'node:stream';
import type { Destination } from './destination.ts';
import { S3Store } from './s3-store.ts';
import type { StoreTimeouts } from './store-transport.ts';

/**
 * Opens no connection yet.
 * @throws TypeError when the endpoint is not an http(s) URL of a host alone
 */
export function openObjectStore(
  destination: Destination,
  timeouts: Partial<StoreTimeouts> = {},
): ObjectStore {
  return new S3Store(destination, { ...STORE_TIMEOUTS, ...timeouts });
}

/**
 * Ten seconds to connect allow for two lost SYNs and their repetition. A store is never silent for a minute,
 * except while it completes an upload, and then it sends spaces.
 */
const STORE_TIMEOUTS: StoreTimeouts = { connectMs: 10_000, idleMs: 60_000 };

export interface ObjectStore {
  /** Returns the upload id. */
  beginUpload(of: BeginUpload): Promise<string>;
  /**
   * Uploads a part in one request of known length. Parts may come in any order and may be repeated; the last
   * upload of a part counts.
   */
  uploadPart(of: UploadPart): Promise<{ etag: string }>;
  /**
   * Makes the object visible. Parts may be given in any order. Not idempotent: a second call may fail with
   * NoSuchUpload.
   */
  completeUpload(of: CompleteUpload): Promise<{ etag: string }>;
  /** False when the store has no such upload. Some stores do not report that and always return true. */
  abortUpload(of: OfUpload): Promise<boolean>;
  /** The stored parts, in the order of their numbers. */
  listParts(of: OfUpload): Promise<ListedPart[]>;
  /** The ids of unfinished uploads of exactly this key. */
  listUploads(of: OfKey): Promise<string[]>;
  /** Null when the object or the bucket does not exist: a HEAD cannot tell them apart. */
  head(of: OfKey): Promise<ObjectHead | null>;
  /**
   * Null when the object does not exist.
   * @throws StoreError TooLarge when it is longer than `bytesMax`
   */
  getObject(of: OfKey & { bytesMax: number }): Promise<StoredObject | null>;
  /**
   * Streams the bytes of an object; rejects when it does not exist. A stream that is paused for longer than
   * the idle time-out is aborted.
   */
  readObject(of: OfKey): Promise<Readable>;
  /** @throws StoreError PreconditionFailed when a given condition does not hold */
  putObject(of: PutObject): Promise<{ etag: string }>;
  /** Succeeds when the object does not exist. */
  deleteObject(of: OfKey): Promise<void>;
  /**
   * Lists keys in the order of their UTF-8 bytes, from the first key after `startAfter`. Pages are fetched on
   * demand.
   */
  listKeys(of: ListKeys): AsyncIterable<ListedKey>;
  /** Fails unless the bucket can be reached, exists and may be listed. */
  checkBucket(of?: CallLimits): Promise<void>;
  /** Closes idle connections. */
  close(): Promise<void>;
}

/** The limits of one call. */
export interface CallLimits {
  signal?: AbortSignal | undefined;
  /**
   * The call fails with StoreError TIMEOUT when connecting takes longer, or when no byte arrives for this
   * long. By default the store's own time-outs apply.
   */
  silentMsMax?: number | undefined;
}

export interface OfKey extends CallLimits {
  key: string;
}

export interface OfUpload extends OfKey {
  uploadId: string;
}

export interface BeginUpload extends OfKey {
  contentType: string;
  /** Small and ASCII. It becomes the object's metadata once the upload is complete. */
  metadata: Readonly<Record<string, string>>;
}

export interface UploadPart extends OfUpload {
  /** 1 to 10,000. */
  partNumber: number;
  body: Buffer;
  /** MD5 of the body in hexadecimal, if it is already known. */
  md5?: string;
}

export interface CompleteUpload extends OfUpload {
  parts: readonly { partNumber: number; etag: string }[];
}

export interface PutObject extends OfKey {
  body: Buffer;
  contentType: string;
  /** Small, ASCII. */
  metadata?: Readonly<Record<string, string>>;
  /** Writes only when the object does not exist. */
  ifNoneMatch?: '*';
  /** Writes only over an object with this ETag. */
  ifMatch?: string;
}

export interface ListKeys extends CallLimits {
  prefix: string;
  startAfter?: string;
}

/** The bytes and the ETag of a single answer. */
export interface StoredObject {
  body: Buffer;
  etag: string;
}

export interface ListedPart {
  partNumber: number;
  etag: string;
  size: number;
}

export interface ListedKey {
  key: string;
  size: number;
  etag: string;
}

/** ETags have no quotes anywhere, so that they can be compared. */
export interface ObjectHead {
  etag: string;
  size: number;
  /** Names are in lower case and without `x-amz-meta-`. */
  metadata: Record<string, string>;
  contentType: string;
}
