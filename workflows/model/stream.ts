// Data streams: a customer's export. The definition is the input of the schedule's action, so the schedule is
// its record. Plain types and the rules to read them. Values from people are validated in client/ and by the
// worker.
import { intervalContaining } from './interval.ts';
import type { Grid, Interval } from './interval.ts';

export type FileFormat = 'json' | 'ndjson';
export type Compression = 'none' | 'gzip';
export type FieldSet = 'standard' | 'extended';
export type EmptyPolicy = 'write' | 'skip';

/** Everything about a stream that can change over time. Names its destination; never holds credentials. */
export interface StreamSettings extends Grid {
  project: string;
  destination: string;
  /** Put before every key; may be empty. */
  prefix: string;
  /** A run reads no earlier than the interval's end plus this. */
  settleSeconds: number;
  format: FileFormat;
  compression: Compression;
  fields: FieldSet;
  keyTemplate: string;
  /** What an interval without rooms gets: an empty file, or only its manifest. */
  empty: EmptyPolicy;
  /**
   * Retryable errors are retried until this long after the interval's end (or after the start of a later
   * run).
   */
  giveUpSeconds: number;
}

/** Settings in force for intervals that start at `fromMs` or later, until the next revision. */
export interface StreamRevision {
  fromMs: number;
  settings: StreamSettings;
}

export interface StreamDefinition {
  name: string;
  /**
   * The stream's first interval starts here or at the next border. Earlier ones are exported only on request.
   */
  fromMs: number;
  /** The last interval ends here or earlier; null when there is no last one. */
  untilMs: number | null;
  /**
   * Intervals that are skipped on purpose, so no file is expected. Half-open ranges, each of one or more
   * intervals.
   */
  skipped: Interval[];
  /** In order of `fromMs`; the first one holds for everything before it, too. Never empty. */
  revisions: StreamRevision[];
  /**
   * Each run starts at a random moment up to this long after its nominal time. When absent, see
   * `jitterSecondsOf`.
   */
  jitterSeconds?: number;
}

/** The file's extension: `json` or `ndjson`, followed by `.gz` when compressed. */
export function extensionOf(settings: Pick<StreamSettings, 'format' | 'compression'>): string {
  return settings.compression === 'gzip' ? `${settings.format}.gz` : settings.format;
}

/**
 * gzip files get gzip's content type. With a content encoding, clients would decompress them without the
 * reader noticing.
 */
export function contentTypeOf(settings: Pick<StreamSettings, 'format' | 'compression'>): string {
  if (settings.compression === 'gzip') return 'application/gzip';
  return settings.format === 'json' ? 'application/json' : 'application/x-ndjson';
}

/** The settings in force for an interval that starts at `startMs`. */
export function settingsAt(stream: StreamDefinition, startMs: number): StreamSettings {
  const [first, ...later] = stream.revisions;
  if (first === undefined) throw new RangeError(`stream ${stream.name} has no settings`);
  let inForce = first;
  for (const revision of later) if (revision.fromMs <= startMs) inForce = revision;
  return inForce.settings;
}

/** The settings of an interval that ends at `endMs`. Borders are shared by the old and the new grid. */
export function settingsEndingAt(
  stream: StreamDefinition,
  endMs: number,
): { settings: StreamSettings; interval: Interval } {
  const settings = settingsAt(stream, endMs - 1);
  return { settings, interval: { startMs: endMs - settings.everySeconds * 1000, endMs } };
}

/** Whether the stream exports this interval on its own. */
export function isWanted(stream: StreamDefinition, interval: Interval): boolean {
  const { startMs, endMs } = interval;
  if (startMs < stream.fromMs || (stream.untilMs !== null && endMs > stream.untilMs)) return false;
  return !isSkipped(stream, interval);
}

/** Whether the stream skips this interval on purpose. */
export function isSkipped(stream: StreamDefinition, interval: Interval): boolean {
  return skippedAround(stream, interval) !== undefined;
}

/** The skipped range that contains the interval. */
export function skippedAround(
  { skipped }: StreamDefinition,
  { startMs, endMs }: Interval,
): Interval | undefined {
  return skipped.find((range) => startMs >= range.startMs && endMs <= range.endMs);
}

/** The wanted ones among the `count` intervals before this one, the nearest first. */
export function wantedIntervalsBefore(stream: StreamDefinition, before: Interval, count: number): Interval[] {
  const intervals: Interval[] = [];
  let { startMs } = before;
  for (let steps = 0; steps < count && startMs > stream.fromMs; steps += 1) {
    const { interval } = settingsEndingAt(stream, startMs);
    if (isWanted(stream, interval)) intervals.push(interval);
    ({ startMs } = interval);
  }
  return intervals;
}

/** The end of the first interval that ends after `atMs`; null when the stream exports no more. */
export function nextEndAfter(stream: StreamDefinition, atMs: number): number | null {
  const sinceMs = Math.max(atMs, stream.fromMs);
  const under = intervalContaining(sinceMs, settingsAt(stream, sinceMs));
  const { endMs } =
    under.startMs < stream.fromMs ? intervalContaining(under.endMs, settingsAt(stream, under.endMs)) : under;
  return stream.untilMs !== null && endMs > stream.untilMs ? null : endMs;
}
