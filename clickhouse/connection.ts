// The administrator's connection to the history, for migrations, analyses, imports and generated rooms. The
// exporter has its own read-only connection (history-client.ts). An error while connecting becomes one
// sentence that names what to change.
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';

export interface AdminTarget {
  /** `http://host:port` or `https://…`. */
  url: string;
  database: string;
  user: string;
  password: string;
}

/**
 * Explains why the history could not be used. Callers may decide by `kind`; the message is for the operator.
 */
export class HistoryAccessError extends Error {
  override readonly name = 'HistoryAccessError';
  readonly kind: 'unreachable' | 'wrong-password' | 'no-right' | 'no-database';
  constructor(kind: HistoryAccessError['kind'], message: string, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** One statement over all rooms of a month may take long. A server that is gone is detected by the socket. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** Below the server's own limit, so that a connection that it has closed is never used again. */
const IDLE_SOCKET_MS = 2_500;

/**
 * Codes of ClickHouse's table `system.errors`: UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD,
 * AUTHENTICATION_FAILED.
 */
const PASSWORD_CODES: ReadonlySet<string> = new Set(['192', '193', '194', '516']);
/** READONLY, ACCESS_DENIED, DATABASE_ACCESS_DENIED. */
const RIGHT_CODES: ReadonlySet<string> = new Set(['164', '497', '291']);
const UNKNOWN_DATABASE_CODE = '81';

/** Node's network errors that mean that no server is reachable at the address. */
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
]);

/** Opens no connection before the first statement. The caller closes it. */
export function openConnection(target: AdminTarget): ClickHouseClient {
  return createClient({
    url: target.url,
    database: target.database,
    username: target.user,
    password: target.password,
    application: 'room-streams-history',
    request_timeout: REQUEST_TIMEOUT_MS,
    // Errors are thrown, and the client's own log would print them again at length.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
  });
}

/** Explains an access error in words for the operator. Any other error is returned unchanged. */
export function toAccessError(error: unknown, target: Omit<AdminTarget, 'password'>): unknown {
  const { url, user, database } = target;
  if (error instanceof ClickHouseError) {
    if (PASSWORD_CODES.has(error.code))
      return new HistoryAccessError(
        'wrong-password',
        `ClickHouse at ${url} refuses user ${user}: the name or the password is wrong`,
        error,
      );
    if (RIGHT_CODES.has(error.code))
      return new HistoryAccessError(
        'no-right',
        `user ${user} has not the right to do this in database ${database} at ${url}: ${firstLine(error.message)}`,
        error,
      );
    if (error.code === UNKNOWN_DATABASE_CODE)
      return new HistoryAccessError(
        'no-database',
        `ClickHouse at ${url} has no database ${database}; room-streams migrate makes it`,
        error,
      );
    return error;
  }
  const code = networkCode(error);
  if (code !== undefined && UNREACHABLE_CODES.has(code))
    return new HistoryAccessError('unreachable', `no ClickHouse answers at ${url} (${code})`, error);
  return error;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? text;
}

/** The code of a network error. Node hides it in an AggregateError when a name has several addresses. */
function networkCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return networkCode(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error && error.cause !== undefined ? networkCode(error.cause) : undefined;
}
