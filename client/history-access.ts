// The command line's connection to the history, as its administrator, and what is said when it cannot be
// used.
import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { HistoryAccessError, openConnection, toAccessError } from '../clickhouse/connection.ts';
import type { AdminTarget } from '../clickhouse/connection.ts';
import { readClickHouseAdmin } from '../config/config.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** UNKNOWN_TABLE: the database is there, its tables are not. */
const UNKNOWN_TABLE_CODE = '60';

/**
 * Opens a connection for the time of `use`, after a look whether the tables are there; closes it whatever
 * happens.
 */
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
 * Runs what works on the history of `target`; throws CommandError where the server or the way to it is the
 * reason of a failure.
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

/** Where the server or the way to it is the reason, with the exit code that says so. */
function toCommandError(error: unknown): unknown {
  if (!(error instanceof HistoryAccessError)) return error;
  const code = error.kind === 'unreachable' ? EXIT.unreachable : EXIT.usage;
  return new CommandError(error.message, code, { cause: error });
}
