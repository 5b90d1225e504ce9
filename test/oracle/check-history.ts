// One random history through the real export and through the oracle: made, loaded, exported in every wanted
// shape, compared byte for byte.
import { randomBytes } from 'node:crypto';
import { compareFiles } from './compare-files.ts';
import type { Difference } from './compare-files.ts';
import { countEdges } from './count-edges.ts';
import type { EdgeCounts } from './count-edges.ts';
import type { ExportBench, Shape } from './export-bench.ts';
import { toFileText } from './file-text.ts';
import { toHoldingRoom } from './holding-rows.ts';
import { loadHistory } from './load-history.ts';
import { makeHistory } from './make-history.ts';
import type { MadeHistory } from './make-history.ts';
import { toRoomHistory } from './make-room.ts';

export interface HistoryToCheck {
  seed: number;
  rooms: number;
  shapes: readonly Shape[];
  /** The history's rooms are added to it. */
  edges: EdgeCounts;
}

export interface CheckedShape {
  shape: Shape;
  /** In the file as it should be. */
  rooms: number;
  bytes: number;
  differences: Difference[];
}

/** How many rooms of the history another project gets as well, with the same ids and other numbers. */
const ROOMS_OF_NEIGHBOUR = 50;

export async function checkHistory(bench: ExportBench, check: HistoryToCheck): Promise<CheckedShape[]> {
  const history = makeHistory(check);
  const { startMs, endMs } = history;
  const project = `oracle-${randomBytes(4).toString('hex')}-${check.seed}`;
  await loadHistory(bench.connection, project, history);
  await loadHistory(bench.connection, `${project}-neighbour`, toNeighbour(history));
  const holding = history.rooms.map((room) => toHoldingRoom(toRoomHistory(room)));
  countEdges(check.edges, history, holding);
  const checked: CheckedShape[] = [];
  for (const shape of check.shapes) {
    const expected = toFileText(holding, { startMs, endMs, ...shape });
    const got = await bench.exportHour(project, startMs, shape);
    const differences = compareFiles(expected, got, shape.format);
    checked.push({ shape, rooms: expected.rooms.length, bytes: expected.body.length, differences });
  }
  // Later histories should not have to pass over the rows of all earlier ones.
  for (const table of ['rooms', 'peers', 'media_samples', 'track_totals'])
    await bench.connection.command({ query: `TRUNCATE TABLE ${table}` });
  return checked;
}

function toNeighbour(history: MadeHistory): MadeHistory {
  const rooms = history.rooms.slice(0, ROOMS_OF_NEIGHBOUR).map(({ early, late }) => ({
    early: { ...early, samples: early.samples.map((tick) => ({ ...tick, bytes: tick.bytes / 3n })) },
    late,
  }));
  return { ...history, rooms };
}
