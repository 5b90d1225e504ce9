// Parses and writes manifests and the pointer to the newest interval, in the form in which they are stored.
import { z } from 'zod';
import { isInstant } from '../../workflows/model/instant.ts';
import type { Found, LatestPointer, Manifest } from '../../workflows/model/manifest.ts';
import { toGot } from '../../workflows/model/problem.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

const instant = z.string().refine(isInstant, 'allowed: a time that exists, as 2026-11-23T10:15:00Z');
const count = z.number().int().nonnegative();

/** The fields that both records have, which identify whose file it is. */
const ofFile = {
  schema_version: count,
  formula_versions: z.record(z.string(), count),
  project: z.string(),
  format: z.enum(['json', 'ndjson']),
  compression: z.enum(['none', 'gzip']),
  fields: z.enum(['standard', 'extended']),
  destination: z.string(),
  bucket: z.string(),
};

const manifestSchema = z.object({
  ...ofFile,
  manifest_version: count,
  stream: z.string(),
  interval_start: instant,
  interval_end: instant,
  every_seconds: count,
  settle_seconds: count,
  key: z.string(),
  file_written: z.boolean(),
  etag: z.string().nullable(),
  size_bytes: count,
  raw_size_bytes: count,
  raw_crc32: z.string().regex(/^[0-9a-f]{8}$/),
  rooms: count,
  peers: count,
  rooms_with_faults: count,
  parts: count,
  history_fingerprint: z.object({ rooms: count, peers: count, totals: count, hash: z.string() }),
  generation: z.number().int().positive(),
  supersedes: z.string().nullable(),
  write_id: z.string(),
  workflow_id: z.string(),
  run_id: z.string(),
  started_at: instant,
  completed_at: instant,
}) satisfies z.ZodType<Manifest>;

const latestSchema = z.object({
  ...ofFile,
  stream: z.string(),
  interval_start: instant,
  interval_end: instant,
  key: z.string(),
  manifest_key: z.string(),
  rooms: count,
  size_bytes: count,
  started_at: instant,
  completed_at: instant,
}) satisfies z.ZodType<LatestPointer>;

/** Manifests have about a kilobyte; a larger object is not a manifest. */
export const MANIFEST_BYTES_MAX = 64 * 1024;

/** A record with one of these fields is ours. If it lacks other fields, it covers nothing. */
const MARKS = ['manifest_version', 'manifest_key', 'key'] as const;

const foundManifest = marked(manifestSchema.partial());
const foundLatest = marked(latestSchema.partial());

function marked<Parsed extends object>(schema: z.ZodType<Parsed>): z.ZodType<Parsed> {
  return schema.refine(
    (record) => MARKS.some((mark) => Reflect.get(record, mark) !== undefined),
    'allowed: an object with the fields of a manifest or of _latest.json',
  );
}

/**
 * Parses a complete manifest.
 * @throws UnreadableRecordError for anything else
 */
export function parseManifest(bytes: Buffer, key: string): Manifest {
  return parseRecord(manifestSchema, bytes, key);
}

/**
 * Parses a manifest that may lack fields.
 * @throws UnreadableRecordError when the bytes are not a manifest or a field has another type: a person or
 *   another program wrote them, and guessing would risk a file
 */
export function parseFoundManifest(bytes: Buffer, key: string): Found<Manifest> {
  return parseRecord(foundManifest, bytes, key);
}

/** Like `parseFoundManifest`, for the pointer. */
export function parseFoundLatest(bytes: Buffer, key: string): Found<LatestPointer> {
  return parseRecord(foundLatest, bytes, key);
}

export function toRecordBytes(record: Manifest | LatestPointer): Buffer {
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

const POINTER = 'pointer';

/** Stores accept 2 KB of metadata; keys of up to a kilobyte may need more. */
const METADATA_BYTES_MAX = 2_000;

/**
 * A copy of the pointer as its object's metadata, which is written at the same time. It is empty when it does
 * not fit.
 */
export function toPointerMetadata(pointer: LatestPointer): Record<string, string> {
  const value = Buffer.from(JSON.stringify(pointer)).toString('base64url');
  return POINTER.length + value.length <= METADATA_BYTES_MAX ? { [POINTER]: value } : {};
}

/** Undefined when the metadata has no copy of the pointer. The object itself has to be read then. */
export function pointerInMetadata(metadata: Readonly<Record<string, string>>): LatestPointer | undefined {
  const value = metadata[POINTER];
  if (value === undefined) return undefined;
  try {
    return parseRecord(latestSchema, Buffer.from(value, 'base64url'), POINTER);
  } catch (error) {
    if (error instanceof UnreadableRecordError) return undefined;
    throw error;
  }
}

function parseRecord<Parsed>(schema: z.ZodType<Parsed>, bytes: Buffer, key: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new UnreadableRecordError(key, 'not JSON', error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describeIssue(issue, value));
  throw new UnreadableRecordError(key, problems.join('; '), parsed.error);
}

function describeIssue({ path, message }: z.core.$ZodIssue, value: unknown): string {
  let got = value;
  for (const step of path) got = typeof got === 'object' && got !== null ? Reflect.get(got, step) : undefined;
  return `${path.length === 0 ? 'record' : path.join('.')}: got ${toGot(got)}: ${message}`;
}
