// The exporter's read-only connection to ClickHouse. Settings are stated on every query. Every query has its
// own id, so that cancelling an activity also ends its query on the server. It runs one statement and returns
// parsed rows, and knows nothing of streams or files.
import type { ClickHouseClient } from '@clickhouse/client';
import { log } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { makeHide } from '../secrets/hide-secrets.ts';
import type { Hide } from '../secrets/hide-secrets.ts';
import { openHistoryClient } from './history-client.ts';
import type { HistoryConnection } from './history-client.ts';
import { PINNED_SETTINGS } from './pinned-settings.ts';
import { readProfileSettings } from './profile-settings.ts';
import type { ProfileSetting } from './profile-settings.ts';

export interface HistoryReader {
  client: ClickHouseClient;
  /**
   * Runs a statement that returns few rows and parses each row.
   * @throws the client's error, or a ZodError for a row of another shape
   */
  readRows<Row>(statement: Statement<Row>): Promise<Row[]>;
  /**
   * Asks the server to end our queries, which may be over already. Never rejects: a failed request is logged.
   */
  killQueries(queryIds: readonly string[]): Promise<void>;
  /**
   * The settings that the profile of the connection's user changes, for the message of a failure. Never
   * rejects.
   */
  profileSettings(): Promise<ProfileSetting[]>;
  close(): Promise<void>;
}

export interface Statement<Row> {
  query: string;
  params: Record<string, unknown>;
  row: z.ZodType<Row>;
  signal: AbortSignal;
}

/**
 * @param client used by tests that set other connection settings
 * @param hide removes secrets from what is logged
 */
export function openHistoryReader(
  connection: HistoryConnection,
  {
    client = openHistoryClient(connection),
    hide = makeHide([{ value: connection.password, user: connection.user }]),
  }: { client?: ClickHouseClient; hide?: Hide } = {},
): HistoryReader {
  return {
    client,
    async readRows({ query, params, row, signal }) {
      const queryId = randomUUID();
      try {
        const answer = await client.query({
          query,
          query_params: params,
          query_id: queryId,
          format: 'JSONEachRow',
          clickhouse_settings: PINNED_SETTINGS,
          abort_signal: signal,
        });
        const rows = await answer.json();
        return rows.map((each) => row.parse(each));
      } catch (error) {
        if (signal.aborted) await killQueries({ client, hide }, [queryId]);
        throw error;
      }
    },
    killQueries: (queryIds) => killQueries({ client, hide }, queryIds),
    profileSettings: () => readProfileSettings(connection),
    close: () => client.close(),
  };
}

/** A server that does not answer in this time is going down, and its queries end with it. */
const KILL_TIMEOUT_MS = 5_000;

async function killQueries(
  { client, hide }: { client: ClickHouseClient; hide: Hide },
  queryIds: readonly string[],
): Promise<void> {
  try {
    // A user may end its own queries without any grant. ASYNC: it does not matter here whether a query has
    // ended yet.
    await client.command({
      query: 'KILL QUERY WHERE query_id IN {query_ids:Array(String)} ASYNC',
      query_params: { query_ids: queryIds },
      abort_signal: AbortSignal.timeout(KILL_TIMEOUT_MS),
    });
  } catch (error) {
    log.warn('could not ask ClickHouse to end queries', { queryIds, cause: hide(String(error)) });
  }
}
