// A history of its own for a test file: a fresh database on the shared ClickHouse, migrated as the product
// does it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { openConnection } from '../../clickhouse/connection.ts';
import type { AdminTarget } from '../../clickhouse/connection.ts';
import { migrate } from '../../history/migrate.ts';
import { getTestStack } from '../stack.ts';

export interface HistoryDatabase {
  target: AdminTarget;
  connection: ClickHouseClient;
  insert(table: string, rows: readonly object[]): Promise<void>;
  /** Rows as ClickHouse prints them: 64-bit integers as strings, so that no digit is lost. */
  select(query: string, params?: Record<string, unknown>): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** Where a database that no other test has would be. Whoever makes it drops it. */
export async function nameDatabase(): Promise<AdminTarget> {
  const { clickhouse } = await getTestStack();
  return {
    url: clickhouse.url,
    database: `test_${randomBytes(6).toString('hex')}`,
    user: clickhouse.adminUser,
    password: clickhouse.adminPassword,
  };
}

export async function dropDatabase(target: AdminTarget): Promise<void> {
  const connection = openConnection({ ...target, database: 'default' });
  await connection.command({ query: `DROP DATABASE IF EXISTS ${target.database}` });
  await connection.close();
}

export async function makeHistoryDatabase(): Promise<HistoryDatabase> {
  const target = await nameDatabase();
  await migrate(target);
  const connection = openConnection(target);
  return {
    target,
    connection,
    async insert(table, rows) {
      await connection.insert({ table, values: rows, format: 'JSONEachRow' });
    },
    async select(query, params = {}) {
      const answer = await connection.query({
        query,
        query_params: params,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
      });
      return await answer.json<Record<string, unknown>>();
    },
    async drop() {
      await connection.close();
      await dropDatabase(target);
    },
  };
}

/** Epoch ms as ClickHouse reads a DateTime64(3) from text. */
export function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** As many rows as expected, in this order, with these fields among others. */
export function assertRows(rows: readonly Record<string, unknown>[], expected: readonly object[]): void {
  const compared = rows.map((row, index) => {
    const names = Object.keys(expected[index] ?? row);
    return Object.fromEntries(names.map((name) => [name, row[name]]));
  });
  assert.deepEqual(compared, expected);
}
