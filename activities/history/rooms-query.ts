// The statement that makes the finished rooms of one range. Composes activities/sql/export-rooms.sql with the range as bound
// parameters and every output setting that the bytes depend on. Knows nothing of parts, files or Temporal; opens no connection.
import { readFileSync } from 'node:fs';
import { type ClickHouseSettings } from '@clickhouse/client';
import { SCHEMA_VERSION } from '../../workflows/model/manifest.ts';
import { type RoomRange } from '../../workflows/model/plan.ts';
import { type FieldSet } from '../../workflows/model/stream.ts';

/** One project's rooms, in the order (finalized_at, session_id). */
export interface RoomsRange extends RoomRange {
  projectId: string;
}

/** For `client.exec()`: the answer is a byte stream, one line per room (activities/encode/batch-lines.ts), never parsed. */
export interface RoomsStatement {
  query: string;
  query_params: Record<string, unknown>;
  clickhouse_settings: ClickHouseSettings;
}

const EXPORT_ROOMS = readFileSync(new URL('../sql/export-rooms.sql', import.meta.url), 'utf8');

/** Lines of the statement that make the keys of `fields: extended`; without them it reads and computes nothing for these. */
const EXTENDED_LINES = /^.* -- extended\n/gm;

const STATEMENTS: Readonly<Record<FieldSet, string>> = {
  standard: EXPORT_ROOMS.replaceAll(EXTENDED_LINES, ''),
  extended: EXPORT_ROOMS,
};

/** The bytes of the file depend on these, so none is left to the server's defaults. */
const OUTPUT_SETTINGS: ClickHouseSettings = {
  date_time_output_format: 'iso',
  output_format_json_escape_forward_slashes: 0,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  join_use_nulls: 0,
  // What is missing stays missing: by default least and greatest pass over NULL and give the bound instead.
  least_greatest_legacy_null_behavior: 1,
};

const WORK_SETTINGS: ClickHouseSettings = {
  // One query hardly uses a second thread; several at once with one thread each are faster.
  max_threads: 1,
  // Groups cut into 256 buckets help threads to share them; for one thread they only make 256 small blocks of each step that follows.
  group_by_two_level_threshold: '0',
  group_by_two_level_threshold_bytes: '0',
  // Columns of this many rows stay in the processor's caches on their way through the steps (measured: 7 % less time than 65 409).
  max_block_size: '8192',
  // Looks in the whole statement for chains of comparisons: half the time of planning (measured), and there are none.
  optimize_and_compare_chain: 0,
  // Compiled, functions over integers of different width have given wrong values (found on 26.7), and only after some runs.
  compile_expressions: 0,
};

/** The statement for the rooms of `range`; every line of its answer is one room. */
export function toRoomsStatement(range: RoomsRange, fields: FieldSet): RoomsStatement {
  return {
    query: STATEMENTS[fields],
    query_params: {
      project_id: range.projectId,
      from_ms: range.from.finalizedAtMs,
      from_session: range.from.sessionId,
      to_ms: range.to.finalizedAtMs,
      to_session: range.to.sessionId,
      schema_version: SCHEMA_VERSION,
    },
    clickhouse_settings: { ...OUTPUT_SETTINGS, ...WORK_SETTINGS },
  };
}
