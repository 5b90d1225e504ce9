// Rooms and ticks written by hand into a history, and the totals that the analysis makes of them.
import { randomUUID } from 'node:crypto';
import { analyse } from '../../history/analyse.ts';
import { toSeconds } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

export const FINALIZED_MS = 1_795_000_000_000;
export const TICK_END_MS = FINALIZED_MS - 3_600_000;

export interface RoomOptions {
  sessionId?: string;
  finalizedMs?: number;
  version?: number;
}

export async function roomOf(history: HistoryDatabase, options: RoomOptions = {}): Promise<string> {
  const project = randomUUID();
  await insertRoom(history, project, options);
  return project;
}

export async function insertRoom(
  history: HistoryDatabase,
  project: string,
  { sessionId = 's1', finalizedMs = FINALIZED_MS, version = 1 }: RoomOptions,
): Promise<void> {
  const times = { started_at: toSeconds(TICK_END_MS), ended_at: toSeconds(TICK_END_MS) };
  const whose = { project_id: project, finalized_at: toSeconds(finalizedMs), session_id: sessionId, version };
  await history.insert('rooms', [{ ...whose, ...times, room_id: 'room', room_url: '' }]);
}

/** A tick of ten seconds of sent audio in which nothing happened, but for the fields given. */
export function tick(project: string, fields: Record<string, unknown>): object {
  const whose = { project_id: project, session_id: 's1', peer_id: 'peer', connection_id: 'c1' };
  const what = {
    media: 'audio',
    direction: 'send',
    codec: 'opus',
    tick_end: toSeconds(TICK_END_MS),
    tick_ms: 10_000,
  };
  return { ...whose, ...what, ...fields };
}

export async function totalsWritten(
  history: HistoryDatabase,
  project: string,
  sessionIds?: string[],
): Promise<number> {
  const range = { projectId: project, finalizedFromMs: FINALIZED_MS, finalizedToMs: FINALIZED_MS + 1 };
  const result = await analyse(history.connection, {
    ...range,
    ...(sessionIds === undefined ? {} : { sessionIds }),
  });
  return result.totalsWritten;
}

/** What the exporter would see, in key order. */
export function totalsOf(history: HistoryDatabase, project: string): Promise<Record<string, unknown>[]> {
  const query = `SELECT * FROM export_track_totals WHERE project_id = {project:String}
    ORDER BY session_id, peer_id, media, direction`;
  return history.select(query, { project });
}
