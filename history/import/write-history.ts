// Writes rooms, peers and ticks of an import into the history, so that doing it again adds nothing: rooms found there keep
// their session and finalized_at, rows are written only when they differ, ticks replace themselves, and the presence that
// says "this is in" goes last. An import that was cut short is completed by importing again.
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { presenceSchema } from './presences.ts';
import type { PeerRow, PlacedPresence, Room, RoomRow } from './rooms.ts';
import { escapeTab, readSpool, TICK_COLUMNS } from './tick-spool.ts';
import type { SpooledTicks } from './tick-spool.ts';

/** Keys bound to one statement: far below the longest request line and text that ClickHouse takes. */
const KEYS_PER_QUERY = 500;
/** Ticks joined to one piece of a request's body; the request itself streams. */
const TICKS_PER_PIECE = 2_000;

export interface WriteResult {
  roomsWritten: number;
  peersWritten: number;
  /** When each room of the import is finalised, by its session id. */
  finalizedAtMs: Map<string, number>;
}

/** Whose the ticks of a connection are, by the connection's index in the file. */
export type TickOwners = ReadonlyMap<number, { sessionId: string; peerId: string; connectionId: string }>;

/** Presences that earlier imports left in rooms of these names. */
export async function readImported(
  client: ClickHouseClient,
  projectId: string,
  roomKeys: readonly string[],
): Promise<PlacedPresence[]> {
  const placed: PlacedPresence[] = [];
  const row = z.object({ session_id: z.string(), presence: z.string() });
  for (const keys of inBlocks(roomKeys, KEYS_PER_QUERY)) {
    const query = `SELECT session_id, presence FROM imported_presences FINAL
      WHERE project_id = {project_id:String} AND room_key IN {keys:Array(String)} ORDER BY room_key, session_id, source_id`;
    for (const { session_id, presence } of await selectRows(
      client,
      query,
      { project_id: projectId, keys },
      row,
    )) {
      placed.push({ sessionId: session_id, presence: presenceSchema.parse(JSON.parse(presence)) });
    }
  }
  return placed;
}

/** Writes the rows of rooms and peers that are new or have changed. New rooms are finalised at `finalizedAtMs`. */
export async function writeRooms(
  client: ClickHouseClient,
  projectId: string,
  { rooms, finalizedAtMs }: { rooms: readonly Room[]; finalizedAtMs: number },
): Promise<WriteResult> {
  const result: WriteResult = { roomsWritten: 0, peersWritten: 0, finalizedAtMs: new Map() };
  for (const block of inBlocks(rooms, KEYS_PER_QUERY)) {
    const sessions = block.map(({ room }) => room.session_id);
    const knownRooms = await readRooms(client, projectId, sessions);
    const knownPeers = await readPeers(client, projectId, sessions);
    const roomRows: object[] = [];
    const peerRows: object[] = [];
    for (const { room, peers } of block) {
      const known = knownRooms.get(room.session_id);
      const finalized = known?.finalizedAtMs ?? finalizedAtMs;
      result.finalizedAtMs.set(room.session_id, finalized);
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
    result.roomsWritten += roomRows.length;
    result.peersWritten += peerRows.length;
  }
  return result;
}

/** Writes the ticks of a file; those of connections without an owner are passed over. `shiftMs` moves them in time. */
export async function writeTicks(
  client: ClickHouseClient,
  projectId: string,
  { ticks, owners, shiftMs }: { ticks: SpooledTicks; owners: TickOwners; shiftMs: number },
): Promise<void> {
  if (ticks.count === 0) return;
  const project = escapeTab(projectId);
  async function* pieces(): AsyncGenerator<string> {
    let lines: string[] = [];
    for await (const tick of readSpool(ticks)) {
      const owner = owners.get(tick.connectionIndex);
      if (owner === undefined) continue;
      const whose = [
        project,
        escapeTab(owner.sessionId),
        escapeTab(owner.peerId),
        escapeTab(owner.connectionId),
      ].join('\t');
      lines.push(`${whose}\t${toSeconds(tick.endMs + shiftMs)}\t${tick.columns}\n`);
      if (lines.length < TICKS_PER_PIECE) continue;
      yield lines.join('');
      lines = [];
    }
    if (lines.length > 0) yield lines.join('');
  }
  await client.insert({
    table: 'media_samples',
    columns: ['project_id', 'session_id', 'peer_id', 'connection_id', 'tick_end', ...TICK_COLUMNS],
    values: Readable.from(pieces(), { objectMode: false }),
    format: 'TabSeparated',
  });
}

/** Notes that these presences are in; to be called when everything else is written. */
export async function writePresences(
  client: ClickHouseClient,
  projectId: string,
  rooms: readonly Room[],
): Promise<void> {
  const rows = rooms.flatMap(({ room, presences }) =>
    presences.map((presence) => ({
      project_id: projectId,
      room_key: presence.roomKey,
      session_id: room.session_id,
      source_id: presence.sourceId,
      // A fuller file of the same stay reaches further; ended_at says which of two rows is of the fuller.
      version: presence.leftAtMs,
      presence: JSON.stringify(presence),
    })),
  );
  for (const block of inBlocks(rows, KEYS_PER_QUERY)) await insertRows(client, 'imported_presences', block);
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
function toSeconds(ms: number): string {
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

function* inBlocks<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
