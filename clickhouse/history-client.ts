// Opens the exporter's ClickHouse client, for the planning statements of the main thread and for the scans of
// the worker threads. It opens no connection yet.
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
 * Longer than any planning query takes on a healthy server. A query that hangs is retried by its activity.
 */
const REQUEST_TIMEOUT_MS = 540_000;

/**
 * Below ClickHouse's own default of 10 s (30 s in newer versions), so that a connection that it has closed is
 * never used again.
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
    // Errors are thrown and become failures of the stage. The client's own log would print them again at
    // length.
    log: { level: ClickHouseLogLevel.OFF },
    // Asks for gzip, whose checksum detects a changed byte. The statements' settings keep the server from
    // compressing.
    compression: { response: true, request: false },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
    max_open_connections: 32,
  });
}
