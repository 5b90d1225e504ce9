// Whether a record of the store covers an interval under the settings in force. Plan, backfill, audit,
// status, look-back and verify all ask here, so that "complete" has one meaning: a file that was made for
// another project, destination, format or formula is not the interval's file. Pure; never throws for what a
// record lacks.
import { toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import { renderKey } from './key-template.ts';
import { FORMULA_VERSIONS, MANIFEST_FIELDS, POINTER_FIELDS, SCHEMA_VERSION } from './manifest.ts';
import type { Found, LatestPointer, Manifest } from './manifest.ts';
import { toGot } from './problem.ts';
import type { Problem } from './problem.ts';
import { extensionOf, settingsEndingAt } from './stream.ts';
import type { StreamDefinition, StreamSettings } from './stream.ts';

/** What a record has to say to cover an interval. */
export type CoverFields = Pick<
  Manifest,
  | 'project'
  | 'stream'
  | 'interval_start'
  | 'interval_end'
  | 'destination'
  | 'bucket'
  | 'key'
  | 'format'
  | 'compression'
  | 'fields'
  | 'schema_version'
  | 'formula_versions'
>;

/** The interval of a stream, and the settings in force for it. */
export interface Covered {
  stream: string;
  settings: StreamSettings;
  interval: Interval;
}

/**
 * What a record of this interval says.
 * @param bucket of the destination that the settings name
 */
export function coverFieldsOf({ stream, settings, interval }: Covered, bucket: string): CoverFields {
  const { project, prefix, destination, keyTemplate, format, compression, fields } = settings;
  const names = { prefix, project, stream, extension: extensionOf(settings) };
  return {
    project,
    stream,
    interval_start: toRfc3339(interval.startMs),
    interval_end: toRfc3339(interval.endMs),
    destination,
    bucket,
    key: renderKey(keyTemplate, names, interval),
    format,
    compression,
    fields,
    schema_version: SCHEMA_VERSION,
    formula_versions: { ...FORMULA_VERSIONS },
  };
}

/**
 * Why a manifest does not say what is wanted; empty: it does, and lacks nothing. Of `coverFieldsOf`: it
 * covers the interval.
 */
export function manifestProblems(found: Found<Manifest>, wanted: Partial<CoverFields>): Problem[] {
  return [...differences(found, wanted), ...missingFields(found, MANIFEST_FIELDS, wanted)];
}

/** As `manifestProblems`, for a caller that goes on with the manifest. */
export function coversInterval(found: Found<Manifest>, wanted: Partial<CoverFields>): found is Manifest {
  return manifestProblems(found, wanted).length === 0;
}

/**
 * Whether a run that somebody else started, under the id of this interval, made the file of these settings. A
 * run of a deleted stream of the same name may have been under way. True for one without a manifest, which
 * made nothing.
 */
export function isFileOf(found: Found<Manifest> | null, covered: Covered): boolean {
  if (found === null) return true;
  // The worker that made it knew the bucket.
  return coversInterval(found, coverFieldsOf(covered, found.bucket ?? ''));
}

/**
 * Whether the pointer names an interval of the stream, as the stream's settings have it. `bucketOf` is
 * undefined for an unknown destination.
 */
export function pointsAt(
  found: Found<LatestPointer>,
  stream: StreamDefinition,
  bucketOf: (destination: string) => string | undefined,
): found is LatestPointer {
  const endMs = Date.parse(found.interval_end ?? '');
  if (Number.isNaN(endMs)) return false;
  const { settings, interval } = settingsEndingAt(stream, endMs);
  const bucket = bucketOf(settings.destination);
  if (bucket === undefined) return false;
  const wanted = coverFieldsOf({ stream: stream.name, settings, interval }, bucket);
  return [...differences(found, wanted), ...missingFields(found, POINTER_FIELDS, wanted)].length === 0;
}

/** The projects that a stream has exported, or will: nearly always one. */
export function projectsOf({ revisions }: StreamDefinition): string[] {
  return [...new Set(revisions.map(({ settings }) => settings.project))];
}

function differences(found: Found<CoverFields>, wanted: Partial<CoverFields>): Problem[] {
  const problems: Problem[] = [];
  for (const field of Object.keys(wanted) as (keyof CoverFields)[]) {
    const [got, allowed] = [toComparable(found[field]), toComparable(wanted[field])];
    if (got !== allowed) problems.push({ field, got: toGot(found[field]), allowed: toGot(wanted[field]) });
  }
  return problems;
}

function missingFields(found: object, fields: readonly string[], compared: object): Problem[] {
  return fields
    .filter((field) => !(field in compared) && Reflect.get(found, field) === undefined)
    .map((field) => ({ field, got: 'nothing', allowed: 'a value, as every manifest has' }));
}

/** Versions are compared by their names, in whatever order they were written. */
function toComparable(value: CoverFields[keyof CoverFields] | undefined): string | undefined {
  if (typeof value !== 'object') return value === undefined ? undefined : JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
