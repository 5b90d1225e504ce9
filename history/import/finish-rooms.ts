// The finished rooms of a dry run: the text of each as the export writes it. The seam between what an import makes (rooms, peers, track totals,
// all in Node) and what the export makes of it. Here the export's own scans and writer make them, in an engine that is started for it.
import type { ClickHouseClient } from '@clickhouse/client';
import { writeRange } from '../../activities/encode/write-range.ts';
import { openHistoryReader } from '../../activities/history/history-reader.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import { openConnection, type AdminTarget } from '../connection.ts';
import { migrate } from '../migrate.ts';
import type { WithEngine } from './own-database.ts';
import type { Room } from './rooms.ts';
import type { TrackTotalsRow } from './track-totals.ts';
import { inBlocks, toSeconds, writeRooms } from './write-history.ts';

/** All that a finished room is made from. */
export interface RoomsToFinish {
  projectId: string;
  finalizedAtMs: number;
  rooms: readonly Room[];
  trackTotals: readonly TrackTotalsRow[];
}

/** Gives one line of JSON for each room, in the order of their session ids. */
export type FinishRooms = (input: RoomsToFinish) => Promise<string[]>;

export function finishInEngine(withEngine: WithEngine): FinishRooms {
  return (input) =>
    withEngine(async (target) => {
      await migrate(target);
      const connection = openConnection(target);
      try {
        await writeRows(connection, input);
        return await readFinishedRooms(target, input.projectId, input.finalizedAtMs);
      } finally {
        await connection.close();
      }
    });
}

async function writeRows(
  connection: ClickHouseClient,
  { projectId, finalizedAtMs, rooms, trackTotals }: RoomsToFinish,
): Promise<void> {
  for (const block of inBlocks(rooms, ({ room }) => room.session_id))
    await writeRooms(connection, projectId, { rooms: block, finalizedAtMs });
  if (trackTotals.length === 0) return;
  const whose = { project_id: projectId, finalized_at: toSeconds(finalizedAtMs), version: 1 };
  const values = trackTotals.map((row) => ({ ...withTexts(row), ...whose }));
  await connection.insert({ table: 'track_totals', values, format: 'JSONEachRow' });
}

/** ClickHouse reads whole numbers of any size from texts. */
function withTexts(row: TrackTotalsRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? String(value) : (value as unknown),
    ]),
  );
}

async function readFinishedRooms(
  target: AdminTarget,
  projectId: string,
  finalizedAtMs: number,
): Promise<string[]> {
  const range = { projectId, ...rangeOf({ startMs: finalizedAtMs, endMs: finalizedAtMs + 1 }) };
  const history = openHistoryReader(target);
  try {
    const { body } = await writeRange(history, { range, fields: 'standard', format: 'ndjson' });
    return Buffer.from(body)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  } finally {
    await history.close();
  }
}
