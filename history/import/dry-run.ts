// An import that changes nothing: into an engine that is made for it and thrown away, by the same statements as the real
// import, analysis and export. The engine comes as a parameter, so that this needs nothing running and knows no embedding.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { toRoomsStatement } from '../../activities/history/rooms-query.ts';
import { openConnection } from '../connection.ts';
import type { AdminTarget } from '../connection.ts';
import { migrate } from '../migrate.ts';
import { importFiles } from './import-files.ts';
import type { FileSummary, ImportOptions } from './import-files.ts';
import type { PeerRow, RoomRow } from './rooms.ts';

/** Runs `use` against an empty ClickHouse and ends it afterwards, however `use` ends. */
export type WithEngine = <Result>(use: (target: AdminTarget) => Promise<Result>) => Promise<Result>;

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
      return {
        files,
        rooms: rooms.map(({ room }) => room),
        peers: rooms.flatMap(({ peers }) => peers),
        trackTotals: await readTotals(connection, options.projectId),
        finishedRooms: await readFinishedRooms(connection, options.projectId, finalizedAtMs),
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
    `"files": ${rows(files)},`,
    `"rooms": ${rows(rooms.map(withIsoTimes))},`,
    `"peers": ${rows(peers.map(withIsoTimes))},`,
    `"track_totals": ${rows(trackTotals)},`,
    `"finished_rooms": ${block(finishedRooms)}`,
    '}',
  ].join('\n');
}

function block(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[\n${texts.join(',\n')}\n]`;
}

/** Times as text, as in the finished rooms. */
function withIsoTimes(row: RoomRow | PeerRow): Record<string, unknown> {
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
  connection: ClickHouseClient,
  projectId: string,
  finalizedAtMs: number,
): Promise<string[]> {
  const range = {
    projectId,
    from: { finalizedAtMs, sessionId: '' },
    to: { finalizedAtMs: finalizedAtMs + 1, sessionId: '' },
  };
  const { stream } = await connection.exec(toRoomsStatement(range, { fields: 'standard', separator: '' }));
  const pieces: Buffer[] = [];
  for await (const piece of stream) if (Buffer.isBuffer(piece)) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}
