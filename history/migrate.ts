// Brings a database to the shape of the history: applies history/migrations in the order of their numbers,
// each once, and writes down what was applied. Statements are such that applying them twice does no harm,
// because ClickHouse has no transaction around them: a migration cut short, or run by two at once, is simply
// run again. An applied file must not change any more.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { openConnection, toAccessError } from '../clickhouse/connection.ts';
import type { AdminTarget } from '../clickhouse/connection.ts';
import { splitStatements } from './split-statements.ts';

export interface Migration {
  number: number;
  /** The file's name without its ending: `0001-rooms-peers-totals`. */
  name: string;
  statements: readonly string[];
  /** Of the statements, so that a reworded comment is no change. */
  sha256: string;
}

/** The database and the files do not go together; nothing was applied after this was noticed. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly kind: 'changed' | 'newer' | 'bad-files';
  constructor(kind: MigrationError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface MigrateOptions {
  /** Where the migrations lie; those of the product if not given. */
  folder?: URL;
}

const MIGRATIONS = new URL('migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** The server's own database, always there: the one to connect to before ours exists. */
const FIRST_DATABASE = 'default';

/**
 * Makes the database if it is missing and applies what is not applied yet; `onApplied` hears each name.
 * Returns the names applied by this call. Throws HistoryAccessError or MigrationError.
 */
export async function migrate(
  target: AdminTarget,
  onApplied: (name: string) => void = () => undefined,
  { folder = MIGRATIONS }: MigrateOptions = {},
): Promise<string[]> {
  const migrations = readMigrations(folder);
  try {
    await createDatabase(target);
    const connection = openConnection(target);
    try {
      return await applyMissing(connection, migrations, onApplied);
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw toAccessError(error, target);
  }
}

/**
 * The migrations of a folder in their order. Throws when two have one number or a file is named otherwise.
 */
export function readMigrations(folder: URL = MIGRATIONS): Migration[] {
  const migrations = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => readMigration(folder, name))
    .sort((a, b) => a.number - b.number);
  migrations.forEach((migration, index) => {
    const before = migrations[index - 1];
    if (before?.number === migration.number)
      throw new MigrationError('bad-files', `${before.name} and ${migration.name} have the same number`);
  });
  return migrations;
}

function readMigration(folder: URL, fileName: string): Migration {
  const [, digits] = FILE_NAME.exec(fileName) ?? [];
  if (digits === undefined)
    throw new MigrationError('bad-files', `${fileName}: a migration is named like 0001-what-it-does.sql`);
  const statements = splitStatements(readFileSync(new URL(fileName, folder), 'utf8'));
  const sha256 = createHash('sha256').update(statements.join(';\n')).digest('hex');
  return { number: Number(digits), name: fileName.replace(/\.sql$/, ''), statements, sha256 };
}

async function createDatabase(target: AdminTarget): Promise<void> {
  const connection = openConnection({ ...target, database: FIRST_DATABASE });
  try {
    // Looked for first: a user who may work in the database need not be one who may make databases.
    const [found] = await selectRows(
      connection,
      'SELECT count() AS databases FROM system.databases WHERE name = {database:String}',
      z.object({ databases: z.number() }),
      { database: target.database },
    );
    if (found !== undefined && found.databases > 0) return;
    await connection.command({
      query: 'CREATE DATABASE IF NOT EXISTS {database:Identifier}',
      query_params: { database: target.database },
    });
  } finally {
    await connection.close();
  }
}

async function applyMissing(
  connection: ClickHouseClient,
  migrations: readonly Migration[],
  onApplied: (name: string) => void,
): Promise<string[]> {
  await connection.command({
    query: `CREATE TABLE IF NOT EXISTS schema_migrations
      (number UInt32, name String, sha256 String, applied_at DateTime64(3, 'UTC'))
      ENGINE = ReplacingMergeTree(applied_at) ORDER BY number`,
  });
  assertSame(migrations, await readApplied(connection));
  const names: string[] = [];
  for (const migration of migrations) {
    // Read anew before each: another process may be at the same work.
    const applied = await readApplied(connection);
    assertSame(migrations, applied);
    if (applied.has(migration.number)) continue;
    for (const statement of migration.statements) await connection.command({ query: statement });
    await connection.command({
      query: `INSERT INTO schema_migrations
        SELECT {number:UInt32}, {name:String}, {sha256:String}, now64(3)`,
      query_params: { number: migration.number, name: migration.name, sha256: migration.sha256 },
    });
    names.push(migration.name);
    onApplied(migration.name);
  }
  return names;
}

interface Applied {
  name: string;
  sha256: string;
}

function assertSame(migrations: readonly Migration[], applied: ReadonlyMap<number, Applied>): void {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const [number, { name, sha256 }] of applied) {
    const migration = known.get(number);
    if (migration === undefined)
      throw new MigrationError(
        'newer',
        `the database has migration ${name}, which this version does not know: use a newer version of room-streams`,
      );
    if (migration.sha256 !== sha256)
      throw new MigrationError(
        'changed',
        `migration ${name} was applied and has been changed since: restore its file and put the change into a new one`,
      );
  }
}

async function readApplied(connection: ClickHouseClient): Promise<Map<number, Applied>> {
  const rows = await selectRows(
    connection,
    'SELECT number, name, sha256 FROM schema_migrations FINAL ORDER BY number',
    z.object({ number: z.number(), name: z.string(), sha256: z.string() }),
  );
  return new Map(rows.map(({ number, name, sha256 }) => [number, { name, sha256 }]));
}

async function selectRows<Row>(
  connection: ClickHouseClient,
  query: string,
  row: z.ZodType<Row>,
  params: Record<string, unknown> = {},
): Promise<Row[]> {
  const answer = await connection.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return z.array(row).parse(await answer.json());
}
