// Views of an operator that have further columns. No name of a column may take the place of anything in a
// statement: every alias of the statements and every name of a function is tried at once, in several types,
// and the file and the preflight stay the same.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { checkViews } from '../../history/check-views.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { VIEW_COLUMNS } from '../../document/history-contract.ts';
import { exporterOf } from '../contract/exported-rooms.ts';
import { makeHistoryDatabase } from '../contract/history-database.ts';
import type { HistoryDatabase } from '../contract/history-database.ts';
import { HOUR } from '../export-bench.ts';
import { exportInterval } from './export-interval.ts';
import type { ExportedInterval } from './export-interval.ts';

const PROJECT = 'further';
const ROOMS = 300;
const SCANS = new URL('../../activities/scans/', import.meta.url);

/** Values of the further columns; the tuple has the contract's columns as its elements. */
const VALUES: readonly [title: string, value: string][] = [
  ['texts', "'shadow'"],
  ['numbers', 'toInt8(-1)'],
  ['null', 'CAST(NULL, $$Nullable(DateTime64(3))$$)'],
  ['arrays', "['a', 'b']"],
  [
    'tuples',
    "CAST(('p', 1, 's', 'q', 2), $$Tuple(project_id String, finalized_at UInt8, session_id String, peer_id String, version UInt8)$$)",
  ],
];

describe('the export over views with additional columns', () => {
  let history: HistoryDatabase;
  let expected: ExportedInterval;
  let names: string[];
  before(async () => {
    history = await makeHistoryDatabase();
    const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
    await makeHistory(history.connection, { rooms: ROOMS, seed: 4, projectId: PROJECT, ...span });
    expected = await exportInterval(await exporterOf(history), PROJECT);
    assert.ok(expected.ranges > 1);
    assert.equal(expected.rooms, ROOMS);
    names = [...new Set([...namesInStatements(), ...(await namesOfFunctions(history))])];
    for (const name of ['from_at', 'place', 'rows', 'hash', 't', 'count', 'toString'])
      assert.ok(names.includes(name), name);
  });
  after(() => history.drop());

  for (const [title, value] of VALUES)
    it(`gives the same file and the same preflight when they are ${title}`, async () => {
      for (const view of ['rooms', 'peers', 'track_totals'] as const) await addColumns(view, value);
      const exporter = await exporterOf(history);
      const got = await exportInterval(exporter, PROJECT);
      assert.equal(got.file === expected.file, true, 'the files differ');
      assert.deepEqual(got.fingerprints, expected.fingerprints);
      const connection = openConnection(exporter);
      try {
        const wrong = (await checkViews(connection)).filter(({ ok }) => !ok);
        assert.deepEqual(wrong, []);
      } finally {
        await connection.close();
      }
    });

  async function addColumns(table: 'rooms' | 'peers' | 'track_totals', value: string): Promise<void> {
    const own = new Set(Object.keys(VIEW_COLUMNS[`export_${table}`]));
    const further = names.filter((name) => !own.has(name)).map((name) => `${value} AS \`${name}\``);
    // The further columns come from a subquery, so that no alias of the view itself is in the way.
    await history.connection.command({
      query: `CREATE OR REPLACE VIEW export_${table} AS
        SELECT * FROM (SELECT * FROM ${table} FINAL) AS own CROSS JOIN (SELECT ${further.join(', ')}) AS further`,
      clickhouse_settings: { max_query_size: '10000000' },
    });
  }
});

/**
 * Every word of the statements that could name something: aliases of columns and tables, parameters,
 * functions.
 */
function namesInStatements(): string[] {
  const inline = ['fingerprint-views.ts', 'fingerprint-intervals.ts'];
  const files = readdirSync(SCANS).filter((name) => name.endsWith('.sql'));
  const texts = [...files, ...inline].map((file) => readFileSync(new URL(file, SCANS), 'utf8'));
  return texts.flatMap((text) => text.match(/[A-Za-z_]\w*/g) ?? []).concat('from_at', 'to_at');
}

async function namesOfFunctions(history: HistoryDatabase): Promise<string[]> {
  const rows = await history.select(
    "SELECT name FROM system.functions WHERE match(name, '^[A-Za-z_][A-Za-z0-9_]*$') ORDER BY name",
  );
  return rows.map(({ name }) => String(name));
}
