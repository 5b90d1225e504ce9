// Shared by the import's contract tests: dumps written to a folder of their own, and what the tables hold
// after an import.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryDatabase } from './history-database.ts';

export const FINALIZED_MS = 1_795_000_000_000;

export interface DumpFolder {
  path: string;
  write(name: string, content: string | Buffer): Promise<string>;
  remove(): Promise<void>;
}

export async function makeDumpFolder(): Promise<DumpFolder> {
  const path = await mkdtemp(join(tmpdir(), 'import-contract-'));
  return {
    path,
    async write(name, content) {
      const file = join(path, name);
      await writeFile(file, content);
      return file;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

type Row = Record<string, unknown>;

/** All that a project holds, as FINAL shows it, and how many rows lie behind it. */
export async function contentOf(history: HistoryDatabase, projectId: string): Promise<Record<string, Row[]>> {
  const content: Record<string, Row[]> = {};
  for (const [table, order] of TABLES) {
    const except = table === 'media_samples' ? '* EXCEPT delivered_at' : '*';
    const where = 'WHERE project_id = {project:String}';
    content[table] = await history.select(`SELECT ${except} FROM ${table} FINAL ${where} ORDER BY ${order}`, {
      project: projectId,
    });
    content[`rows of ${table}`] = await history.select(`SELECT count() AS rows FROM ${table} ${where}`, {
      project: projectId,
    });
  }
  return content;
}

const TABLES = [
  ['rooms', 'session_id'],
  ['peers', 'session_id, peer_id'],
  ['track_totals', 'session_id, peer_id, media, direction'],
  ['media_samples', 'session_id, peer_id, connection_id, media, direction, tick_end'],
  ['imported_presences', 'room_key, session_id, source_id'],
] as const;

export interface Total {
  bytes: number;
  packets: number;
  lost: number;
}

/** Totals by `peer media direction`, of one session or of all. */
export async function totalsOf(
  history: HistoryDatabase,
  projectId: string,
  keyOf: (row: Row) => string = ({ peer_id, media, direction }) =>
    `${String(peer_id)} ${String(media)} ${String(direction)}`,
): Promise<Map<string, Total>> {
  const rows = await history.select(
    `SELECT session_id, peer_id, media, direction, bytes, packets, packets_lost FROM export_track_totals
      WHERE project_id = {project:String}`,
    { project: projectId },
  );
  return addUp(
    rows.map((row) => [
      keyOf(row),
      { bytes: Number(row.bytes), packets: Number(row.packets), lost: Number(row.packets_lost) },
    ]),
  );
}

/** Sums of totals under the same key. */
export function addUp(totals: Iterable<readonly [string, Total]>): Map<string, Total> {
  const sums = new Map<string, Total>();
  for (const [key, { bytes, packets, lost }] of totals) {
    const sum = sums.get(key) ?? { bytes: 0, packets: 0, lost: 0 };
    sum.bytes += bytes;
    sum.packets += packets;
    sum.lost += lost;
    sums.set(key, sum);
  }
  return sums;
}
