// An empty ClickHouse to work in for a moment, as a parameter: whoever needs one knows no embedding, and nothing that must run.
import { randomBytes } from 'node:crypto';
import { openConnection, toAccessError } from '../connection.ts';
import type { AdminTarget } from '../connection.ts';

/** Runs `use` against an empty ClickHouse and ends it afterwards, however `use` ends. */
export type WithEngine = <Result>(use: (target: AdminTarget) => Promise<Result>) => Promise<Result>;

/** A database made on a server that runs already, dropped afterwards. Needs the right to make and to drop databases. */
export async function withOwnDatabase<Result>(
  server: AdminTarget,
  use: (target: AdminTarget) => Promise<Result>,
): Promise<Result> {
  const target = { ...server, database: `${server.database}_dry_run_${randomBytes(6).toString('hex')}` };
  await commandFirst(target, 'CREATE DATABASE {database:Identifier}');
  try {
    return await use(target);
  } finally {
    await commandFirst(target, 'DROP DATABASE {database:Identifier}');
  }
}

/** The server's own database is always there: the one to connect to while ours is not. */
async function commandFirst(target: AdminTarget, query: string): Promise<void> {
  const connection = openConnection({ ...target, database: 'default' });
  try {
    await connection.command({ query, query_params: { database: target.database } });
  } catch (error) {
    throw toAccessError(error, target);
  } finally {
    await connection.close();
  }
}
