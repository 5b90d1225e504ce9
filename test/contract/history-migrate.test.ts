// Migrations on the real ClickHouse: each test migrates a database of its own, with the product's files or
// with a folder written for the test, and then looks at what the server holds. Errors are made by really
// being refused.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { HistoryAccessError, openConnection } from '../../clickhouse/connection.ts';
import type { AdminTarget } from '../../clickhouse/connection.ts';
import { migrate, MigrationError, readMigrations } from '../../history/migrate.ts';
import { VIEW_COLUMNS } from '../../document/history-contract.ts';
import { findFreePorts } from '../../local/free-ports.ts';
import { getTestStack } from '../stack.ts';
import { dropDatabase, nameDatabase } from './history-database.ts';

const ALL = readMigrations().map(({ name }) => name);

describe('migrate', () => {
  let target: AdminTarget;
  let folder: string;
  beforeEach(async () => {
    target = await nameDatabase();
    folder = await mkdtemp(join(tmpdir(), 'room-streams-migrations-'));
  });
  afterEach(async () => {
    await dropDatabase(target);
    await rm(folder, { recursive: true });
  });

  it('creates the database and applies every file in order, and does nothing when called again', async () => {
    const heard: string[] = [];
    assert.deepEqual(await migrate(target, (name) => heard.push(name)), ALL);
    assert.deepEqual(heard, ALL);
    assert.deepEqual(await migrate(target), []);
    const applied = await select(target, 'SELECT name FROM schema_migrations FINAL ORDER BY number');
    assert.deepEqual(
      applied,
      ALL.map((name) => ({ name })),
    );
  });

  it('gives the three views exactly the columns of the contract', async () => {
    await migrate(target);
    for (const [view, columns] of Object.entries(VIEW_COLUMNS)) {
      const query = `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${view}' ORDER BY name`;
      assert.deepEqual(
        await select(target, query),
        Object.keys(columns)
          .sort()
          .map((name) => ({ name })),
      );
    }
  });

  it('applies everything once when several migrations run at the same time', async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrate(target)));
    assert.deepEqual(await migrate(target), []);
    const [counted] = await select(
      target,
      'SELECT toUInt32(count()) AS applied FROM schema_migrations FINAL',
    );
    assert.deepEqual(counted, { applied: ALL.length });
  });

  it('completes a migration that was interrupted', async () => {
    await write(
      folder,
      '0001-two-tables.sql',
      'CREATE TABLE IF NOT EXISTS a (x UInt8) ENGINE = Memory; SELECT no_such_column;',
    );
    await assert.rejects(migrateFrom(target, folder), /Unknown expression identifier `no_such_column`/);
    await write(
      folder,
      '0001-two-tables.sql',
      'CREATE TABLE IF NOT EXISTS a (x UInt8) ENGINE = Memory; SELECT 1;',
    );
    assert.deepEqual(await migrateFrom(target, folder), ['0001-two-tables']);
  });

  it('applies new files to a database that has the older ones', async () => {
    await write(folder, '0001-first.sql', 'SELECT 1');
    await migrateFrom(target, folder);
    await write(folder, '0002-second.sql', "SELECT ';'; -- the semicolon in the text is none\nSELECT 2");
    assert.deepEqual(await migrateFrom(target, folder), ['0002-second']);
  });

  it('refuses to continue when an applied file has changed, unless only its comments have', async () => {
    await write(folder, '0001-first.sql', 'SELECT 1');
    await migrateFrom(target, folder);
    await write(folder, '0001-first.sql', '-- Why.\r\nSELECT 1;\r\n');
    assert.deepEqual(await migrateFrom(target, folder), []);
    await write(folder, '0001-first.sql', 'SELECT 2');
    await write(folder, '0002-second.sql', 'CREATE TABLE made (x UInt8) ENGINE = Memory');
    await assert.rejects(migrateFrom(target, folder), (error) => {
      assert.ok(error instanceof MigrationError && error.kind === 'changed');
      assert.match(error.message, /^migration 0001-first was applied and has been changed since/);
      return true;
    });
    assert.deepEqual(
      await select(
        target,
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'made'",
      ),
      [],
    );
  });

  it('refuses a database that a newer version has migrated', async () => {
    await write(folder, '0099-from-tomorrow.sql', 'SELECT 1');
    await migrateFrom(target, folder);
    await assert.rejects(
      migrate(target),
      (error) => error instanceof MigrationError && error.kind === 'newer',
    );
  });

  it('refuses files with a repeated or missing number', async () => {
    await write(folder, '0001-first.sql', 'SELECT 1');
    await write(folder, '0001-other.sql', 'SELECT 1');
    await assert.rejects(
      migrateFrom(target, folder),
      /^MigrationError: 0001-first and 0001-other have the same number$/,
    );
    await write(folder, 'more.sql', 'SELECT 1');
    await assert.rejects(migrateFrom(target, folder), /more\.sql: a migration is named like/);
  });
});

describe('the message of migrate when ClickHouse refuses', () => {
  let target: AdminTarget;
  before(async () => {
    target = await nameDatabase();
  });
  after(() => dropDatabase(target));

  it('names the address when no server answers', async () => {
    const [port] = await findFreePorts(1);
    await assertRefused(
      { ...target, url: `http://127.0.0.1:${port}` },
      'unreachable',
      /^no ClickHouse answers at http:\S+ \(ECONNREFUSED\)$/,
    );
  });

  it('names the user whose password is wrong, and not the password', async () => {
    const refused = await assertRefused(
      { ...target, password: 'not-this-one' },
      'wrong-password',
      /the name or the password is wrong$/,
    );
    assert.ok(refused.includes(`user ${target.user}`) && !refused.includes('not-this-one'));
  });

  it('names the user who lacks the right', async () => {
    const { clickhouse } = await getTestStack();
    const exporter = { user: clickhouse.exporterUser, password: clickhouse.exporterPassword };
    await assertRefused(
      { ...target, ...exporter },
      'no-right',
      new RegExp(`^user ${exporter.user} has not the right`),
    );
  });
});

/** Returns the message, which is one line. */
async function assertRefused(
  target: AdminTarget,
  kind: HistoryAccessError['kind'],
  message: RegExp,
): Promise<string> {
  let said = '';
  await assert.rejects(migrate(target), (error) => {
    assert.ok(error instanceof HistoryAccessError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    said = error.message;
    return true;
  });
  return said;
}

function migrateFrom(target: AdminTarget, folder: string): Promise<string[]> {
  return migrate(target, undefined, { folder: pathToFileURL(`${folder}/`) });
}

function write(folder: string, name: string, sql: string): Promise<void> {
  return writeFile(join(folder, name), sql);
}

async function select(target: AdminTarget, query: string): Promise<unknown[]> {
  const connection = openConnection(target);
  try {
    const answer = await connection.query({ query, format: 'JSONEachRow' });
    return await answer.json();
  } finally {
    await connection.close();
  }
}
