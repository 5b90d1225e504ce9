// The main job on real parts: made-up rooms in a real ClickHouse, the real workflow, files read back from a
// real object store and held room by room against direct queries of the tables, which share nothing with the
// export's statement.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR, HOUR_MS, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';

const direction = z.object({ bitrate: z.number().nullable(), packet_loss: z.number().nullable() });
const roomShape = z.object({
  room_id: z.string(),
  start_time: z.string(),
  end_time: z.string(),
  users: z.number(),
  peers: z.array(
    z.object({
      peer_id: z.string(),
      start_time: z.string(),
      duration: z.number(),
      keys: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
      stats: z.object({
        audio: z.object({ send: direction, recv: direction }),
        video: z.object({ send: direction, recv: direction }),
      }),
    }),
  ),
});
type FileRoom = z.infer<typeof roomShape>;

/** Rooms of about 3.5 kB: three parts of 10 MB. */
const ROOMS_OF_SEVERAL_PARTS = 8_000;
const SMALL_PARTS = { rangeBytesPlain: 10_000_000 };

describe('an export run', () => {
  it('writes "[]" and a manifest for an interval without rooms', () =>
    withExportBench(async (bench) => {
      const { manifest } = await bench.run(makeStream(bench.unique('empty')), HOUR);
      assert.equal((await bench.readFile(manifest)).toString(), '[]\n');
      assert.equal(manifest?.rooms, 0);
      assert.equal(manifest.parts, 1);
      assert.equal(manifest.size_bytes, 3);
    }));

  it('writes only the manifest when empty intervals are to be skipped', () =>
    withExportBench(async (bench) => {
      const { manifest } = await bench.run(makeStream(bench.unique('skip'), { empty: 'skip' }), HOUR);
      assert.equal(manifest?.file_written, false);
      assert.equal(await bench.store.head({ key: manifest.key }), null);
    }));

  it('exports an interval of one batch with every room of the tables, in order', () =>
    withExportBench((bench) => assertExported(bench, { rooms: 300, parts: 1 })));

  it('exports an interval of several batches with every room once, in order', () =>
    withExportBench((bench) => assertExported(bench, { rooms: ROOMS_OF_SEVERAL_PARTS, parts: 4 }), {
      batches: SMALL_PARTS,
    }));

  it('writes the same bytes when it is repeated', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('again'));
      await makeRooms(bench, stream.name, 200);
      const first = await bench.run(stream, HOUR);
      const bytes = await bench.readFile(first.manifest);
      const again = await bench.run(stream, HOUR, true);
      assert.deepEqual(await bench.readFile(again.manifest), bytes);
      assert.equal(again.manifest?.generation, 2);
      assert.equal(again.manifest.supersedes, first.manifest?.write_id);
      assert.equal(again.manifest.raw_crc32, first.manifest?.raw_crc32);
    }));

  it('ends as already complete when the file exists', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('done'));
      const first = await bench.run(stream, HOUR);
      const second = await bench.run(stream, HOUR);
      assert.equal(second.outcome, 'already-complete');
      assert.deepEqual(second.manifest, first.manifest);
    }));

  it('exports a deleted file again', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('deleted'));
      const first = await bench.run(stream, HOUR);
      await bench.store.deleteObject({ key: first.manifest?.key ?? '' });
      const second = await bench.run(stream, HOUR);
      assert.equal(second.outcome, 'complete');
      assert.equal((await bench.readFile(second.manifest)).toString(), '[]\n');
    }));

  it('keeps two projects separate that have the same session, room and peer ids', () =>
    withExportBench(async (bench) => {
      const [one, other] = [makeStream(bench.unique('one')), makeStream(bench.unique('other'))];
      for (const stream of [one, other]) await makeRooms(bench, stream.name, 50);
      // The same rooms under both projects; what differs is what only the other project has.
      await bench.connection.command({
        query: `INSERT INTO rooms SELECT * REPLACE (version + 1 AS version, concat('other-', room_id) AS room_id)
          FROM rooms FINAL WHERE project_id = {project:String}`,
        query_params: { project: other.name },
      });
      const files = await Promise.all(
        [one, other].map(async (stream) => parseRooms(await readText(bench, stream.name))),
      );
      assert.equal(files[0]?.length, 50);
      assert.equal(files[1]?.length, 50);
      assert.ok(files[0].every(({ room_id }) => !room_id.startsWith('other-')));
      assert.ok(files[1].every(({ room_id }) => room_id.startsWith('other-')));
      const users = files.map((rooms) => rooms.map((room) => room.users));
      assert.deepEqual(users[0], users[1]);
    }));

  it('is exact to the millisecond: the start belongs to the interval, the end to the next', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('border'));
      for (const [session, atMs] of [
        ['before', HOUR.startMs - 1],
        ['first', HOUR.startMs],
        ['last', HOUR.endMs - 1],
        ['after', HOUR.endMs],
      ] as const) {
        const seconds = (atMs / 1000).toFixed(3);
        const times = { finalized_at: seconds, started_at: seconds, ended_at: seconds };
        const row = { project_id: stream.name, session_id: session, room_id: session, version: 1, ...times };
        await bench.connection.insert({ table: 'rooms', values: [row], format: 'JSONEachRow' });
      }
      const rooms = parseRooms(await readText(bench, stream.name));
      assert.deepEqual(
        rooms.map(({ room_id }) => room_id),
        ['first', 'last'],
      );
    }));
});

