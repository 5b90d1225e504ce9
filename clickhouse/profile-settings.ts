// Names the settings of the exporter's user that may have caused a failure. ClickHouse often fails without
// naming a setting, so it is asked which settings the user's profile changes. This happens only after a
// failure.
import { createClient, ClickHouseLogLevel } from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import type { HistoryConnection } from './history-client.ts';
import { PINNED_SETTINGS } from './pinned-settings.ts';

export interface ProfileSetting {
  name: string;
  value: string;
}

/** A failing stage waits for this. A server that does not answer in this time is itself the problem. */
const ASK_TIMEOUT_MS = 5_000;

/**
 * The profile of a managed server may change dozens of settings. Naming more than this many does not help a
 * reader.
 */
const NAMED_MAX = 12;

/** Settings of the client and of the statement itself, which every connection changes. */
const OF_THE_EXPORTER: ReadonlySet<string> = new Set([
  ...Object.keys(PINNED_SETTINGS),
  'enable_http_compression',
]);

const settingRow = z.tuple([z.string(), z.string()]);

/**
 * Settings that can make this query itself fail, with values that let it pass: limits are lifted, and the
 * dialect is SQL.
 */
export const HARMLESS: ClickHouseSettings = {
  dialect: 'clickhouse',
  function_implementation: '',
  make_distributed_plan: 0,
  max_ast_depth: '1000',
  max_ast_elements: '50000',
  max_bytes_ratio_before_external_group_by: 0,
  max_bytes_ratio_before_external_sort: 0,
  max_bytes_to_read: '0',
  max_bytes_to_sort: '0',
  max_columns_to_read: '0',
  max_concurrent_queries_for_all_users: '0',
  max_concurrent_queries_for_user: '0',
  max_execution_time: 0,
  max_expanded_ast_elements: '500000',
  max_memory_usage: '0',
  max_memory_usage_for_user: '0',
  max_parser_backtracks: '1000000',
  max_parser_depth: '1000',
  max_query_size: '1000000',
  max_result_bytes: '0',
  max_result_rows: '0',
  max_rows_to_read: '0',
  max_rows_to_sort: '0',
  max_subquery_depth: '100',
  max_temporary_columns: '0',
  max_temporary_non_const_columns: '0',
  query_plan_max_optimizations_to_apply: '10000',
};

/**
 * The settings that the user's profile changes and that no statement of the exporter states.
 * @returns an empty list when there are none, or when the server does not answer
 */
export async function readProfileSettings(connection: HistoryConnection): Promise<ProfileSetting[]> {
  const client = createClient({
    url: connection.url,
    database: connection.database,
    username: connection.user,
    password: connection.password,
    log: { level: ClickHouseLogLevel.OFF },
    // Works also for a user who may not change any setting.
    compression: { response: false, request: false },
    request_timeout: ASK_TIMEOUT_MS,
  });
  try {
    const changed =
      (await askOrNothing(client, PINNED_SETTINGS)) ??
      (await askOrNothing(client, {})) ??
      (await findBreaking(client));
    return changed.filter(({ name, value }) => !OF_THE_EXPORTER.has(name) && !isWanted(name, value));
  } finally {
    await client.close();
  }
}

/** `readonly = 2` is the intended setting of the exporter's user. */
function isWanted(name: string, value: string): boolean {
  return name === 'readonly' && value === '2';
}

/**
 * When the query fails, finds the settings that break it: each one is left to the profile in turn, to see
 * whether the query then fails.
 */
async function findBreaking(client: ClickHouseClient): Promise<ProfileSetting[]> {
  const all = { ...PINNED_SETTINGS, ...HARMLESS };
  if ((await askOrNothing(client, all)) === undefined) return [];
  const found: ProfileSetting[] = [];
  for (const name of Object.keys(HARMLESS)) {
    const changed = await askOrNothing(client, { ...all, [name]: undefined });
    if (changed === undefined) found.push({ name, value: '(a value under which no statement runs)' });
    else found.push(...changed.filter((setting) => setting.name === name));
  }
  return found;
}

async function askOrNothing(
  client: ClickHouseClient,
  settings: ClickHouseSettings,
): Promise<ProfileSetting[] | undefined> {
  try {
    return await ask(client, settings);
  } catch {
    // The stage has already failed with the reason why the server does not answer.
    return undefined;
  }
}

async function ask(client: ClickHouseClient, settings: ClickHouseSettings): Promise<ProfileSetting[]> {
  const answer = await client.query({
    query: 'SELECT name, value FROM system.settings WHERE changed ORDER BY name',
    format: 'JSONCompactEachRow',
    clickhouse_settings: settings,
  });
  const rows = z.array(settingRow).parse(await answer.json());
  return rows.map(([name, value]) => ({ name, value })).filter(({ name }) => settings[name] === undefined);
}

/** One sentence to append to a failure's message; undefined when the profile changes nothing. */
export function nameSettings(settings: readonly ProfileSetting[], message: string): string | undefined {
  const named = settings.filter(({ name }) => message.includes(name));
  const candidates = named.length > 0 ? named : settings;
  if (candidates.length === 0) return undefined;
  const shown = candidates.slice(0, NAMED_MAX).map(({ name, value }) => `${name} = ${value}`);
  const more = candidates.length - shown.length;
  const list = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return named.length > 0
    ? `The profile of CLICKHOUSE_USER sets ${list}.`
    : `The profile of CLICKHOUSE_USER sets ${list}; one of these may be the cause.`;
}
