// The exporter that works row by row, as a program of its own: streams the rows of the three views side by
// side, makes an object of each room and writes it with JSON.stringify into a multipart upload. Written as a
// competent Node developer would: nothing is held but the room under way, rows are read by chunks, and two
// parts are on their way while the next one is made.
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { DEFLATE_LEVEL } from '../../activities/batch/gzip-framing.ts';
import { serve } from './child-process.ts';
import { toParts, uploadParts } from './part-upload.ts';
import { measurePeer, toRoomDocument } from './row-document.ts';
import type { PeerRow, RoomRow } from './row-document.ts';
import type { TotalRow } from './row-measures.ts';
import { rowsTaskSchema } from './tasks.ts';
import type { RowsTask } from './tasks.ts';

const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

/** A long interval takes minutes. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** Lines are gathered to texts of this many characters: each becomes one Buffer. */
const TEXT_LENGTH = 256 * 1024;

const ROOM_COLUMNS = 'session_id, room_id, room_url, started_at, ended_at';
const PEER_COLUMNS =
  'session_id, peer_id, joined_at, connected_ms, os, os_version, browser, browser_version, sdk_version, city, country, ' +
  'organization, connection_type, media_transport, audio_device, video_device, keys, call_setup_ms';
const TOTAL_COLUMNS =
  'session_id, peer_id, media, direction, bytes, packets_lost, packets_arrived, active_ms, bitrate_sq_ms, jitter_us_sum, ' +
  'jitter_count, rtt_us_sum, rtt_count, pixel_ms, sized_ms, frames';

serve(rowsTaskSchema, async (task) => {
  const { url, database, user, password } = task.clickHouse;
  const client = createClient({
    url,
    database,
    username: user,
    password,
    request_timeout: REQUEST_TIMEOUT_MS,
    // Errors are thrown; its log would only print them a second time.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const counts = { rooms: 0, rawBytes: 0 };
  try {
    const lines = Readable.from(writeLines(client, task, counts), { objectMode: false });
    const isGzip = task.compression === 'gzip';
    const bytes = isGzip ? compress(lines) : lines;
    const contentType = isGzip ? 'application/gzip' : 'application/x-ndjson';
    const upload = { store: task.store, key: task.key, contentType, partsAtOnce: PARTS_AT_ONCE };
    await uploadParts(upload, toParts(bytes, PART_BYTES));
  } finally {
    await client.close();
  }
  return counts;
});

/** In another thread, as zlib works. What fails in the lines fails in what is read here. */
function compress(lines: Readable): Readable {
  return pipeline(lines, createGzip({ level: DEFLATE_LEVEL }), () => undefined);
}

async function* writeLines(
  client: ClickHouseClient,
  task: RowsTask,
  counts: { rooms: number; rawBytes: number },
): AsyncIterable<Buffer> {
  const key = 'finalized_at, session_id';
  const [rooms, peers, totals] = await Promise.all([
    openRows<RoomRow>(client, task, `${ROOM_COLUMNS} FROM export_rooms`, key),
    openRows<PeerRow>(client, task, `${PEER_COLUMNS} FROM export_peers`, `${key}, peer_id`),
    openRows<TotalRow>(
      client,
      task,
      `${TOTAL_COLUMNS} FROM export_track_totals`,
      `${key}, peer_id, media, direction`,
    ),
  ]);
  let text = '';
  for (let room = await rooms.next(); room !== undefined; room = await rooms.next()) {
    text += `${JSON.stringify(await readRoom(room, peers, totals))}\n`;
    counts.rooms += 1;
    if (text.length < TEXT_LENGTH) continue;
    const bytes = Buffer.from(text);
    counts.rawBytes += bytes.length;
    text = '';
    yield bytes;
  }
  const bytes = Buffer.from(text);
  counts.rawBytes += bytes.length;
  yield bytes;
}

async function readRoom(room: RoomRow, peers: Rows<PeerRow>, totals: Rows<TotalRow>): Promise<unknown> {
  const ofRoom = [];
  const { session_id: session } = room;
  while (
    peers.head?.session_id === session ||
    (peers.isDrained && (await peers.fill())?.session_id === session)
  ) {
    const peer = peers.take();
    const ofPeer: TotalRow[] = [];
    while (isOf(totals.head, peer) || (totals.isDrained && isOf(await totals.fill(), peer)))
      ofPeer.push(totals.take());
    ofRoom.push(measurePeer(peer, ofPeer));
  }
  return toRoomDocument(room, ofRoom);
}

function isOf(total: TotalRow | undefined, peer: PeerRow): boolean {
  return total?.session_id === peer.session_id && total.peer_id === peer.peer_id;
}

/**
 * The rows of one view. Awaits a chunk at a time, not a row: a promise for each row would take longer than
 * the row.
 */
class Rows<Row> {
  readonly #chunks: AsyncIterator<{ json(): Row }[]>;
  #chunk: { json(): Row }[] = [];
  #at = 0;
  head: Row | undefined;
  #hasEnded = false;

  constructor(chunks: AsyncIterable<{ json(): Row }[]>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** True when the next row, if there is one, has to be awaited. */
  get isDrained(): boolean {
    return this.head === undefined && !this.#hasEnded;
  }

  /** Awaits the next chunk that has rows; returns its first. */
  async fill(): Promise<Row | undefined> {
    while (this.#at >= this.#chunk.length && !this.#hasEnded) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#hasEnded = true;
      else [this.#chunk, this.#at] = [next.value, 0];
    }
    this.head = this.#chunk[this.#at]?.json();
    return this.head;
  }

  /** The row at the head, which must be there; the next one of the chunk takes its place. */
  take(): Row {
    const { head } = this;
    if (head === undefined) throw new Error('there is no row');
    this.#at += 1;
    this.head = this.#chunk[this.#at]?.json();
    return head;
  }

  /** The next row, awaited where that is needed. */
  async next(): Promise<Row | undefined> {
    if (this.isDrained) await this.fill();
    return this.head === undefined ? undefined : this.take();
  }
}

async function openRows<Row>(
  client: ClickHouseClient,
  { projectId, interval }: RowsTask,
  columnsAndView: string,
  order: string,
): Promise<Rows<Row>> {
  const answer = await client.query({
    query: `SELECT ${columnsAndView}
      WHERE project_id = {project_id:String}
        AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      ORDER BY ${order}`,
    query_params: { project_id: projectId, from_ms: interval.startMs, to_ms: interval.endMs },
    format: 'JSONEachRow',
    clickhouse_settings: {
      date_time_output_format: 'iso',
      output_format_json_quote_64bit_integers: 0,
      // Three statements run at once.
      max_threads: 1,
    },
  });
  return new Rows<Row>(answer.stream<Row>());
}
