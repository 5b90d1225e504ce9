// The manifest: what says that a file is complete. Written last; the store, not Temporal's retention, is the
// record.
import type { Fingerprint } from './plan.ts';
import type { FileFormat, Compression, FieldSet } from './stream.ts';

/** Raised when the manifest's own keys change their meaning. */
export const MANIFEST_VERSION = 1;

/** Raised when the file's keys change; part of what the bytes depend on. */
export const SCHEMA_VERSION = 1;

/** The versions of the published formulas that made the numbers. */
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
  /** The name under which the stream knew the store. */
  destination: string;
  bucket: string;
  key: string;
  /** False for an interval without rooms under `--empty skip`: the manifest stands alone. */
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

/** A record as it was found: another program, or a person, may have left out what its writer always says. */
export type Found<Of> = { [Field in keyof Of]?: Of[Field] | undefined };

/**
 * `_latest.json`: the newest complete interval of a stream; never goes backwards. Says enough to tell whose
 * interval it is.
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

/** All of them: a record that lacks one covers nothing. */
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

/** Whether it lacks nothing that every manifest has. */
export function isWhole(found: Found<Manifest>): found is Manifest {
  return MANIFEST_FIELDS.every((field) => found[field] !== undefined);
}

/** Where the manifest of a file lies, apart from the data. */
export function manifestKeyOf(manifestPrefix: string, key: string): string {
  return `${manifestPrefix}${key}.manifest.json`;
}

/** Where the pointer to a stream's newest complete interval lies. */
export function latestKeyOf(manifestPrefix: string, stream: string): string {
  return `${manifestPrefix}${stream}/_latest.json`;
}

/** The name of the write id in the metadata of the object. */
export const WRITE_ID_METADATA = 'write-id';
