// The statement as a whole on the real ClickHouse: what it reads of the history, that it gives the same bytes
// however often and in whatever ranges it is run, and how the two field sets and the two formats of one
// history relate.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { toScanStatement } from '../../activities/scans/scan-statements.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { toFileSchema } from '../../document/json-schema.ts';
import type { JsonSchema } from '../../document/json-schema.ts';
import { getTestStack } from '../stack.ts';
import { exportProject, HOUR_MS, HOUR_START_MS } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const ROOMS = 800;

/** As many runs as it takes until the server compiles what it has seen often. */
const RUNS = 5;

describe('the export statement', () => {
  let history: HistoryDatabase;
  let reader: HistoryReader;
  const project = randomUUID();
  before(async () => {
    history = await makeHistoryDatabase();
    const made = { rooms: ROOMS, seed: 11, fromMs: HOUR_START_MS, toMs: HOUR_START_MS + HOUR_MS };
    await makeHistory(history.connection, { ...made, projectId: project });
    await makeHistory(history.connection, { ...made, rooms: 100, projectId: randomUUID() });
    const { clickhouse } = await getTestStack();
    reader = openHistoryReader({
      url: clickhouse.url,
      database: history.target.database,
      user: clickhouse.exporterUser,
      password: clickhouse.exporterPassword,
    });
  });
  after(async () => {
    await reader.close();
    await history.drop();
  });

  it('exports each room of the project once, and none of another project', async () => {
    const { rooms, faults } = await exportProject(history, project, { fields: 'extended' });
    const sessions = new Set(rooms.map((room) => room['session_id']));
    assert.deepEqual([rooms.length, sessions.size, faults], [ROOMS, ROOMS, []]);
  });

  it('reads only the rows of its range of rooms', async () => {
    // A thirtieth of 800 rooms, about 80 peers and 260 totals. Tables are read in granules of 1024 rows,
    // totals in 2048, of which a range may touch two; the history has over 11,000 rows.
    const from = { finalizedAtMs: HOUR_START_MS + HOUR_MS / 2, sessionHex: '' };
    const to = { finalizedAtMs: from.finalizedAtMs + HOUR_MS / 30, sessionHex: '' };
    for (const fields of ['standard', 'extended'] as const) {
      let rowsRead = 0;
      for (const scan of ['rooms', 'peers', 'totals'] as const) {
        const statement = toScanStatement(scan, { projectId: project, from, to }, fields);
        const answer = await reader.client.exec({
          ...statement,
          clickhouse_settings: { ...statement.clickhouse_settings, wait_end_of_query: 1 },
        });
        for await (const chunk of answer.stream) assert.ok(chunk);
        rowsRead += Number(answer.summary?.read_rows);
      }
      assert.ok(rowsRead > 300 && rowsRead <= 2 * (1024 + 1024 + 2048), `${rowsRead} rows read`);
    }
  });

  it('gives the same bytes each time, even after the server has compiled the query', async () => {
    const first = await exportProject(history, project);
    for (let run = 1; run < RUNS; run += 1) {
      const again = await exportProject(history, project);
      assert.ok(again.text === first.text, `run ${run + 1} differs`);
    }
  });

  it('gives the same rooms in one range as in many', async () => {
    const whole = await exportProject(history, project, { format: 'ndjson' });
    const pieces: string[] = [];
    for (let sixth = 0; sixth < 6; sixth += 1) {
      const fromMs = HOUR_START_MS + (sixth * HOUR_MS) / 6;
      pieces.push(
        (await exportProject(history, project, { format: 'ndjson', fromMs, toMs: fromMs + HOUR_MS / 6 }))
          .text,
      );
    }
    assert.ok(pieces.join('') === whole.text);
  });

  it('has the same rooms in ndjson as in json, one per line with nothing around them', async () => {
    const json = await exportProject(history, project);
    const ndjson = await exportProject(history, project, { format: 'ndjson' });
    assert.ok(`[\n${ndjson.text.trimEnd().replaceAll('}\n', '},\n')}\n]\n` === json.text);
  });

  it('writes an interval without rooms as an empty array, and as nothing in ndjson', async () => {
    const nobody = randomUUID();
    assert.equal((await exportProject(history, nobody)).text, '[]\n');
    assert.equal((await exportProject(history, nobody, { format: 'ndjson' })).text, '');
  });

  it('adds keys for the extended fields and changes none', async () => {
    const standard = await exportProject(history, project);
    const extended = await exportProject(history, project, { fields: 'extended' });
    const schema = toFileSchema('standard', 'ndjson');
    assert.deepEqual(
      extended.rooms.map((room) => onlyKeysOf(schema, room)),
      standard.rooms,
    );
  });
});

/** The value without the keys that the schema does not know. */
function onlyKeysOf(schema: JsonSchema, value: unknown): unknown {
  const { items, properties } = schema;
  if (Array.isArray(value) && items !== undefined) return value.map((each) => onlyKeysOf(items, each));
  if (typeof value !== 'object' || value === null || properties === undefined) return value;
  const kept = Object.entries(value).flatMap(([name, part]) => {
    const known = properties[name];
    return known === undefined ? [] : [[name, onlyKeysOf(known, part)]];
  });
  return Object.fromEntries(kept) as unknown;
}
