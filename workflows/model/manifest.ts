// The manifest, which marks a file as complete. It is written last. The store is the record of what is
// complete, and not Temporal's retention.
import type { Fingerprint } from './plan.ts';
import type { FileFormat, Compression, FieldSet } from './stream.ts';

/** Raised when the manifest's own keys change their meaning. */
export const MANIFEST_VERSION = 1;

/** Raised when the file's keys change. The file's bytes depend on it. */
export const SCHEMA_VERSION = 1;

/** The versions of the published formulas that computed the numbers. */
export const FORMULA_VERSIONS: Readonly<Record<string, number>> = { measurements: 1 };

export interface Manifest {
  manifest_version: number;
  schema_version: number;
  formula_versions: Record<string, number>;
  stream: string;
  project: string;
  interval_start: string;
  interval_end: string;
  every_seconds: number;
  settle_seconds: number;
  format: FileFormat;
  compression: Compression;
  fields: FieldSet;
  /** The stream's name for the store. */
  destination: string;
  bucket: string;
  key: string;
  /** False for an interval without rooms under `--empty skip`, which has a manifest and no file. */
  file_written: boolean;
  etag: string | null;
  size_bytes: number;
  raw_size_bytes: number;
  /** Eight lower-case hexadecimal digits, of the raw bytes. */
  raw_crc32: string;
  rooms: number;
  peers: number;
  rooms_with_faults: number;
  parts: number;
  history_fingerprint: Fingerprint;
  generation: number;
  /** Write id of the file this one replaced. */
  supersedes: string | null;
  write_id: string;
  workflow_id: string;
  run_id: string;
  started_at: string;
  completed_at: string;
}

/**
 * A record as it was read. Another program or a person may have left out fields that this program always
 * writes.
 */
export type Found<Of> = { [Field in keyof Of]?: Of[Field] | undefined };

/**
 * `_latest.json`: the newest complete interval of a stream. It never moves backwards, and has enough fields
 * to identify whose interval it is.
 */
export interface LatestPointer extends Pick<
  Manifest,
  | 'project'
  | 'destination'
  | 'bucket'
  | 'format'
  | 'compression'
  | 'fields'
  | 'schema_version'
  | 'formula_versions'
> {
  stream: string;
  interval_start: string;
  interval_end: string;
  key: string;
  manifest_key: string;
  rooms: number;
  size_bytes: number;
  /** When its run began. */
  started_at: string;
  completed_at: string;
}

/** All fields of a manifest. A record that lacks one covers nothing. */
export const MANIFEST_FIELDS = [
  'manifest_version',
  'schema_version',
  'formula_versions',
  'stream',
  'project',
  'interval_start',
  'interval_end',
  'every_seconds',
  'settle_seconds',
  'format',
  'compression',
  'fields',
  'destination',
  'bucket',
  'key',
  'file_written',
  'etag',
  'size_bytes',
  'raw_size_bytes',
  'raw_crc32',
  'rooms',
  'peers',
  'rooms_with_faults',
  'parts',
  'history_fingerprint',
  'generation',
  'supersedes',
  'write_id',
  'workflow_id',
  'run_id',
  'started_at',
  'completed_at',
] as const satisfies readonly (keyof Manifest)[];

export const POINTER_FIELDS = [
  'project',
  'destination',
  'bucket',
  'format',
  'compression',
  'fields',
  'schema_version',
  'formula_versions',
  'stream',
  'interval_start',
  'interval_end',
  'key',
  'manifest_key',
  'rooms',
  'size_bytes',
  'started_at',
  'completed_at',
] as const satisfies readonly (keyof LatestPointer)[];

/** Whether the record has all fields of a manifest. */
export function isWhole(found: Found<Manifest>): found is Manifest {
  return MANIFEST_FIELDS.every((field) => found[field] !== undefined);
}

/** The key of a file's manifest, which is apart from the data. */
export function manifestKeyOf(manifestPrefix: string, key: string): string {
  return `${manifestPrefix}${key}.manifest.json`;
}

/** The key of the pointer to a stream's newest complete interval. */
export function latestKeyOf(manifestPrefix: string, stream: string): string {
  return `${manifestPrefix}${stream}/_latest.json`;
}

/** The name of the write id in the metadata of the object. */
export const WRITE_ID_METADATA = 'write-id';
