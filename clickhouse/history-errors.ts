// Lists the ClickHouse errors that a retry does not fix. The list is deliberately short: any other error is
// considered temporary and is retried until the run gives up. Codes are those of ClickHouse's table
// `system.errors`.
import { ClickHouseError } from '@clickhouse/client';

const NOT_UNDERSTOOD =
  'ClickHouse does not understand a statement: a setting of its user changes how it reads one, or the server is older than supported';

/** By code: ClickHouse's name for the error, and what the operator can do. */
const PERMANENT: ReadonlyMap<string, { name: string; remedy: string }> = new Map([
  [
    '43',
    {
      name: 'ILLEGAL_TYPE_OF_ARGUMENT',
      remedy: 'a view of the history has a column of another type; run room-streams preflight',
    },
  ],
  ['46', { name: 'UNKNOWN_FUNCTION', remedy: NOT_UNDERSTOOD }],
  [
    '47',
    {
      name: 'UNKNOWN_IDENTIFIER',
      remedy: 'a view of the history lacks a column; run room-streams preflight',
    },
  ],
  [
    '53',
    {
      name: 'TYPE_MISMATCH',
      remedy: 'a view of the history has a column of another type; run room-streams preflight',
    },
  ],
  ['60', { name: 'UNKNOWN_TABLE', remedy: 'the views of the history are missing; run room-streams migrate' }],
  ['62', { name: 'SYNTAX_ERROR', remedy: NOT_UNDERSTOOD }],
  [
    '81',
    { name: 'UNKNOWN_DATABASE', remedy: 'CLICKHOUSE_DATABASE names no database; run room-streams migrate' },
  ],
  ['115', { name: 'UNKNOWN_SETTING', remedy: NOT_UNDERSTOOD }],
  [
    '164',
    { name: 'READONLY', remedy: 'the exporter needs readonly = 2: with 1 it may not state its settings' },
  ],
  ['194', { name: 'REQUIRED_PASSWORD', remedy: 'CLICKHOUSE_PASSWORD is missing' }],
  [
    '386',
    {
      name: 'NO_COMMON_TYPE',
      remedy: 'the views of the history have a key column of different types; run room-streams preflight',
    },
  ],
  [
    '452',
    {
      name: 'SETTING_CONSTRAINT_VIOLATION',
      remedy: "a constraint on the settings of the exporter's user forbids what the export states; remove it",
    },
  ],
  ['497', { name: 'ACCESS_DENIED', remedy: 'the exporter may not read the views; grant it SELECT' }],
  ['516', { name: 'AUTHENTICATION_FAILED', remedy: 'CLICKHOUSE_USER or CLICKHOUSE_PASSWORD is wrong' }],
]);

/** For these codes the cause is certain, so the server's text adds nothing. */
const ACCESS_CODES: ReadonlySet<string> = new Set(['194', '516']);

/**
 * The remedy for an error that returns however often the query is sent; undefined for an error that may pass.
 */
export function permanentHistoryError(
  error: unknown,
): { name: string; remedy: string; isOfAccess: boolean } | undefined {
  const known = error instanceof ClickHouseError ? PERMANENT.get(error.code) : undefined;
  return known === undefined || !(error instanceof ClickHouseError)
    ? undefined
    : { ...known, isOfAccess: ACCESS_CODES.has(error.code) };
}

/** All codes of the table, for tests that provoke every one of them. */
export const PERMANENT_HISTORY_CODES: readonly string[] = [...PERMANENT.keys()];

/** The answer cannot be what the server sent, so it was damaged in transit. Retried. */
export class DamagedAnswerError extends Error {
  override readonly name = 'DamagedAnswerError';
}
