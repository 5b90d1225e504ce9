// Builds the parts of an S3 request that are neither address nor signature: queries, the XML of a completion,
// metadata, encryption.
import type { IncomingHttpHeaders } from 'node:http';
import type { DestinationPlace } from './destination.ts';

/** A request in the form that minio-js addresses and signs. */
export interface StoreRequest {
  method: string;
  query?: string;
  headers?: Record<string, string>;
  payload?: Buffer | string;
  /** The request goes to the bucket; the key is used for errors only. */
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
  /** Sent instead of `md5`, to test whether the store compares digests. */
  saidMd5?: string;
}

/** Leaves out empty values, except that a parameter may be a name alone. */
export function toQuery(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .filter(([name, value]) => value !== '' || name === 'uploads')
    .map(([name, value]) => (value === '' ? name : `${name}=${escapeForQuery(value)}`))
    .join('&');
}

/** Escapes a value for a signed query. encodeURIComponent leaves five characters that must be escaped. */
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

/** The headers that tell the store how to encrypt; none when the bucket's default applies. */
export function toEncryptionHeaders({
  serverSideEncryption,
  kmsKeyId,
}: Pick<DestinationPlace, 'serverSideEncryption' | 'kmsKeyId'>): Record<string, string> {
  return {
    ...(serverSideEncryption === undefined ? {} : { [ENCRYPTION]: serverSideEncryption }),
    ...(kmsKeyId === undefined ? {} : { [`${ENCRYPTION}-aws-kms-key-id`]: kmsKeyId }),
  };
}
