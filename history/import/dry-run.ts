// An import that changes nothing: into an engine that is made for it and thrown away, by the same statements as the real
// import, analysis and export. The engine comes as a parameter, so that this needs nothing running and knows no embedding.
import { randomBytes } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { writeRange } from '../../activities/encode/write-range.ts';
import { openHistoryReader } from '../../activities/history/history-reader.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import { openConnection, toAccessError } from '../connection.ts';
import type { AdminTarget } from '../connection.ts';
import { migrate } from '../migrate.ts';
import { importFiles } from './import-files.ts';
import type { FileSummary, ImportOptions } from './import-files.ts';
import type { PeerRow, RoomRow } from './rooms.ts';

/** Runs `use` against an empty ClickHouse and ends it afterwards, however `use` ends. */
export type WithEngine = <Result>(use: (target: AdminTarget) => Promise<Result>) => Promise<Result>;

/** A database made on a server that runs already, dropped afterwards. Needs the right to make and to drop databases. */
export async function withOwnDatabase<Result>(
  server: AdminTarget,
  use: (target: AdminTarget) => Promise<Result>,
): Promise<Result> {
  const target = { ...server, database: `${server.database}_dry_run_${randomBytes(6).toString('hex')}` };
  await commandFirst(target, 'CREATE DATABASE {database:Identifier}');
  try {
    return await use(target);
  } finally {
    await commandFirst(target, 'DROP DATABASE {database:Identifier}');
  }
}

/** The server's own database is always there: the one to connect to while ours is not. */
async function commandFirst(target: AdminTarget, query: string): Promise<void> {
  const connection = openConnection({ ...target, database: 'default' });
  try {
    await connection.command({ query, query_params: { database: target.database } });
  } catch (error) {
    throw toAccessError(error, target);
  } finally {
    await connection.close();
  }
}

export interface DryRunResult {
  files: FileSummary[];
  rooms: RoomRow[];
  peers: PeerRow[];
  /** Rows of track_totals with every column, by session, peer, media and direction. */
  trackTotals: Record<string, unknown>[];
  /** The rooms as the export writes them: the text of each, byte for byte. */
  finishedRooms: string[];
}

export async function dryRunImport(
  withEngine: WithEngine,
  paths: readonly string[],
  options: ImportOptions,
): Promise<DryRunResult> {
  return withEngine(async (target) => {
    await migrate(target);
    const connection = openConnection(target);
    try {
      // Any time will do, the same for all rooms and the same in every dry run of the same files.
      const finalizedAtMs = options.finalizedAtMs ?? DRY_RUN_FINALIZED_MS;
      const { files, rooms } = await importFiles(connection, paths, { ...options, finalizedAtMs });
      const finishedRooms = await readFinishedRooms(target, options.projectId, finalizedAtMs);
      if (finishedRooms.length !== rooms.length)
        throw new Error(`the export made ${finishedRooms.length} rooms of ${rooms.length} imported`);
      return {
        files,
        rooms: rooms.map(({ room }) => room),
        peers: rooms.flatMap(({ peers }) => peers),
        trackTotals: await readTotals(connection, options.projectId),
        finishedRooms,
      };
    } finally {
      await connection.close();
    }
  });
}

/** 2000-01-01T00:00:00Z: plainly no time at which anything was finalised. */
const DRY_RUN_FINALIZED_MS = 946_684_800_000;

/** One JSON document; finished rooms stand in it exactly as the export writes them. */
export function toDryRunJson({ files, rooms, peers, trackTotals, finishedRooms }: DryRunResult): string {
  const rows = (items: readonly unknown[]): string => block(items.map((item) => JSON.stringify(item)));
  return [
    '{',
    `"files": ${rows(files.map(toFileRow))},`,
    `"rooms": ${rows(rooms.map(withIsoTimes))},`,
    `"peers": ${rows(peers.map(withIsoTimes))},`,
    `"track_totals": ${rows(trackTotals)},`,
    `"finished_rooms": ${block(finishedRooms)}`,
    '}',
  ].join('\n');
}

/** A summary with its names as those of the columns are written. */
export function toFileRow(file: FileSummary): Record<string, unknown> {
  const { isNamed, wasAlreadyIn, leftOut, error, ...counts } = file;
  return {
    ...counts,
    is_named: isNamed,
    was_already_in: wasAlreadyIn,
    left_out: leftOut.map(({ reason, count, firstPlace }) => ({ reason, count, first_place: firstPlace })),
    error,
  };
}

function block(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[\n${texts.join(',\n')}\n]`;
}

/** Times as text, as in the finished rooms. */
export function withIsoTimes(row: RoomRow | PeerRow): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    written[name] = name.endsWith('_at') && typeof value === 'number' ? new Date(value).toISOString() : value;
  }
  return written;
}

async function readTotals(
  connection: ClickHouseClient,
  projectId: string,
): Promise<Record<string, unknown>[]> {
  const answer = await connection.query({
    query: `SELECT * EXCEPT (project_id, finalized_at, version) FROM export_track_totals
      WHERE project_id = {project_id:String} ORDER BY session_id, peer_id, media, direction`,
    query_params: { project_id: projectId },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return z.array(z.record(z.string(), z.unknown())).parse(await answer.json());
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
