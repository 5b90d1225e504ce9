// Parses the stores' XML answers by schema. minio-js reads some of it wrongly (keys with a quote or of digits
// alone, the markers of a second page). Values stay strings: an upload id made of digits is not a number.
import type { IncomingHttpHeaders } from 'node:http';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { ListedKey, ListedPart } from './object-store.ts';

/** The store's answer does not follow the protocol. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

/** A page of a listing, with the parameters of the next page; null after the last one. */
export interface Page<Item, Next> {
  items: Item[];
  next: Next | null;
}

const REPEATED = ['Upload', 'Part', 'Contents'];

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => REPEATED.includes(name),
});

const text = z.string();
const count = z.string().regex(/^\d+$/).transform(Number);
const truth = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

const errorShape = z.object({ Error: z.object({ Code: text, Message: text.default('') }) });

const uploadShape = z.object({ InitiateMultipartUploadResult: z.object({ UploadId: text.min(1) }) });

const completionShape = z.object({ CompleteMultipartUploadResult: z.object({ ETag: text.min(1) }) });

const uploadsShape = z.object({
  ListMultipartUploadsResult: z.object({
    Upload: z.array(z.object({ Key: text, UploadId: text })).default([]),
    IsTruncated: truth,
    NextKeyMarker: text.default(''),
    NextUploadIdMarker: text.default(''),
  }),
});

const partsShape = z.object({
  ListPartsResult: z.object({
    Part: z.array(z.object({ PartNumber: count, ETag: text, Size: count })).default([]),
    IsTruncated: truth,
    NextPartNumberMarker: text.default(''),
  }),
});

const keysShape = z.object({
  ListBucketResult: z.object({
    Contents: z.array(z.object({ Key: text, ETag: text, Size: count })).default([]),
    IsTruncated: truth,
    NextContinuationToken: text.default(''),
    EncodingType: text.optional(),
  }),
});

/** Undefined when the body is not an error. */
export function readError(body: string): { code: string; said: string } | undefined {
  const found = errorShape.safeParse(parse(body));
  return found.success ? { code: found.data.Error.Code, said: found.data.Error.Message } : undefined;
}

export function readUploadId(body: string): string {
  return read(uploadShape, body).InitiateMultipartUploadResult.UploadId;
}

export function readCompletedEtag(body: string): string {
  return withoutQuotes(read(completionShape, body).CompleteMultipartUploadResult.ETag);
}

export function readEtag({ etag }: IncomingHttpHeaders): string {
  if (etag === undefined) throw new UnexpectedAnswerError('the answer has no ETag');
  return withoutQuotes(etag);
}

/**
 * Whether a PUT's answer agrees with the MD5 (in hexadecimal) of the bytes sent. A plain ETag is that MD5,
 * unless the store encrypts with other keys.
 */
export function isStoredAs(md5: string, headers: IncomingHttpHeaders): boolean {
  const etag = readEtag(headers);
  const encryption = headers['x-amz-server-side-encryption'];
  const isMd5 = /^[0-9a-f]{32}$/.test(etag) && (encryption === undefined || encryption === 'AES256');
  return !isMd5 || etag === md5;
}

export function readUploads(
  body: string,
): Page<{ key: string; uploadId: string }, { key: string; uploadId: string }> {
  const { ListMultipartUploadsResult: result } = read(uploadsShape, body);
  return {
    items: result.Upload.map(({ Key, UploadId }) => ({ key: Key, uploadId: UploadId })),
    next:
      result.IsTruncated && result.NextKeyMarker !== ''
        ? { key: result.NextKeyMarker, uploadId: result.NextUploadIdMarker }
        : null,
  };
}

export function readParts(body: string): Page<ListedPart, string> {
  const { ListPartsResult: result } = read(partsShape, body);
  return {
    items: result.Part.map(({ PartNumber, ETag, Size }) => ({
      partNumber: PartNumber,
      etag: withoutQuotes(ETag),
      size: Size,
    })),
    next: result.IsTruncated && result.NextPartNumberMarker !== '' ? result.NextPartNumberMarker : null,
  };
}

export function readKeys(body: string): Page<ListedKey, string> {
  const { ListBucketResult: result } = read(keysShape, body);
  const decode = result.EncodingType === 'url' ? fromUrl : (key: string) => key;
  return {
    items: result.Contents.map(({ Key, ETag, Size }) => ({
      key: decode(Key),
      size: Size,
      etag: withoutQuotes(ETag),
    })),
    next: result.IsTruncated && result.NextContinuationToken !== '' ? result.NextContinuationToken : null,
  };
}

/** ETags are quoted in headers and listings, and sometimes escaped twice. */
function withoutQuotes(etag: string): string {
  return etag.replaceAll(/^W\/|"|&quot;/g, '');
}

function read<Parsed>(schema: z.ZodType<Parsed>, body: string): Parsed {
  const parsed = schema.safeParse(parse(body));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new UnexpectedAnswerError(`the answer has no valid ${where}`);
}

/** Undefined when the body is not XML. */
function parse(body: string): unknown {
  try {
    return parser.parse(body.trim());
  } catch {
    // No schema matches this, which is then reported.
    return undefined;
  }
}

function fromUrl(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
