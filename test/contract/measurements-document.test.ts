// docs/measurements.md held against the product: every worked example is computed from the sums of the
// recorded call and found in its file, digit for digit; the table of sums is the history's; faults, keys,
// limits and versions are those of the code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { loadDemoCall } from '../../importers/load-demo-call.ts';
import { FAULT_CODES } from '../../document/faults.ts';
import { toFieldTable } from '../../document/field-table.ts';
import { withGenerated } from '../../local/generated-section.ts';
import { toFileSchema } from '../../document/json-schema.ts';
import type { JsonSchema } from '../../document/json-schema.ts';
import { QUANTITY_MAX } from '../../measurements/quantities.ts';
import { FORMULA_VERSIONS, SCHEMA_VERSION } from '../../workflows/model/manifest.ts';
import { evaluate, readExamples } from '../document-examples.ts';
import type { ExampleLine } from '../document-examples.ts';
import { at, exportProject, HOUR_START_MS } from './exported-rooms.ts';
import type { Row } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const DOCUMENT = readFileSync(new URL('../../docs/measurements.md', import.meta.url), 'utf8');
const PROJECT = 'measurements-document';

describe('docs/measurements.md', () => {
  let history: HistoryDatabase;
  let room: Row;
  let totals: Row[];
  let peers: Row[];
  before(async () => {
    history = await makeHistoryDatabase();
    await loadDemoCall(history.connection, { projectId: PROJECT, finalizedAtMs: HOUR_START_MS });
    room = (await exportProject(history, PROJECT, { fields: 'extended' })).rooms[0] ?? {};
    const rowsOf = (view: string) =>
      history.select(`SELECT * FROM ${view} WHERE project_id = {project:String} ORDER BY ALL`, {
        project: PROJECT,
      });
    totals = await rowsOf('export_track_totals');
    peers = await rowsOf('export_peers');
  });
  after(() => history.drop());

  it('shows the sums of the recorded call in the history', () => {
    const [head = [], , ...rows] = tableAfter('These are the sums they start from:');
    const shown = rows.map((row) => Object.fromEntries(head.map((name, column) => [name, row[column]])));
    const expected = totals.map((total) =>
      Object.fromEntries(head.map((name) => [name, String(total[name])])),
    );
    assert.deepEqual(shown, expected);
  });

  it('computes every example from those sums, with the number that the file has', () => {
    const known = new Map<string, number>();
    const examples = readExamples(DOCUMENT);
    assert.ok(examples.length >= 8, `${examples.length} examples`);
    for (const { subject, lines } of examples) {
      const { columns, place } = subjectOf(subject);
      for (const [name, value] of Object.entries(columns)) known.set(name, Number(value));
      for (const line of lines) {
        known.set(line.name, computedValue(line, known, subject));
        if (line.written !== undefined) assertWritten(line, place, subject);
      }
    }
  });

  it('names exactly the faults that the export finds', () => {
    const [, , ...rows] = tableAfter('## Rooms that break the contract');
    const shown = rows.flatMap(([cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code));
    assert.deepEqual([...shown].sort(), [...FAULT_CODES].sort());
  });

  it('contains the table of fields that is generated from the definition (npm run docs:fields)', () => {
    assert.ok(withGenerated(DOCUMENT, 'npm run docs:fields', toFieldTable()) === DOCUMENT);
  });

  it('explains every key of the file', () => {
    const names = new Set<string>();
    const collect = ({ properties = {}, items }: JsonSchema): void => {
      for (const [name, schema] of Object.entries(properties)) {
        names.add(name);
        collect(schema);
      }
      if (items !== undefined) collect(items);
    };
    collect(toFileSchema('extended', 'json'));
    const unexplained = [...names].filter((name) => !DOCUMENT.includes(`\`${name}\``));
    assert.deepEqual(unexplained, []);
  });

  it('states the versions and the limit that the code has', () => {
    assert.ok(DOCUMENT.includes(`\`measurements: ${FORMULA_VERSIONS['measurements']}\``));
    assert.equal(SCHEMA_VERSION, 1);
    assert.ok(DOCUMENT.includes(`above ${QUANTITY_MAX.toLocaleString('en')} in its unit`));
  });

  /** What the names in a block about this subject stand for, and where in the file its values are. */
  function subjectOf(subject: string): { columns: Row; place: (name: string) => unknown } {
    const [who = '', media, direction] = subject.split(' ');
    if (who === 'room') return { columns: {}, place: (name) => at(room['stats'], name) };
    const peer = (room['peers'] as Row[]).find(({ peer_id }) => peer_id === who);
    if (media === undefined) {
      const columns = peers.find(({ peer_id }) => peer_id === who) ?? {};
      return { columns, place: (name) => at(peer, `stats.${name}`) ?? at(peer, name) };
    }
    const columns = totals.find(
      (row) => row['peer_id'] === who && row['media'] === media && row['direction'] === direction,
    );
    assert.ok(columns !== undefined, subject);
    return { columns, place: (name) => at(peer, `stats.${media}.${direction}.${name}`) };
  }
});

/** Every way to write the value gives the result that is shown, to the digits shown. */
function computedValue(line: ExampleLine, known: ReadonlyMap<string, number>, subject: string): number {
  const values = line.expressions.map((expression) => evaluate(expression, known));
  const decimals = line.result.split('.')[1]?.length ?? 0;
  for (const [index, value] of values.entries())
    assert.equal(
      value.toFixed(decimals),
      line.result,
      `${subject}: ${line.name} = ${line.expressions[index]}`,
    );
  return values[0] ?? Number.NaN;
}

function assertWritten(line: ExampleLine, place: (name: string) => unknown, subject: string): void {
  const value = place(line.name);
  const decimals = line.written?.split('.')[1]?.length ?? 0;
  assert.equal(
    typeof value === 'number' ? value.toFixed(decimals) : String(value),
    line.written,
    `${subject}: ${line.name}`,
  );
}

/** The cells of the first table behind a text, its rule included. */
function tableAfter(text: string): string[][] {
  const rest = DOCUMENT.slice(DOCUMENT.indexOf(text));
  const table = /(?:^\|.*\|\n)+/m.exec(rest)?.[0] ?? '';
  return table
    .trimEnd()
    .split('\n')
    .map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}
