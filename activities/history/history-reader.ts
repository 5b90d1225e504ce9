// The exporter's connection to ClickHouse: read-only, settings stated on every query, one query id each, so that cancelling an
// activity ends its query on the server, too. Runs one statement and hands back parsed rows; knows nothing of streams or files.
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { log } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type z } from 'zod';

export interface HistoryConnection {
  /** `http://host:port` or `https://…`. */
  url: string;
  database: string;
  user: string;
  password: string;
}

export interface HistoryReader {
  client: ClickHouseClient;
  /** Runs a statement that returns few rows and parses each; rejects with the client's error, or with a ZodError for a row of another shape. */
  readRows<Row>(statement: Statement<Row>): Promise<Row[]>;
  /** Asks the server to end a query of ours; one that is over already is fine. Never rejects: what could not be asked is logged. */
  killQuery(queryId: string): Promise<void>;
  close(): Promise<void>;
}

export interface Statement<Row> {
  query: string;
  params: Record<string, unknown>;
  row: z.ZodType<Row>;
  signal: AbortSignal;
}

/** Longer than any planning query should take on a healthy server; a query that hangs is retried by its activity. */
const REQUEST_TIMEOUT_MS = 540_000;

/** Under ClickHouse's own default of 10 s (30 s in newer versions), so that a connection it has closed is not used again. */
const IDLE_SOCKET_MS = 2_500;

export function openHistoryReader(connection: HistoryConnection): HistoryReader {
  const client = createClient({
    url: connection.url,
    database: connection.database,
    username: connection.user,
    password: connection.password,
    application: 'room-streams',
    request_timeout: REQUEST_TIMEOUT_MS,
    // Errors are thrown and become failures of the stage; the client's own log would print them a second time, at length.
    log: { level: ClickHouseLogLevel.OFF },
    // Asks for gzip, whose checksum finds a changed byte; the statements' settings keep the server from compressing.
    compression: { response: true, request: false },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
    max_open_connections: 32,
  });
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
          clickhouse_settings: {
            output_format_json_quote_64bit_integers: 0,
            join_use_nulls: 0,
            http_zlib_compression_level: '0',
          },
          abort_signal: signal,
        });
        const rows = await answer.json();
        return rows.map((each) => row.parse(each));
      } catch (error) {
        if (signal.aborted) await killQuery(client, queryId);
        throw error;
      }
    },
    killQuery: (queryId) => killQuery(client, queryId),
    close: () => client.close(),
  };
}

/** A server that does not take this in time is one that is going down, and its queries with it. */
const KILL_TIMEOUT_MS = 5_000;

async function killQuery(client: ClickHouseClient, queryId: string): Promise<void> {
  try {
    // A user may end queries of his own without any grant. ASYNC: whether it has ended by now changes nothing for us.
    await client.command({
      query: 'KILL QUERY WHERE query_id = {query_id:String} ASYNC',
      query_params: { query_id: queryId },
      abort_signal: AbortSignal.timeout(KILL_TIMEOUT_MS),
    });
  } catch (error) {
    log.warn('could not ask ClickHouse to end a query', { queryId, cause: String(error) });
  }
}

/** The text of a statement in activities/sql, without its comments: they would travel with every query. */
export function readStatement(name: string): string {
  const text = readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');
  return text.replaceAll(/^--.*\n/gm, '').trim();
}
