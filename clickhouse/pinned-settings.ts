// The settings of ClickHouse that every statement of the exporter states itself, so that none is left to the
// profile of the exporter's user. The rule: a setting is pinned when it can change an answer without an
// error, change the form in which an answer is sent, or keep a statement from reading a range. Settings that
// only make a statement fail (limits of memory, time and rows) are the operator's; their overflow modes are
// pinned to `throw`, so that they do fail.
import { SettingsMap } from '@clickhouse/client';
import type { ClickHouseSettings } from '@clickhouse/client';

/** Reaching a limit is an error, and never shortens an answer. */
const OVERFLOWS: ClickHouseSettings = {
  read_overflow_mode: 'throw',
  read_overflow_mode_leaf: 'throw',
  result_overflow_mode: 'throw',
  timeout_overflow_mode: 'throw',
  timeout_overflow_mode_leaf: 'throw',
  group_by_overflow_mode: 'throw',
  sort_overflow_mode: 'throw',
  distinct_overflow_mode: 'throw',
  set_overflow_mode: 'throw',
  join_overflow_mode: 'throw',
  transfer_overflow_mode: 'throw',
};

/**
 * Settings that change how a statement is interpreted, which rows it sees, or the results of its functions.
 */
const MEANING: ClickHouseSettings = {
  dialect: 'clickhouse',
  function_implementation: '',
  enable_global_with_statement: 1,
  limit: '0',
  offset: '0',
  extremes: 0,
  final: 0,
  additional_result_filter: '',
  additional_table_filters: SettingsMap.from({}),
  use_query_cache: 0,
  aggregate_functions_null_for_empty: 0,
  empty_result_for_aggregation_by_empty_set: 0,
  join_use_nulls: 0,
  join_default_strictness: 'ALL',
  prefer_column_name_to_alias: 0,
  cast_keep_nullable: 0,
  transform_null_in: 0,
};

/**
 * Without these a statement reads the whole history for its range: conditions do not get through a view to
 * the primary key.
 */
const RANGES: ClickHouseSettings = {
  query_plan_enable_optimizations: 1,
  query_plan_filter_push_down: 1,
};

/** How an answer is sent. */
const FORM: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_json_array_of_rows: 0,
  output_format_arrow_compression_method: 'none',
  output_format_arrow_low_cardinality_as_dictionary: 1,
  output_format_arrow_string_as_string: 1,
  // Level 0 is gzip without compression. It costs next to nothing, and its CRC-32 detects a byte that was
  // changed in transit.
  http_zlib_compression_level: '0',
  send_progress_in_http_headers: 0,
  wait_end_of_query: 0,
};

export const PINNED_SETTINGS: ClickHouseSettings = { ...OVERFLOWS, ...MEANING, ...RANGES, ...FORM };
