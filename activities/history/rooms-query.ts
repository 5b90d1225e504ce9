// The statement that makes the finished rooms of one range. Composes activities/sql/export-rooms.sql with the range as bound
// parameters and every output setting that the bytes depend on. Knows nothing of parts, files or Temporal; opens no connection.
import { readFileSync } from 'node:fs';
import { type ClickHouseSettings } from '@clickhouse/client';
import { type RoomBound } from '../../workflows/model/plan.ts';
import { type FieldSet } from '../../workflows/model/stream.ts';

/** One project's rooms in the order (finalized_at, session_id): `from` belongs to the range, `to` does not. An empty session id sorts first. */
export interface RoomsRange {
  projectId: string;
  from: RoomBound;
  to: RoomBound;
}

export interface RoomsOptions {
  fields: FieldSet;
  /** What stands between a room's text and its newline: a comma for a JSON array, nothing for ndjson. */
  separator: ',' | '';
}

/** For `client.exec()`: the answer is a byte stream, one line per room, never parsed. */
export interface RoomsStatement {
  query: string;
  query_params: Record<string, unknown>;
  clickhouse_settings: ClickHouseSettings;
}

const EXPORT_ROOMS = readFileSync(new URL('../sql/export-rooms.sql', import.meta.url), 'utf8');

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

/** One query hardly uses a second thread; several at once with one thread each are faster. */
const WORK_SETTINGS: ClickHouseSettings = {
  max_threads: 1,
  // Compiled, functions over integers of different width have given wrong values (found on 26.7), and only after some runs.
  compile_expressions: 0,
};

/** The statement for the rooms of `range`; every line of its answer is one room. */
export function toRoomsStatement(range: RoomsRange, options: RoomsOptions): RoomsStatement {
  return {
    query: EXPORT_ROOMS,
    query_params: {
      project_id: range.projectId,
      from_ms: range.from.finalizedAtMs,
      from_session: range.from.sessionId,
      to_ms: range.to.finalizedAtMs,
      to_session: range.to.sessionId,
      separator: options.separator,
    },
    clickhouse_settings: { ...OUTPUT_SETTINGS, ...WORK_SETTINGS },
  };
}
