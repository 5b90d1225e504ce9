// Reads and writes the rooms and peers of an import in the history, so that doing it again adds nothing:
// rooms found there keep their session and finalized_at, and rows are written only when they differ. Notes
// which presences are in.
import { isDeepStrictEqual } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { presenceSchema } from './presences.ts';
import type { Presence } from './presences.ts';
import type { PeerRow, PlacedPresence, Room, RoomRow } from './rooms.ts';

/**
 * Texts bound to one statement travel in the request's line, of which ClickHouse takes 1 MB; encoded they may
 * be six times as long.
 */
const BLOCK_BYTES_MAX = 64 * 1024;
const BLOCK_ITEMS_MAX = 500;

export interface WriteResult {
  roomsWritten: number;
  peersWritten: number;
  /** When each room of the import is finalised, by its session id. */
  finalizedAtMs: Map<string, number>;
}

/** Items in their order, as many at a time as go into one statement by their texts. */
export function* inBlocks<Item>(items: readonly Item[], textOf: (item: Item) => string): Generator<Item[]> {
  let block: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const itemBytes = Buffer.byteLength(textOf(item));
    if (block.length === BLOCK_ITEMS_MAX || (block.length > 0 && bytes + itemBytes > BLOCK_BYTES_MAX)) {
      yield block;
      [block, bytes] = [[], 0];
    }
    block.push(item);
    bytes += itemBytes;
  }
  if (block.length > 0) yield block;
}

/**
 * Presences that earlier imports left in rooms of the same names, or in sessions that bear the id of one of
 * these meetings.
 */
export async function readImported(
  client: ClickHouseClient,
  projectId: string,
  presences: readonly Presence[],
): Promise<PlacedPresence[]> {
  const roomKeys = new Set(presences.map(({ roomKey }) => roomKey));
  const meetingIds = new Set(presences.flatMap(({ meetingId }) => (meetingId === null ? [] : [meetingId])));
  const placed = new Map<string, PlacedPresence>();
  for (const [column, texts] of [
    ['room_key', roomKeys],
    ['session_id', meetingIds],
  ] as const) {
    for (const keys of inBlocks([...texts], (key) => key)) {
      const query = `SELECT session_id, presence FROM imported_presences FINAL
        WHERE project_id = {project_id:String} AND ${column} IN {keys:Array(String)} ORDER BY room_key, session_id, source_id`;
      const rows = await selectRows(client, query, { project_id: projectId, keys }, importedRow);
      for (const { session_id, presence } of rows) {
        const known = presenceSchema.parse(JSON.parse(presence));
        placed.set(known.sourceId, { sessionId: session_id, presence: known });
      }
    }
  }
  return [...placed.values()];
}

const importedRow = z.object({ session_id: z.string(), presence: z.string() });

/**
 * Writes the rows of a block of rooms, and of their peers, that are new or have changed. New rooms are
 * finalised at `finalizedAtMs`.
 */
export async function writeRooms(
  client: ClickHouseClient,
  projectId: string,
  { rooms, finalizedAtMs }: { rooms: readonly Room[]; finalizedAtMs: number },
): Promise<WriteResult> {
  const sessions = rooms.map(({ room }) => room.session_id);
  const knownRooms = await readRooms(client, projectId, sessions);
  const knownPeers = await readPeers(client, projectId, sessions);
  const finalizedAt = new Map<string, number>();
  const roomRows: object[] = [];
  const peerRows: object[] = [];
  for (const { room, peers } of rooms) {
    const known = knownRooms.get(room.session_id);
    const finalized = known?.finalizedAtMs ?? finalizedAtMs;
    finalizedAt.set(room.session_id, finalized);
    if (!isDeepStrictEqual(known?.row, room))
      roomRows.push(toRoomRow(projectId, finalized, known?.version, room));
    for (const peer of peers) {
      const knownPeer = knownPeers.get(`${room.session_id}\n${peer.peer_id}`);
      if (isDeepStrictEqual(knownPeer?.row, peer)) continue;
      peerRows.push(toPeerRow(projectId, finalized, knownPeer?.version, peer));
    }
  }
  await insertRows(client, 'peers', peerRows);
  await insertRows(client, 'rooms', roomRows);
  return { roomsWritten: roomRows.length, peersWritten: peerRows.length, finalizedAtMs: finalizedAt };
}

/** When rooms of the history are finalised, by their session ids. */
export async function readFinalizedAt(
  client: ClickHouseClient,
  projectId: string,
  rooms: readonly Room[],
): Promise<Map<string, number>> {
  const finalizedAtMs = new Map<string, number>();
  const sessionIds = rooms.map(({ room }) => room.session_id);
  for (const block of inBlocks(sessionIds, (sessionId) => sessionId)) {
    for (const [sessionId, known] of await readRooms(client, projectId, block))
      finalizedAtMs.set(sessionId, known.finalizedAtMs);
  }
  return finalizedAtMs;
}

/**
 * Notes that the new ones of these presences are in; to be called when everything else of their rooms is
 * written.
 */
