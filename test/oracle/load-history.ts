// Puts a made history into the real tables, as an importer would: two arrivals, and the totals computed after
// each, so that corrections and late ticks meet rows that are there already. Rows are streamed as lines of
// JSON whose texts are bytes, well-formed or not.
import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { analyse } from '../../history/analyse.ts';
import type { PeerRow, RoomHistory, RoomRow, SampleRow } from './history-rows.ts';
import type { MadeHistory } from './make-history.ts';

type Value = string | number | bigint | null | readonly (readonly [string, readonly string[]])[];

/** How a row of a table is written: its columns, and what stands in each. */
type Columns<Row> = Readonly<Record<string, (row: Row) => Value>>;

const ROOMS: Columns<RoomRow> = {
  finalized_at: (row) => toDateTime(row.finalizedAtMs),
  session_id: (row) => row.sessionId,
  version: (row) => row.version,
  room_id: (row) => row.roomId,
  room_url: (row) => row.roomUrl,
  started_at: (row) => toDateTime(row.startedAtMs),
  ended_at: (row) => toDateTime(row.endedAtMs),
};

const PEERS: Columns<PeerRow> = {
  finalized_at: (row) => toDateTime(row.finalizedAtMs),
  session_id: (row) => row.sessionId,
  peer_id: (row) => row.peerId,
  version: (row) => row.version,
  joined_at: (row) => toDateTime(row.joinedAtMs),
  left_at: (row) => toDateTime(row.leftAtMs),
  connected_ms: (row) => row.connectedMs,
  joins: (row) => row.joins,
  os: (row) => row.os,
  os_version: (row) => row.osVersion,
  browser: (row) => row.browser,
  browser_version: (row) => row.browserVersion,
  sdk_version: (row) => row.sdkVersion,
  city: (row) => row.city,
  country: (row) => row.country,
  organization: (row) => row.organization,
  connection_type: (row) => row.connectionType,
  media_transport: (row) => row.mediaTransport,
  audio_device: (row) => row.audioDevice,
  video_device: (row) => row.videoDevice,
  end_reason: (row) => row.endReason,
  keys: (row) => row.keys,
  call_setup_ms: (row) => row.callSetupMs,
  rating: (row) => row.rating,
};

const SAMPLES: Columns<SampleRow> = {
  session_id: (row) => row.sessionId,
  peer_id: (row) => row.peerId,
  connection_id: (row) => row.connectionId,
  media: (row) => row.media,
  direction: (row) => row.direction,
  codec: (row) => row.codec,
  tick_end: (row) => toDateTime(row.tickEndMs),
  tick_ms: (row) => row.tickMs,
  bytes: (row) => row.bytes,
  packets: (row) => row.packets,
  packets_lost: (row) => row.packetsLost,
  packets_arrived: (row) => row.packetsArrived,
  jitter_us: (row) => row.jitterUs,
  rtt_us_sum: (row) => row.rttUsSum,
  rtt_count: (row) => row.rttCount,
  rtt_us_max: (row) => row.rttUsMax,
  pixels: (row) => row.pixels,
  frames: (row) => row.frames,
  width: (row) => row.width,
  height: (row) => row.height,
  freezes: (row) => row.freezes,
  delivered_at: (row) => toDateTime(row.deliveredAtMs),
};

/** Text is handed over in pieces of about this many bytes. */
const PIECE_BYTES = 1_000_000;

export async function loadHistory(
  connection: ClickHouseClient,
  projectId: string,
  { startMs, endMs, rooms }: MadeHistory,
): Promise<void> {
  for (const arrival of ['early', 'late'] as const) {
    await insertRows(
      connection,
      projectId,
      rooms.map((room) => room[arrival]),
    );
    // Rooms that were finalised around the interval, too: their rows must not be mistaken for the interval's.
    const aroundMs = endMs - startMs;
    const around = { finalizedFromMs: startMs - aroundMs, finalizedToMs: endMs + aroundMs + 1 };
    await analyse(connection, { projectId, ...around });
  }
}

async function insertRows(
  connection: ClickHouseClient,
  projectId: string,
  histories: readonly RoomHistory[],
): Promise<void> {
  const target = { connection, projectId };
  await insertInto(
    target,
    'rooms',
    ROOMS,
    histories.flatMap(({ rooms }) => rooms),
  );
  await insertInto(
    target,
    'peers',
    PEERS,
    histories.flatMap(({ peers }) => peers),
  );
  await insertInto(
    target,
    'media_samples',
    SAMPLES,
    histories.flatMap(({ samples }) => samples),
  );
}

async function insertInto<Row>(
  { connection, projectId }: { connection: ClickHouseClient; projectId: string },
  table: string,
  columns: Columns<Row>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const answer = await connection.exec({
    query: `INSERT INTO ${table} (project_id, ${Object.keys(columns).join(', ')}) FORMAT JSONCompactEachRow`,
    values: Readable.from(pieces(projectId, Object.values(columns), rows), { objectMode: false }),
    clickhouse_settings: { wait_end_of_query: 1 },
  });
  await answer.stream.resume().toArray();
}

function* pieces<Row>(
  projectId: string,
  columns: readonly ((row: Row) => Value)[],
  rows: readonly Row[],
): Generator<Buffer> {
  const project = JSON.stringify(projectId);
  let text = '';
  for (const row of rows) {
    text += `[${project}`;
    for (const valueOf of columns) text += `,${toJson(valueOf(row))}`;
    text += ']\n';
    if (text.length < PIECE_BYTES) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  yield Buffer.from(text, 'latin1');
}

/** Bytes of texts go through as they are: what JSON has to escape is ASCII. */
function toJson(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${value.map(([name, texts]) => `${JSON.stringify(name)}:${JSON.stringify(texts)}`).join(',')}}`;
}

/** As ClickHouse reads a DateTime64(3). */
function toDateTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1).replace('T', ' ');
}
