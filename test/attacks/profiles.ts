// Settings profiles made from the settings that the server itself lists: each setting with values that could
// change an answer, a limit or a form. What the server does not take as a value is left out by asking it.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';

export type Profile = Readonly<Record<string, string>>;

const settingRow = z.object({
  name: z.string(),
  type: z.string(),
  default: z.string(),
  alias_for: z.string(),
  is_obsolete: z.number(),
});
type Setting = z.infer<typeof settingRow>;

/**
 * Small limits hit every statement, middle ones the larger of them, large ones only intervals of many rooms.
 */
const NUMBERS = ['0', '1', '5', '5000'];
const FRACTIONS = ['0', '0.001', '1', '5'];

/** Values of settings whose type does not say what could be given. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  session_timezone: ['Asia/Tokyo', 'America/Lima'],
  compatibility: ['22.3', '24.1', '25.3', '25.11'],
  additional_result_filter: ['0', '1 = 0', 'finalized_at < 0'],
  // The name of the database is put in by the suite.
  additional_table_filters: ["{'rooms': 'version > 1', 'peers': 'joins > 1', 'export_peers': 'joins > 1'}"],
  count_distinct_implementation: ['uniq', 'uniqHLL12', 'uniqCombined'],
  http_response_headers: ["{'Content-Encoding': 'identity'}", "{'X-ClickHouse-Exception-Tag': 'x'}"],
  ignore_data_skipping_indices: ['a'],
  force_data_skipping_indices: ['a'],
  force_optimize_projection_name: ['a'],
  implicit_table_at_top_level: ['rooms'],
  bool_true_representation: ['yes'],
  bool_false_representation: ['no'],
  network_compression_method: ['ZSTD', 'NONE'],
  workload: ['other'],
  promql_database: ['x'],
};

/** Of these the value decides more than one word could say. */
const OVERFLOW_LIMITS: Readonly<Record<string, readonly string[]>> = {
  read_overflow_mode: ['max_rows_to_read', 'max_bytes_to_read'],
  read_overflow_mode_leaf: ['max_rows_to_read_leaf', 'max_bytes_to_read_leaf'],
  group_by_overflow_mode: ['max_rows_to_group_by'],
  sort_overflow_mode: ['max_rows_to_sort', 'max_bytes_to_sort'],
  result_overflow_mode: ['max_result_rows', 'max_result_bytes'],
  timeout_overflow_mode: ['max_execution_time', 'max_estimated_execution_time'],
  timeout_overflow_mode_leaf: ['max_execution_time_leaf'],
  set_overflow_mode: ['max_rows_in_set', 'max_bytes_in_set'],
  join_overflow_mode: ['max_rows_in_join', 'max_bytes_in_join'],
  transfer_overflow_mode: ['max_rows_to_transfer', 'max_bytes_to_transfer'],
  distinct_overflow_mode: ['max_rows_in_distinct', 'max_bytes_in_distinct'],
};
const OVERFLOW_LIMIT_VALUES = ['1', '5', '5000'];

/**
 * These act on the server's process, and so on the other profiles of the suite, or make a statement as slow
 * as they say.
 */
const ACT_ON_THE_SERVER =
  /^(sleep|os_thread|jemalloc|trace_profile|memory_profiler|query_profiler|metrics_perf|fault_injection|.*_fault_probability|memory_tracker_fault|unknown_packet|.*bandwidth|priority|.*_sleep_|min_execution_speed)/;

/** These decide about writing, about input, or about other tables and protocols than those of the history. */
const OF_OTHER_THINGS =
  /^(input_format|s3|azure|hdfs|kafka|nats|rabbitmq|redis|mysql|postgresql|mongodb|odbc|external_|hudi|delta|iceberg|paimon|url_|insert|async_insert|materialized_view|mutations|alter|lightweight|backup|restore|ddl|database_replicated|replica|replication|keeper|live_view|window_view|stream_like|ai_|promql|polyglot|text_index|vector_search|geotoh3|distributed_cache|distributed_ddl|format_(avro|protobuf|capn|regexp|template|custom|csv|tsv_null|schema)|output_format_(parquet|orc|avro|protobuf|pretty|markdown|msgpack|bson|image|xml|csv|sql_insert|custom|values|npy)|dictionary|ytsaurus|arrow_flight|http_(connection|retry|receive_timeout|send_timeout|max_)|connect|receive|send_timeout|tcp_|idle_connection|log_|opentelemetry|query_metric|page_cache|write_through|filesystem_cache|cloud|shared_merge|export_merge|min_insert|max_insert|max_partitions_per_insert)/;

/** Every profile that the server takes, in the order of its settings' names. */
export async function makeProfiles(admin: ClickHouseClient): Promise<Profile[]> {
  const answer = await admin.query({
    query: 'SELECT name, type, default, alias_for, is_obsolete FROM system.settings ORDER BY name',
    format: 'JSONEachRow',
  });
  const settings = z.array(settingRow).parse(await answer.json());
  const wanted = settings.filter(
    ({ name, alias_for, is_obsolete }) =>
      alias_for === '' && is_obsolete === 0 && !ACT_ON_THE_SERVER.test(name) && !OF_OTHER_THINGS.test(name),
  );
  const profiles: Profile[] = [];
  for (const setting of wanted) {
    for (const value of await valuesOf(admin, setting)) {
      for (const profile of withLimits(setting.name, value))
        if (await isTaken(admin, profile)) profiles.push(profile);
    }
  }
  return profiles;
}

function withLimits(name: string, value: string): Profile[] {
  const limits = OVERFLOW_LIMITS[name];
  if (limits === undefined) return [{ [name]: value }];
  return limits.flatMap((limit) => OVERFLOW_LIMIT_VALUES.map((each) => ({ [name]: value, [limit]: each })));
}

async function valuesOf(admin: ClickHouseClient, setting: Setting): Promise<string[]> {
  const values = await possibleValues(admin, setting);
  return [...new Set(values)].filter((value) => value !== setting.default);
}

async function possibleValues(
  admin: ClickHouseClient,
  { name, type, ...of }: Setting,
): Promise<readonly string[]> {
  const texts = TEXTS[name];
  if (texts !== undefined) return texts;
  if (type === 'Bool') return [of.default === '0' ? '1' : '0'];
  if (type === 'BoolAuto') return ['0', '1'];
  if (/^(U?Int|NonZeroUInt|Seconds|Milliseconds|MaxThreads)/.test(type)) return NUMBERS;
  if (/^(Float|Double)/.test(type)) return FRACTIONS;
  if (type === 'Char') return [';'];
  if (type === 'String' || type === 'Map') return ['x'];
  return wordsOf(await refusalOf(admin, { [name]: 'no-such-word' }));
}

/** The words of an enumeration, from the server's refusal of another one. */
function wordsOf(refusal: string | undefined): string[] {
  const list = /Must be one of \[(.*?)\]/.exec(refusal ?? '')?.[1] ?? '';
  return [...list.matchAll(/'([^']+)'/g)].flatMap(([, word]) => word ?? []);
}

async function isTaken(admin: ClickHouseClient, profile: Profile): Promise<boolean> {
  return (await refusalOf(admin, profile)) === undefined;
}

/** SET has no other effect over HTTP than that its values are parsed. */
async function refusalOf(admin: ClickHouseClient, profile: Profile): Promise<string | undefined> {
  const values = Object.entries(profile).map(
    ([name, value]) => `${name} = '${value.replaceAll(/['\\]/g, '\\$&')}'`,
  );
  try {
    await admin.command({ query: `SET ${values.join(', ')}` });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
