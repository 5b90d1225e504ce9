// The administrator's connection to the history: migrations, analyses, imports, made-up rooms. The exporter
// has its own (activities/history/), which may only read. What goes wrong on the way in becomes one sentence
// that names what to change.
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
 * Why the history could not be used; the kind is what a caller may decide by, the message is for the
 * operator.
 */
export class HistoryAccessError extends Error {
  override readonly name = 'HistoryAccessError';
  readonly kind: 'unreachable' | 'wrong-password' | 'no-right' | 'no-database';
  constructor(kind: HistoryAccessError['kind'], message: string, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** One statement over all rooms of a month may take long; a server that is gone is noticed by the socket. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** Under the server's own limit, so that a connection it has closed is not used again. */
const IDLE_SOCKET_MS = 2_500;

/**
 * Codes of the server's table `system.errors`: UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD,
 * AUTHENTICATION_FAILED.
 */
const PASSWORD_CODES: ReadonlySet<string> = new Set(['192', '193', '194', '516']);
/** READONLY, ACCESS_DENIED, DATABASE_ACCESS_DENIED. */
const RIGHT_CODES: ReadonlySet<string> = new Set(['164', '497', '291']);
const UNKNOWN_DATABASE_CODE = '81';

/** Network errors of Node that mean that no server answers there. */
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
]);

/** Opens nothing yet: the first statement does. The caller closes it. */
export function openConnection(target: AdminTarget): ClickHouseClient {
  return createClient({
    url: target.url,
    database: target.database,
    username: target.user,
    password: target.password,
    application: 'room-streams-history',
    request_timeout: REQUEST_TIMEOUT_MS,
    // Errors are thrown; the client's own log would print them a second time, at length.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
  });
}

/** The same error in the operator's words where it is about access; any other is returned as it is. */
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

/** The code of a network error; Node hides it in an AggregateError when a name has several addresses. */
function networkCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return networkCode(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error && error.cause !== undefined ? networkCode(error.cause) : undefined;
}
