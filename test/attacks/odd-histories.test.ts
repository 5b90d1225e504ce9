// Histories that an operator may well have: users with row policies and quotas, views over Buffer and
// Distributed tables, views that are slow or throw. A file is complete and equal, or the export fails with a
// clear sentence.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ClickHouseClient } from '@clickhouse/client';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR } from '../export-bench.ts';
import { exportInterval } from './export-interval.ts';
import type { ExportedInterval } from './export-interval.ts';
import { DATABASE, withProfileServer } from './profile-server.ts';
import type { ProfileServer, UserOptions } from './profile-server.ts';

const PROJECT = 'acme';
const ROOMS = 200;
const TABLES = ['rooms', 'peers', 'track_totals'] as const;

const USERS = {
  ofOneProject: {
    settings: {},
    rowFilters: Object.fromEntries(
      TABLES.map((table) => [`${DATABASE}.${table}`, `project_id = '${PROJECT}'`]),
    ),
  },
  ofAnotherProject: {
    settings: {},
    rowFilters: Object.fromEntries(TABLES.map((table) => [`${DATABASE}.${table}`, "project_id = 'other'"])),
  },
  ofFewQueries: { settings: {}, queriesPerHour: 8 },
} as const satisfies Readonly<Record<string, UserOptions>>;

describe('the export of an unusual history', () => {
  let server: ProfileServer;
  let admin: ClickHouseClient;
  let expected: ExportedInterval;
  let stop: () => void;
  let stopped: Promise<void>;
  before(async () => {
    await new Promise<void>((resolve, reject) => {
      stopped = withProfileServer(Object.values(USERS), async (started) => {
        server = started;
        admin = started.connection;
        const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
        await makeHistory(admin, { rooms: ROOMS, seed: 3, projectId: PROJECT, ...span });
        await makeHistory(admin, { rooms: ROOMS, seed: 4, projectId: 'other', ...span });
        expected = await exportInterval(started.plain, PROJECT);
        assert.equal(expected.rooms, ROOMS);
        const end = new Promise<void>((release) => (stop = release));
        resolve();
        await end;
      });
      stopped.catch(reject);
    });
  });
  after(async () => {
    stop();
    await stopped;
  });
  beforeEach(async () => {
    for (const table of TABLES) await view(table, `SELECT * FROM ${table} FINAL`);
  });

  const view = (table: string, query: string) =>
    admin.command({ query: `CREATE OR REPLACE VIEW export_${table} AS ${query}` });
  const as = (user: keyof typeof USERS) => server.connectionOf(Object.keys(USERS).indexOf(user));

  it('is the same for a user who may see only the rows of this project', async () => {
    assert.deepEqual(await exportInterval(as('ofOneProject'), PROJECT), expected);
  });

  it('lacks a room that a row policy hides, and its counts show that', async () => {
    const { rooms, fingerprints, file } = await exportInterval(as('ofAnotherProject'), PROJECT);
    assert.deepEqual([rooms, file], [0, '']);
    assert.match(fingerprints[0] ?? '', /"rooms":0,"peers":0,"totals":0/);
  });

  it("fails with the quota's message when the user has exhausted it", async () => {
    await assert.rejects(exportInterval(as('ofFewQueries'), PROJECT), {
      type: 'ClickHouse.QUOTA_EXCEEDED',
      message: /[Qq]uota for user .* has been exceeded: queries = \d+\/8/,
    });
  });

  it('is the same over Buffer tables whose rows have not reached a table yet', async () => {
    for (const table of TABLES) {
      await admin.command({ query: `CREATE TABLE written_${table} AS ${table}` });
      await admin.command({
        query: `CREATE TABLE buffered_${table} AS ${table}
          ENGINE = Buffer(${DATABASE}, written_${table}, 1, 3600, 3600, 100000000, 100000000, 10000000000, 10000000000)`,
      });
      // Half of the rooms lie in the table, the others in the buffer.
      await admin.command({
        query: `INSERT INTO written_${table} SELECT * FROM ${table} WHERE cityHash64(session_id) % 2 = 0`,
      });
      await admin.command({
        query: `INSERT INTO buffered_${table} SELECT * FROM ${table} WHERE cityHash64(session_id) % 2 = 1`,
      });
      await view(table, `SELECT * FROM buffered_${table}`);
    }
    assert.deepEqual(await exportInterval(server.plain, PROJECT), expected);
    await admin.command({ query: 'OPTIMIZE TABLE buffered_rooms' });
    assert.deepEqual(await exportInterval(server.plain, PROJECT), expected);
  });

  it('is the same over tables with several shards', async () => {
    for (const table of TABLES) {
      const shard = (odd: number) => `SELECT * FROM ${table} FINAL WHERE cityHash64(session_id) % 2 = ${odd}`;
      for (const odd of [0, 1])
        await admin.command({
          query: `CREATE TABLE shard${odd}_${table} AS ${table}`,
        });
      for (const odd of [0, 1])
        await admin.command({ query: `INSERT INTO shard${odd}_${table} ${shard(odd)}` });
      // Merge reads several tables as one, as Distributed does, and in no order.
      await view(table, `SELECT * FROM merge('${DATABASE}', '^shard[01]_${table}$')`);
    }
    assert.deepEqual(await exportInterval(server.plain, PROJECT), expected);
  });

  it('is the same over a slow view', async () => {
    await view('peers', 'SELECT * FROM peers FINAL WHERE NOT ignore(sleepEachRow(0.0005))');
    assert.deepEqual(await exportInterval(server.plain, PROJECT), expected);
  });

  for (const table of TABLES)
    it(`fails with the message of a view of ${table} that throws at one of its rows`, async () => {
      await view(
        table,
        `SELECT * REPLACE (version + throwIf(cityHash64(session_id) % 50 = 1, 'the bill is not paid') AS version) FROM ${table} FINAL`,
      );
      await assert.rejects(exportInterval(server.plain, PROJECT), { message: /the bill is not paid/ });
    });

  it('fails with the message of a view that throws only in a column that the scans read', async () => {
    await view(
      'rooms',
      "SELECT * REPLACE (concat(room_url, toString(throwIf(cityHash64(session_id) % 50 = 1, 'no address'))) AS room_url) FROM rooms FINAL",
    );
    await assert.rejects(exportInterval(server.plain, PROJECT), { message: /no address/ });
  });
});
