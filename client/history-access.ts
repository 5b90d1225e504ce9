// Connects the command line to the history as an administrator, and explains failures of that connection.
import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { HistoryAccessError, openConnection, toAccessError } from '../clickhouse/connection.ts';
import type { AdminTarget } from '../clickhouse/connection.ts';
import { readClickHouseAdmin } from '../config/config.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** UNKNOWN_TABLE: the database exists, but its tables do not. */
const UNKNOWN_TABLE_CODE = '60';

/** Checks that the tables exist, opens a connection for `use`, and always closes it. */
export async function withHistory<Result>(
  use: (connection: ClickHouseClient) => Promise<Result>,
): Promise<Result> {
  const target = readClickHouseAdmin();
  const connection = openConnection(target);
  try {
    await connection.command({ query: 'SELECT count() FROM imported_presences WHERE 0' });
    return await use(connection);
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === UNKNOWN_TABLE_CODE)
      throw new CommandError(
        `database ${target.database} at ${target.url} has not the tables of the history; room-streams migrate makes them`,
        EXIT.usage,
        { cause: error },
      );
    throw toCommandError(toAccessError(error, target));
  } finally {
    await connection.close();
  }
}

/**
 * Runs an operation on the history of `target`.
 * @throws CommandError when the server or the network caused the failure.
 */
export async function asAdministrator<Result>(
  target: AdminTarget,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toCommandError(toAccessError(error, target));
  }
}

/** Recognises failures of the server or the network, and returns their exit code. */
function toCommandError(error: unknown): unknown {
  if (!(error instanceof HistoryAccessError)) return error;
  const code = error.kind === 'unreachable' ? EXIT.unreachable : EXIT.usage;
  return new CommandError(error.message, code, { cause: error });
}
