// Decides whether a stored record covers an interval under the settings in force. Plan, backfill, audit,
// status, look-back and verify all use this file, so that "complete" has one meaning. A file that was made
// for another project, destination, format or formula is not the interval's file. Pure; a record that lacks
// fields never makes it throw.
import { toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import { renderKey } from './key-template.ts';
import { FORMULA_VERSIONS, MANIFEST_FIELDS, POINTER_FIELDS, SCHEMA_VERSION } from './manifest.ts';
import type { Found, LatestPointer, Manifest } from './manifest.ts';
import { toGot } from './problem.ts';
import type { Problem } from './problem.ts';
import { extensionOf, settingsEndingAt } from './stream.ts';
import type { StreamDefinition, StreamSettings } from './stream.ts';

/** The fields that a record must match to cover an interval. */
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
 * The values that a record of this interval has.
 * @param bucket the bucket of the destination that the settings name
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
 * The differences between a manifest and the wanted values, missing fields included. Empty when it matches.
 * With the values of `coverFieldsOf`, a match means that it covers the interval.
 */
export function manifestProblems(found: Found<Manifest>, wanted: Partial<CoverFields>): Problem[] {
  return [...differences(found, wanted), ...missingFields(found, MANIFEST_FIELDS, wanted)];
}

/** Like `manifestProblems`, as a type guard. */
export function coversInterval(found: Found<Manifest>, wanted: Partial<CoverFields>): found is Manifest {
  return manifestProblems(found, wanted).length === 0;
}

/**
 * Whether a run that somebody else started under this interval's id made the file of these settings. It may
 * have been a run of a deleted stream of the same name. True for a run without a manifest, which made
 * nothing.
 */
export function isFileOf(found: Found<Manifest> | null, covered: Covered): boolean {
  if (found === null) return true;
  // The manifest's own bucket is used, because the worker that made it knew the bucket.
  return coversInterval(found, coverFieldsOf(covered, found.bucket ?? ''));
}

/**
 * Whether the pointer names an interval of the stream under the stream's settings.
 * @param bucketOf returns undefined for an unknown destination
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

/** The projects that a stream has exported or will export; nearly always one. */
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

/** Formula versions are compared by name, regardless of their order. */
function toComparable(value: CoverFields[keyof CoverFields] | undefined): string | undefined {
  if (typeof value !== 'object') return value === undefined ? undefined : JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
