// The whole way of random rooms, from ticks in ClickHouse to the file in the store, against the oracle: one
// history, both field sets and formats, plain and compressed. `npm run oracle` does the same with as many
// histories as wanted.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkHistory } from '../oracle/check-history.ts';
import { newEdgeCounts } from '../oracle/count-edges.ts';
import { withExportBench } from '../oracle/export-bench.ts';
import type { Shape } from '../oracle/export-bench.ts';
import { getTestStack } from '../stack.ts';

const SEED = 1;
const ROOMS = 500;

/**
 * In few of a hundred rooms, or in a history that has the two largest rooms: the command, with more rooms,
 * misses none.
 */
const RARE_EDGES = ['1,000 peers', '5 MB room', 'end is missing', 'everything lost', '8-hour room'];

const SHAPES: readonly Shape[] = [
  { fields: 'standard', format: 'json', compression: 'gzip' },
  { fields: 'extended', format: 'json', compression: 'none' },
  { fields: 'standard', format: 'ndjson', compression: 'none' },
  { fields: 'extended', format: 'ndjson', compression: 'gzip' },
];

it(`the export writes ${ROOMS} random rooms (seed ${SEED}) byte for byte as the oracle does`, async () => {
  const edges = newEdgeCounts();
  const checked = await withExportBench(await getTestStack(), (bench) =>
    checkHistory(bench, { seed: SEED, rooms: ROOMS, shapes: SHAPES, edges }),
  );
  for (const { shape, rooms, differences } of checked) {
    assert.ok(rooms > ROOMS / 2);
    assert.deepEqual(
      differences.slice(0, 5),
      [],
      `${shape.fields} ${shape.format}: ${differences.length} differences`,
    );
  }
  const missed = [...edges].filter(([name, count]) => count === 0 && !RARE_EDGES.includes(name));
  assert.deepEqual(missed, []);
});
