// Three tables that have to agree: the columns that the definition of the document names, those of the
// contract with the history, and those that the scans' statements select.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { columnsToRead } from '../../../document/columns-to-read.ts';
import { DIRECTION_FIELDS, PEER_FIELDS, ROOM_FIELDS } from '../../../document/definition.ts';
import type { Field } from '../../../document/definition.ts';
import { openBatches } from '../../../document/history-batches.ts';
import { VIEW_COLUMNS } from '../../../document/history-contract.ts';
import { START_MS } from '../../reference/any-rows.ts';
import { toRange } from '../../reference/history-rows.ts';

const SCANS = [
  { scan: 'rooms', view: 'export_rooms', statement: 'scan-rooms', fields: ROOM_FIELDS },
  { scan: 'peers', view: 'export_peers', statement: 'scan-peers', fields: PEER_FIELDS },
  { scan: 'totals', view: 'export_track_totals', statement: 'scan-track-totals', fields: DIRECTION_FIELDS },
] as const;

/**
 * Of a column that stands in every row, the same for all: the statement asks for it and does not select it.
 */
const OF_ALL_ROWS = 'project_id';

for (const { scan, view, statement, fields } of SCANS) {
  const contract = Object.keys(VIEW_COLUMNS[view]);

  describe(`the columns of ${view}`, () => {
    it('include every column that the document names', () => {
      const named = fields.flatMap(columnsNamedBy);
      assert.deepEqual(
        named.filter((column) => !contract.includes(column)),
        [],
      );
      const read = new Set<string>(columnsToRead('extended')[scan]);
      assert.deepEqual(
        named.filter((column) => !read.has(column)),
        [],
      );
    });

    it('include for extended fields all columns read for standard fields, and all are in the contract', () => {
      const standard: string[] = columnsToRead('standard')[scan];
      const extended: string[] = columnsToRead('extended')[scan];
      assert.deepEqual(
        extended.filter((column) => standard.includes(column)),
        standard,
      );
      assert.deepEqual(
        contract.filter((column) => extended.includes(column)),
        extended,
      );
      assert.equal(new Set(extended).size, extended.length);
    });

    it('are those that its statement selects, each by its own name', () => {
      const selected = selectedBy(statement);
      assert.deepEqual([...selected].sort(), contract.filter((column) => column !== OF_ALL_ROWS).sort());
    });

    it('include every column that a batch of each field set needs', () => {
      const row = { finalized_at: START_MS, session_id: 'a' };
      for (const set of ['standard', 'extended'] as const) {
        const range = toRange({ rooms: [row], peers: [row], totals: [row] }, { fields: set });
        assert.equal(openBatches(range, set)[scan][0]?.rows, 1);
      }
    });
  });
}

function columnsNamedBy({ value }: Field): string[] {
  const places = Object.entries(value) as [string, unknown][];
  const columns = places.filter(([key]) => ['column', 'readings', 'arrived'].includes(key));
  const seconds = value.kind === 'seconds' && value.of !== 'lifetime' ? [value.of] : [];
  return [...columns.map(([, column]) => String(column)), ...seconds];
}

/** The names behind AS in the list that a statement selects. Every expression has one. */
function selectedBy(statement: string): string[] {
  const file = new URL(`../../../activities/scans/${statement}.sql`, import.meta.url);
  const text = readFileSync(file, 'utf8').replaceAll(/^--.*\n/gm, '');
  const list = /^SELECT\n([^]*?)\nFROM\b/m.exec(text)?.[1] ?? '';
  return list.split('\n').map((line) => {
    const name = /^ {4}.* AS (\w+),?$/.exec(line)?.[1];
    assert.ok(name !== undefined, line);
    return name;
  });
}