export async function writePresences(
  client: ClickHouseClient,
  projectId: string,
  { rooms, isNew }: { rooms: readonly Room[]; isNew: (presence: Presence) => boolean },
): Promise<void> {
  const rows = rooms.flatMap(({ room, presences }) =>
    presences.filter(isNew).map((presence) => ({
      project_id: projectId,
      room_key: presence.roomKey,
      session_id: room.session_id,
      source_id: presence.sourceId,
      // A fuller file of the same stay reaches further; of two that reach as far the one that came last
      // holds.
      version: presence.leftAtMs,
      presence: JSON.stringify(presence),
    })),
  );
  await insertRows(client, 'imported_presences', rows);
}

/** The server's clock, in epoch ms. */
export async function readServerTime(client: ClickHouseClient): Promise<number> {
  const row = z.object({ ms: z.number() });
  const [answer] = await selectRows(client, 'SELECT toUnixTimestamp64Milli(now64(3)) AS ms', {}, row);
  if (answer === undefined) throw new Error('the history did not tell its time');
  return answer.ms;
}

async function readRooms(
  client: ClickHouseClient,
  projectId: string,
  sessions: readonly string[],
): Promise<Map<string, { finalizedAtMs: number; version: number; row: RoomRow }>> {
  const row = z.object({
    finalized_at_ms: z.number(),
    version: z.number(),
    session_id: z.string(),
    room_id: z.string(),
    room_url: z.string(),
    started_at: z.number(),
    ended_at: z.number(),
  });
  const query = `SELECT toUnixTimestamp64Milli(finalized_at) AS finalized_at_ms, version, session_id, room_id, room_url,
      toUnixTimestamp64Milli(r.started_at) AS started_at, toUnixTimestamp64Milli(r.ended_at) AS ended_at
    FROM rooms AS r FINAL WHERE project_id = {project_id:String} AND session_id IN {sessions:Array(String)}`;
  const rows = await selectRows(client, query, { project_id: projectId, sessions }, row);
  return new Map(
    rows.map(({ finalized_at_ms, version, ...room }) => [
      room.session_id,
      { finalizedAtMs: finalized_at_ms, version, row: room },
    ]),
  );
}

async function readPeers(
  client: ClickHouseClient,
  projectId: string,
  sessions: readonly string[],
): Promise<Map<string, { version: number; row: PeerRow }>> {
  const row = z.object({
    version: z.number(),
    session_id: z.string(),
    peer_id: z.string(),
    joined_at: z.number(),
    left_at: z.number(),
    connected_ms: z.number(),
    joins: z.number(),
    os: z.string(),
    os_version: z.string(),
    browser: z.string(),
    browser_version: z.string(),
    sdk_version: z.string(),
    city: z.string(),
    country: z.string(),
    organization: z.string(),
    connection_type: z.string(),
    media_transport: z.string(),
    audio_device: z.string(),
    video_device: z.string(),
    end_reason: z.string(),
    keys: z.record(z.string(), z.array(z.string())),
    call_setup_ms: z.number().nullable(),
    rating: z.number().nullable(),
  });
  const query = `SELECT version, session_id, peer_id, toUnixTimestamp64Milli(p.joined_at) AS joined_at,
      toUnixTimestamp64Milli(p.left_at) AS left_at, connected_ms, joins, os, os_version, browser, browser_version, sdk_version,
      city, country, organization, connection_type, media_transport, audio_device, video_device, end_reason, keys,
      call_setup_ms, rating
    FROM peers AS p FINAL WHERE project_id = {project_id:String} AND session_id IN {sessions:Array(String)}`;
  const rows = await selectRows(client, query, { project_id: projectId, sessions }, row);
  return new Map(
    rows.map(({ version, ...peer }) => [`${peer.session_id}\n${peer.peer_id}`, { version, row: peer }]),
  );
}

function toRoomRow(
  projectId: string,
  finalizedAtMs: number,
  before: number | undefined,
  room: RoomRow,
): object {
  return {
    ...room,
    ...whose(projectId, finalizedAtMs, before),
    started_at: toSeconds(room.started_at),
    ended_at: toSeconds(room.ended_at),
  };
}

function toPeerRow(
  projectId: string,
  finalizedAtMs: number,
  before: number | undefined,
  peer: PeerRow,
): object {
  return {
    ...peer,
    ...whose(projectId, finalizedAtMs, before),
    joined_at: toSeconds(peer.joined_at),
    left_at: toSeconds(peer.left_at),
  };
}

function whose(projectId: string, finalizedAtMs: number, versionBefore: number | undefined): object {
  return { project_id: projectId, finalized_at: toSeconds(finalizedAtMs), version: (versionBefore ?? 0) + 1 };
}

/** Epoch ms as ClickHouse reads a DateTime64(3) from text: seconds with three decimals. */
export function toSeconds(ms: number): string {
  const whole = Math.round(ms);
  return `${Math.floor(whole / 1000)}.${String(((whole % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

async function insertRows(client: ClickHouseClient, table: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await client.insert({ table, values: rows, format: 'JSONEachRow' });
}

async function selectRows<Row>(
  client: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
  row: z.ZodType<Row>,
): Promise<Row[]> {
  const answer = await client.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return z.array(row).parse(await answer.json());
}
