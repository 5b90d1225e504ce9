// The manifest: what says that a file is complete. Written last; the store, not Temporal's retention, is the record.
import { type Fingerprint } from './plan.ts';
import { type FileFormat, type Compression, type FieldSet } from './stream.ts';

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

/** `_latest.json`: the newest complete interval of a stream; never goes backwards. */
export interface LatestPointer {
  stream: string;
  interval_start: string;
  interval_end: string;
  key: string;
  manifest_key: string;
  rooms: number;
  size_bytes: number;
  /** When its run began; absent in pointers written before there was this key. */
  started_at?: string;
  completed_at: string;
}

/** Where the manifest of a file lies, apart from the data. */
export function manifestKeyOf(manifestPrefix: string, key: string): string {
  return `${manifestPrefix}${key}.manifest.json`;
}

/** Where the pointer to a stream's newest complete interval lies. */
export function latestKeyOf(manifestPrefix: string, stream: string): string {
  return `${manifestPrefix}${stream}/_latest.json`;
}