async function assertExported(
  bench: ExportBench,
  { rooms, parts }: { rooms: number; parts: number },
): Promise<void> {
  const stream = makeStream(bench.unique('made'));
  await makeRooms(bench, stream.name, rooms);
  const { manifest } = await bench.run(stream, HOUR);
  assert.equal(manifest?.rooms, rooms);
  assert.equal(manifest.parts, parts);
  const exported = parseRooms((await bench.readFile(manifest)).toString());
  const expected = await readExpected(bench, stream.name);
  assert.equal(exported.length, expected.length);
  exported.forEach((room, index) => assert.deepEqual(toComparable(room), expected[index]));
}

function makeRooms(bench: ExportBench, projectId: string, rooms: number): Promise<void> {
  return makeHistory(bench.connection, {
    rooms,
    seed: 7,
    projectId,
    fromMs: HOUR.startMs,
    toMs: HOUR.startMs + HOUR_MS,
  });
}

async function readText(bench: ExportBench, stream: string): Promise<string> {
  const { manifest } = await bench.run(makeStream(stream), HOUR);
  return (await bench.readFile(manifest)).toString();
}

function parseRooms(text: string): FileRoom[] {
  return z.array(roomShape).parse(JSON.parse(text));
}

/** One peer of one room: what the tables say of it, by plain queries. */
type Comparable = [roomId: string, times: string, users: number, peers: unknown[]];

function toComparable(room: FileRoom): Comparable {
  const peers = room.peers.map(({ peer_id, start_time, duration, keys, stats }) => {
    const { audio, video } = stats;
    const tracks = [audio.send, audio.recv, video.send, video.recv].map((d) => [d.bitrate, d.packet_loss]);
    const sorted = Object.entries(keys).map(([name, value]) => [name, ...[value].flat()]);
    return [peer_id, start_time, duration, sorted, tracks];
  });
  return [room.room_id, `${room.start_time} ${room.end_time}`, room.users, peers];
}

async function readExpected(bench: ExportBench, project: string): Promise<Comparable[]> {
  const select = async (query: string): Promise<Record<string, unknown>[]> => {
    const answer = await bench.connection.query({
      query,
      query_params: { project },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0, date_time_output_format: 'iso' },
    });
    return answer.json<Record<string, unknown>>();
  };
  const totals = new Map<string, Record<string, unknown>>();
  for (const row of await select('SELECT * FROM track_totals FINAL WHERE project_id = {project:String}'))
    totals.set([row['session_id'], row['peer_id'], row['media'], row['direction']].join('\n'), row);
  const peersOf = new Map<unknown, unknown[]>();
  const peers = await select(
    'SELECT * FROM peers FINAL WHERE project_id = {project:String} ORDER BY joined_at, peer_id',
  );
  for (const peer of peers) {
    const { session_id: session, peer_id: id, connected_ms: connected, keys } = peer;
    const tracks = ['audio\nsend', 'audio\nrecv', 'video\nsend', 'video\nrecv'].map((track) =>
      toQuantities(totals.get([session, id, track].join('\n'))),
    );
    const named = Object.entries(z.record(z.string(), z.array(z.string())).parse(keys));
    const sorted = named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => [name, ...values]);
    const list = peersOf.get(session) ?? [];
    list.push([id, peer['joined_at'], Math.floor((Number(connected) + 500) / 1000), sorted, tracks]);
    peersOf.set(session, list);
  }
  const rooms = await select(
    'SELECT * FROM rooms FINAL WHERE project_id = {project:String} ORDER BY finalized_at, session_id',
  );
  return rooms.map(({ session_id, room_id, started_at, ended_at }) => {
    const own = peersOf.get(session_id) ?? [];
    return [String(room_id), `${String(started_at)} ${String(ended_at)}`, own.length, own];
  });
}

/** Bitrate and loss as the contract defines them, to the file's decimals. */
function toQuantities(row: Record<string, unknown> | undefined): [number | null, number | null] {
  if (row === undefined) return [null, null];
  const [bytes, activeMs, lost, arrived] = ['bytes', 'active_ms', 'packets_lost', 'packets_arrived'].map(
    (name) => Number(row[name]),
  ) as [number, number, number, number];
  const clamped = Math.max(0, lost);
  const loss = clamped + arrived === 0 ? null : (100 * clamped) / (clamped + arrived);
  return [activeMs === 0 ? null : halfUp((8 * bytes) / activeMs, 0), loss === null ? null : halfUp(loss, 1)];
}

function halfUp(value: number, decimals: 0 | 1): number {
  const millionths = Math.floor(value * 1e6 + 0.5);
  const unit = decimals === 0 ? 1e6 : 1e5;
  return Math.floor((millionths + unit / 2) / unit) / (decimals === 0 ? 1 : 10);
}
