// The contenders that are one statement: ClickHouse computes the documents and writes them into the store by
// its own table function. Before the rounds each way of running a statement is tried on this machine, and the
// fastest one takes part.
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { DEFLATE_LEVEL } from '../../activities/batch/gzip-framing.ts';
import type { StackAddresses } from '../../local/stack.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { PROJECT } from '../export-run.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';

export type Compression = 'none' | 'gzip';

export interface StatementRun {
  /** The name of a file of this folder that holds one statement. */
  file: string;
  /** Of the object that it writes. */
  key: string;
  compression: Compression;
  interval: Interval;
  /** Further parameters of the statement. */
  params?: Readonly<Record<string, string>>;
}

export interface Way {
  name: string;
  settings: ClickHouseSettings;
}

/**
 * Joins and groups that read their input in the order of the tables' keys, and let go of a room when the next
 * one begins.
 */
const IN_ORDER: ClickHouseSettings = {
  optimize_aggregation_in_order: 1,
  join_algorithm: 'full_sorting_merge',
};

/**
 * Settings whose best value depends on the machine or the store. What was always best is in the statements;
 * their headers say what else was tried.
 */
export const WAYS: readonly [Way, ...Way[]] = [
  // Taken where they cannot be compared: on two processors with SeaweedFS no other was clearly faster.
  {
    name: 'in order, one formatting thread',
    settings: { ...IN_ORDER, output_format_parallel_formatting: 0 },
  },
  { name: 'in order, parallel formatting', settings: { ...IN_ORDER, output_format_parallel_formatting: 1 } },
  { name: 'hashed, one formatting thread', settings: { output_format_parallel_formatting: 0 } },
  { name: 'hashed, parallel formatting', settings: { output_format_parallel_formatting: 1 } },
  {
    name: 'in order, one thread for everything',
    settings: { ...IN_ORDER, output_format_parallel_formatting: 0, max_threads: 1 },
  },
];

/** Runs the statement of a file once; resolves when its object is stored. Rejects with the client's error. */
export async function runStatement(
  connection: ClickHouseClient,
  store: StackAddresses['store'],
  { file, key, compression, interval, params = {}, way }: StatementRun & { way: Way },
): Promise<void> {
  await connection.command({
    query: readStatement(new URL(file, import.meta.url)),
    query_params: {
      ...ofStore(store, key),
      project_id: PROJECT,
      from_ms: interval.startMs,
      to_ms: interval.endMs,
      ...params,
    },
    clickhouse_settings: {
      ...way.settings,
      ...(compression === 'gzip' ? { output_format_compression_level: String(DEFLATE_LEVEL) } : {}),
      wait_end_of_query: 1,
    },
  });
}

/** How often each way is tried: a single try may fall into another program's work. */
const TRIES = 2;

export interface Try {
  way: Way;
  seconds: number;
  /** False when other programs took much of the machine: then its seconds say little. */
  isQuiet: boolean;
}

/** Tries all ways turn by turn, twice. */
export async function tryWays(tryOne: (way: Way) => Promise<Try>): Promise<Try[]> {
  const tries: Try[] = [];
  for (let round = 0; round < TRIES; round += 1) for (const way of WAYS) tries.push(await tryOne(way));
  return tries;
}

/**
 * The way of the fastest try; undefined when not every way had a quiet one, so that they cannot be compared.
 */
export function fastestOf(tries: readonly Try[]): Way | undefined {
  const quiet = tries.filter(({ isQuiet }) => isQuiet);
  if (new Set(quiet.map(({ way }) => way)).size < WAYS.length) return undefined;
  return quiet.toSorted((a, b) => a.seconds - b.seconds)[0]?.way;
}

/** Where the table function `s3` finds an object of the store: parameters of every statement that uses it. */
export function ofStore(
  { endpoint, bucket, accessKeyId, secretAccessKey }: StackAddresses['store'],
  key: string,
): Record<string, string> {
  return {
    url: `${endpoint}/${bucket}/${key}`,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
  };
}
