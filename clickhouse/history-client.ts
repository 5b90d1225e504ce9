// The exporter's connection to ClickHouse as the client library has it: for the planning statements of the
// main thread, and for the scans of the worker threads. Opens nothing yet.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';

export interface HistoryConnection {
  /** `http://host:port` or `https://…`. */
  url: string;
  database: string;
  user: string;
  password: string;
}

/**
 * Longer than any planning query should take on a healthy server; a query that hangs is retried by its
 * activity.
 */
const REQUEST_TIMEOUT_MS = 540_000;

/**
 * Under ClickHouse's own default of 10 s (30 s in newer versions), so that a connection it has closed is not
 * used again.
 */
const IDLE_SOCKET_MS = 2_500;

export function openHistoryClient(connection: HistoryConnection): ClickHouseClient {
  return createClient({
    url: connection.url,
    database: connection.database,
    username: connection.user,
    password: connection.password,
    application: 'room-streams',
    request_timeout: REQUEST_TIMEOUT_MS,
    // Errors are thrown and become failures of the stage; the client's own log would print them a second
    // time, at length.
    log: { level: ClickHouseLogLevel.OFF },
    // Asks for gzip, whose checksum finds a changed byte; the statements' settings keep the server from
    // compressing.
    compression: { response: true, request: false },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
    max_open_connections: 32,
  });
}
