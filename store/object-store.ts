// The one door to an S3 object store, for every stage: multipart uploads, small objects, listings. minio-js
// signs and addresses the requests; one client per call carries the call's abort signal (store-transport.ts).
// Every method tries once and fails with a StoreError, or with the reason of its signal; nothing is retried,
// listed as a side effect, or cleaned up behind the caller's back.
import type { Readable } from 'node:stream';
import type { Destination } from './destination.ts';
import { S3Store } from './s3-store.ts';
import type { StoreTimeouts } from './store-transport.ts';

/** Opens no connection yet. Throws a TypeError when the endpoint is no http(s) URL of a host alone. */
export function openObjectStore(
  destination: Destination,
  timeouts: Partial<StoreTimeouts> = {},
): ObjectStore {
  return new S3Store(destination, { ...STORE_TIMEOUTS, ...timeouts });
}

/**
 * Ten seconds are two lost SYNs and their repetition; a minute of silence is longer than stores think,
 * completing aside: they send spaces then.
 */
const STORE_TIMEOUTS: StoreTimeouts = { connectMs: 10_000, idleMs: 60_000 };

export interface ObjectStore {
  /** Returns the upload id. */
  beginUpload(of: BeginUpload): Promise<string>;
  /** One request of known length. Parts may come in any order, and again: the last one counts. */
  uploadPart(of: UploadPart): Promise<{ etag: string }>;
  /**
   * Makes the object visible. Takes the parts in any order. Not idempotent: a second one may fail with
   * NoSuchUpload.
   */
  completeUpload(of: CompleteUpload): Promise<{ etag: string }>;
  /** False when the store has no such upload. Some stores do not say and it is true. */
  abortUpload(of: OfUpload): Promise<boolean>;
  /** In the order of their numbers. */
  listParts(of: OfUpload): Promise<ListedPart[]>;
  /** Upload ids of unfinished uploads of exactly this key. */
  listUploads(of: OfKey): Promise<string[]>;
  /** Null when there is no such object, or no such bucket: a HEAD cannot tell. */
  head(of: OfKey): Promise<ObjectHead | null>;
  /** Null when there is none; StoreError TooLarge when it is longer than `bytesMax`. */
  getObject(of: OfKey & { bytesMax: number }): Promise<StoredObject | null>;
  /**
   * The bytes as they come; rejects when there is no such object. Paused for longer than the idle time-out,
   * it breaks off.
   */
  readObject(of: OfKey): Promise<Readable>;
  /** With a condition: StoreError PreconditionFailed when it does not hold. */
  putObject(of: PutObject): Promise<{ etag: string }>;
  /** Fine when there is none. */
  deleteObject(of: OfKey): Promise<void>;
  /**
   * In the order of UTF-8 bytes, from the first key after `startAfter`; a page is fetched when it is wanted.
   */
  listKeys(of: ListKeys): AsyncIterable<ListedKey>;
  /** Fails unless the bucket can be reached, exists and may be listed. */
  checkBucket(of?: CallLimits): Promise<void>;
  /** Ends idle connections. */
  close(): Promise<void>;
}

/** When a call ends at the latest. */
export interface CallLimits {
  signal?: AbortSignal | undefined;
  /**
   * StoreError TIMEOUT when no connection stands by then, or nothing comes for so long; by default as the
   * store was opened.
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
  /** Small, ASCII; the object's metadata once it is complete. */
  metadata: Readonly<Record<string, string>>;
}

export interface UploadPart extends OfUpload {
  /** 1 to 10,000. */
  partNumber: number;
  body: Buffer;
  /** MD5 of the body in hexadecimal, where it is known already. */
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
  /** Only when there is no such object. */
  ifNoneMatch?: '*';
  /** Only over the object of this ETag. */
  ifMatch?: string;
}

export interface ListKeys extends CallLimits {
  prefix: string;
  startAfter?: string;
}

/** The bytes and the ETag of one and the same answer. */
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

/** ETags are without quotes everywhere, so they can be compared. */
export interface ObjectHead {
  etag: string;
  size: number;
  /** Names in lower case, without x-amz-meta-. */
  metadata: Record<string, string>;
  contentType: string;
}
