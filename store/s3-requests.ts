// The parts of a request to S3 that are not addresses or signatures: queries, the list of a completion,
// metadata, encryption.
import type { IncomingHttpHeaders } from 'node:http';
import type { DestinationPlace } from './destination.ts';

/** As minio-js addresses and signs it. */
export interface StoreRequest {
  method: string;
  query?: string;
  headers?: Record<string, string>;
  payload?: Buffer | string;
  /** The key says what the call is about, but the bucket is asked. */
  isOfBucket?: boolean;
  /** @default true */
  signsBody?: boolean;
}

/** Of bytes. */
export interface Put {
  query?: string;
  headers?: Record<string, string>;
  /** Of the bytes, in hexadecimal. */
  md5: string;
  /** Sent in its place, to see whether the store compares it. */
  saidMd5?: string;
}

/** Leaves out what is empty, but for a name alone. */
export function toQuery(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .filter(([name, value]) => value !== '' || name === 'uploads')
    .map(([name, value]) => (value === '' ? name : `${name}=${escapeForQuery(value)}`))
    .join('&');
}

/** As signatures want it: encodeURIComponent leaves five characters that are to be escaped. */
export function escapeForQuery(value: string): string {
  return encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Many stores insist on ascending part numbers. */
export function toCompletionXml(parts: readonly { partNumber: number; etag: string }[]): string {
  const sorted = [...parts].sort((a, b) => a.partNumber - b.partNumber);
  const named = sorted.map(
    ({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag></Part>`,
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${named.join('')}</CompleteMultipartUpload>`;
}

const METADATA_PREFIX = 'x-amz-meta-';

export function toMetadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`${METADATA_PREFIX}${name}`, value]),
  );
}

/** The metadata among an answer's headers, its names without their prefix. */
export function toMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(METADATA_PREFIX) && typeof value === 'string') {
      metadata[name.slice(METADATA_PREFIX.length)] = value;
    }
  }
  return metadata;
}

const ENCRYPTION = 'x-amz-server-side-encryption';

/** How the store is to encrypt what is written; nothing when its bucket says so. */
export function toEncryptionHeaders({
  serverSideEncryption,
  kmsKeyId,
}: Pick<DestinationPlace, 'serverSideEncryption' | 'kmsKeyId'>): Record<string, string> {
  return {
    ...(serverSideEncryption === undefined ? {} : { [ENCRYPTION]: serverSideEncryption }),
    ...(kmsKeyId === undefined ? {} : { [`${ENCRYPTION}-aws-kms-key-id`]: kmsKeyId }),
  };
}
