// The checks of the views as the preflight makes them: by the exporter's own user, on the real ClickHouse,
// over the product's views, over views of an operator with other tables, and over views with one thing wrong
// each.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ClickHouseClient } from '@clickhouse/client';
import { checkViews, isAtLeast, writingRights } from '../../history/check-views.ts';
import type { CheckLine } from '../../history/check-views.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { splitStatements } from '../../history/split-statements.ts';
import { getTestStack } from '../stack.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

describe('checkViews', () => {
  let history: HistoryDatabase;
  let exporter: ClickHouseClient;
  const command = async (query: string) => {
    await history.connection.command({ query });
  };
  before(async () => {
    history = await makeHistoryDatabase();
    const { clickhouse } = await getTestStack();
    const user = { user: clickhouse.exporterUser, password: clickhouse.exporterPassword };
    exporter = openConnection({ ...history.target, ...user });
  });
  after(async () => {
    await exporter.close();
    await history.drop();
  });
  beforeEach(async () => {
    for (const name of ['rooms', 'peers', 'track_totals'])
      await command(`CREATE OR REPLACE VIEW export_${name} AS SELECT * FROM ${name} FINAL`);
  });

  it('finds nothing wrong with the views of the migrations and the exporter', async () => {
    const lines = await checkViews(exporter);
    assert.deepEqual(wrongOf(lines), []);
    assert.deepEqual(
      lines.map(({ name }) => name),
      [
        'ClickHouse version',
        'settings of the statements',
        'user cannot write',
        'export_rooms: columns',
        'export_rooms: range',
        'export_peers: columns',
        'export_peers: range',
        'export_track_totals: columns',
        'export_track_totals: range',
      ],
    );
  });

  it('recognises a range read even when there are rooms', async () => {
    const at = {
      finalized_at: '2026-11-24 10:00:00',
      started_at: '2026-11-24 09:00:00',
      ended_at: '2026-11-24 09:30:00',
    };
    const rooms = Array.from({ length: 5000 }, (_, index) => ({
      project_id: 'acme',
      session_id: `s${index}`,
      version: 1,
      room_id: 'r',
      ...at,
    }));
    await history.insert('rooms', rooms);
    assert.deepEqual(wrongOf(await checkViews(exporter)), []);
  });

  it('reports that an administrator can write', async () => {
    const wrong = wrongOf(await checkViews(history.connection));
    assert.deepEqual(
      wrong.map(({ name }) => name),
      ['user cannot write'],
    );
    assert.match(wrong[0]?.got ?? '', /^readonly = 0, rights to write: /);
  });

  it("accepts an operator's views with related types and additional columns", async () => {
    await command(`CREATE TABLE calls (account LowCardinality(String), closed_at DateTime64(3, 'Europe/Berlin'), call_id String,
      revision UInt32, name Enum8('a' = 1), link Nullable(String), first_join DateTime64(3), last_leave DateTime64(3), note String)
      ENGINE = ReplacingMergeTree(revision) ORDER BY (account, closed_at, call_id)`);
    await command(`CREATE OR REPLACE VIEW export_rooms AS SELECT account AS project_id, closed_at AS finalized_at, call_id AS session_id,
      revision AS version, name AS room_id, link AS room_url, first_join AS started_at, last_leave AS ended_at, note FROM calls FINAL`);
    await command(`CREATE OR REPLACE VIEW export_peers AS SELECT * REPLACE (toUInt64(joins) AS joins, toLowCardinality(toNullable(city)) AS city,
      CAST(media_transport, 'Nullable(String)') AS media_transport) FROM peers FINAL`);
    assert.deepEqual(wrongOf(await checkViews(exporter)), []);
  });

  it('names each column that is missing or has a wrong type, with what is allowed', async () => {
    await command(
      `CREATE OR REPLACE VIEW export_rooms AS SELECT * EXCEPT (room_url) REPLACE (toDateTime(started_at) AS started_at) FROM rooms FINAL`,
    );
    const [line, ...more] = wrongOf(await checkViews(exporter));
    assert.deepEqual(more, []);
    assert.equal(line?.name, 'export_rooms: columns');
    assert.match(line.got, /^room_url missing; started_at DateTime\('UTC'\)$/);
    assert.match(line.allowed, /^room_url String, .*; started_at DateTime64\(3, 'UTC'\)/);
  });

  const types: [view: string, column: string, expression: string][] = [
    ['peers', 'keys', "CAST(mapApply((k, v) -> (k, v[1]), keys), 'Map(String, String)')"],
    ['peers', 'peer_id', 'toNullable(peer_id)'],
    ['peers', 'left_at', "toDateTime64(left_at, 6, 'UTC')"],
    ['track_totals', 'version', 'toNullable(version)'],
    ['track_totals', 'bytes', 'toDecimal64(bytes, 2)'],
    ['track_totals', 'packets', 'toUInt256(packets)'],
    ['track_totals', 'width_max', 'toString(width_max)'],
  ];
  for (const [table, column, expression] of types) {
    it(`does not accept ${expression} for ${column}`, async () => {
      await command(
        `CREATE OR REPLACE VIEW export_${table} AS SELECT * REPLACE (${expression} AS ${column}) FROM ${table} FINAL`,
      );
      const [line] = wrongOf(await checkViews(exporter));
      assert.equal(line?.name, `export_${table}: columns`);
      assert.match(line.got, new RegExp(`^${column} `));
    });
  }

  it('reports that a view does not exist, and still checks the others', async () => {
    await command('DROP VIEW export_peers');
    const lines = await checkViews(exporter);
    assert.equal(lines.length, 9);
    const wrong = wrongOf(lines).map(({ name, got }) => [name, got]);
    assert.deepEqual(wrong, [
      ['export_peers: columns', 'it does not exist'],
      ['export_peers: range', 'it does not exist'],
    ]);
  });

  const unranged: [title: string, query: string][] = [
    [
      'hides the time in an expression',
      "SELECT * REPLACE (toDateTime64(toString(finalized_at), 3, 'UTC') AS finalized_at) FROM rooms FINAL",
    ],
    ['reads a table sorted otherwise', 'SELECT * FROM unsorted'],
    ['reads no table that has a key', 'SELECT * FROM unkeyed'],
  ];
  for (const [title, query] of unranged) {
    it(`reports that no range is read when a view ${title}`, async () => {
      await command('CREATE TABLE IF NOT EXISTS unsorted AS rooms ENGINE = MergeTree ORDER BY session_id');
      await command('CREATE TABLE IF NOT EXISTS unkeyed AS rooms ENGINE = Memory');
      await command("INSERT INTO unsorted (project_id, session_id) VALUES ('acme', 's1')");
      await command("INSERT INTO unkeyed (project_id, session_id) VALUES ('acme', 's1')");
      await command(`CREATE OR REPLACE VIEW export_rooms AS ${query}`);
      assert.deepEqual(
        wrongOf(await checkViews(exporter)).map(({ name }) => name),
        ['export_rooms: range'],
      );
    });
  }

  it('throws when the server cannot be asked at all', async () => {
    const nobody = openConnection({ ...history.target, user: 'nobody-of-this-name', password: '' });
    await assert.rejects(checkViews(nobody), /Authentication failed/);
    await nobody.close();
  });

  it('passes for a user who has exactly the rights of grants.sql', async () => {
    const statements = splitStatements(
      readFileSync(new URL('../../history/grants.sql', import.meta.url), 'utf8'),
    );
    for (const statement of statements) {
      const [row] = await history.select('SELECT formatQuerySingleLine({statement:String}) AS text', {
        statement,
      });
      assert.match(String(row?.['text']), /^(CREATE USER|GRANT SELECT ON)/);
      assert.deepEqual(writingRights(String(row?.['text'])), []);
    }
    const granted = statements.flatMap(
      (statement) => / ON room_history\.(\w+) TO exporter$/.exec(statement)?.[1] ?? [],
    );
    const needed = ['export_peers', 'export_rooms', 'export_track_totals', 'peers', 'rooms', 'track_totals'];
    assert.deepEqual(granted.sort(), needed);
  });
});

describe('the parts of checkViews', () => {
  it('compare versions by their numbers', () => {
    for (const version of ['25.11.1.1', '25.12', '26.1.2.3', '100.0'])
      assert.ok(isAtLeast(version, '25.11'), version);
    for (const version of ['25.10.9.9', '25.2', '24.12', '', 'unknown'])
      assert.ok(!isAtLeast(version, '25.11'), version);
  });

  it('find the rights in a grant that allow changes', () => {
    assert.deepEqual(writingRights('GRANT SELECT, SHOW DATABASES ON db.* TO u'), []);
    assert.deepEqual(writingRights('GRANT SELECT(a, b), INSERT(a, b), ALTER UPDATE ON db.t TO u'), [
      'INSERT',
      'ALTER UPDATE',
    ]);
    assert.deepEqual(writingRights('GRANT some_role TO u'), []);
  });
});

function wrongOf(lines: readonly CheckLine[]): CheckLine[] {
  return lines.filter(({ ok }) => !ok);
}
