// Makes up finalised rooms in the history, as many as wanted, for tests, demonstrations and benchmarks.
// ClickHouse computes them from a seed and the room's number: the same options give the same rows, and making
// them again changes nothing. Writes rooms, peers and track totals, no ticks. The .sql files beside this one
// define the rooms themselves.
import type { ClickHouseClient } from '@clickhouse/client';
import { readStatement } from '../../clickhouse/read-statement.ts';

export interface MakeOptions {
  rooms: number;
  /** A whole number, 0 or more. Another seed makes other rooms beside the first ones. */
  seed: number;
  projectId: string;
  /** Rooms are finalised evenly over `[fromMs, toMs)`. */
  fromMs: number;
  toMs: number;
  /** Rooms of one statement; changes what is in memory at once, not what is made. */
  roomsPerBlock?: number;
  /** Hears how many rooms are made so far. */
  onProgress?: (roomsMade: number) => void;
}

/** A few seconds' work, and parts of a size that ClickHouse likes. */
const ROOMS_PER_BLOCK = 200_000;

const ROOM_COLUMNS =
  'project_id, finalized_at, session_id, version, room_id, room_url, started_at, ended_at'.split(', ');
const PEER_COLUMNS = (
  'project_id, finalized_at, session_id, peer_id, version, joined_at, left_at, connected_ms, joins, os, os_version, ' +
  'browser, browser_version, sdk_version, city, country, organization, connection_type, media_transport, audio_device, ' +
  'video_device, end_reason, keys, call_setup_ms, rating'
).split(', ');
const TOTAL_COLUMNS = (
  'project_id, finalized_at, session_id, peer_id, media, direction, version, bytes, packets, packets_lost, ' +
  'packets_arrived, active_ms, bitrate_sq_ms, jitter_us_sum, jitter_count, jitter_us_max, rtt_us_sum, rtt_count, ' +
  'rtt_us_max, pixel_ms, sized_ms, frames, width_max, height_max, freezes, codec'
).split(', ');

/**
 * Makes the rooms. Throws RangeError for options out of bounds, rejects with the client's error for what
 * ClickHouse refuses.
 */
export async function makeHistory(connection: ClickHouseClient, options: MakeOptions): Promise<void> {
  assertOptions(options);
  const { rooms, seed, projectId, fromMs, toMs, roomsPerBlock = ROOMS_PER_BLOCK, onProgress } = options;
  const statements = toStatements();
  for (let first = 0; first < rooms; first += roomsPerBlock) {
    const count = Math.min(roomsPerBlock, rooms - first);
    const params = { rooms, first, count, seed, project_id: projectId, from_ms: fromMs, to_ms: toMs };
    for (const query of statements) await runStatement(connection, query, params);
    onProgress?.(first + count);
  }
}

async function runStatement(
  connection: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
): Promise<void> {
  await connection.command({
    query,
    query_params: params,
    clickhouse_settings: {
      // A span of many years has a partition for each of its months.
      max_partitions_per_insert_block: '0',
      max_insert_threads: '2',
      // Compiled, functions over integers of different widths have given wrong values (found on 26.7).
      compile_expressions: 0,
      wait_end_of_query: 1,
    },
  });
}

/**
 * Totals first, rooms last, as a service finalises: who reads meanwhile never finds a room without its peers.
 */
function toStatements(): string[] {
  const madeRooms = `made_rooms AS (${readStatement(new URL('made-rooms.sql', import.meta.url))})`;
  const madePeers = `made_peers AS (${readStatement(new URL('made-peers.sql', import.meta.url))})`;
  const madeTotals = `made_totals AS (${readStatement(new URL('made-track-totals.sql', import.meta.url))})`;
  const insert = (table: string, columns: readonly string[], ctes: readonly string[], from: string) =>
    `INSERT INTO ${table} (${columns.join(', ')}) WITH ${ctes.join(', ')} SELECT ${columns.join(', ')} FROM ${from}`;
  return [
    insert('track_totals', TOTAL_COLUMNS, [madeRooms, madePeers, madeTotals], 'made_totals'),
    insert('peers', PEER_COLUMNS, [madeRooms, madePeers], 'made_peers'),
    insert('rooms', ROOM_COLUMNS, [madeRooms], 'made_rooms'),
  ];
}

function assertOptions({ rooms, seed, fromMs, toMs }: MakeOptions): void {
  if (!Number.isSafeInteger(rooms) || rooms < 1)
    throw new RangeError(`rooms: got ${rooms}, allowed is a whole number from 1`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed: got ${seed}, allowed is a whole number from 0`);
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs) || toMs <= fromMs)
    throw new RangeError(`from and to: got ${fromMs} and ${toMs}, allowed is a time and a later one`);
}
