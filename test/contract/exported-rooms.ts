// Rooms written by hand into a history, and the file that the exporter's user makes of them, by the product's
// own statement and framing. Every file is held against its schema. What a row does not say is a quiet call
// of one minute: one peer who sends good audio.
import { randomUUID } from 'node:crypto';
import { closingPart } from '../../activities/export/closing-part.ts';
import { writeRange } from '../../activities/batch/write-range.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import type { FieldSet, FileFormat } from '../../workflows/model/stream.ts';
import { assertFile } from '../schema-check.ts';
import { getTestStack } from '../stack.ts';
import { toSeconds } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

export type Row = Record<string, unknown>;

/**
 * The hour whose rooms are exported; rooms are finalised at its start, end long before, and last a minute.
 */
export const HOUR_START_MS = Date.UTC(2026, 10, 23, 10);
export const HOUR_MS = 3_600_000;
const STARTED_MS = HOUR_START_MS - 600_000;
const ENDED_MS = STARTED_MS + 60_000;

export interface ExportOptions {
  fields?: FieldSet;
  format?: FileFormat;
  fromMs?: number;
  toMs?: number;
}

export interface ExportedFile {
  text: string;
  rooms: Record<string, unknown>[];
  /** Codes are joined by commas. */
  faults: { codes: string; sessionId: string }[];
}

/** The rows of one room; peers and totals name their session themselves where they are not of `s1`. */
export interface HandMadeRooms {
  rooms?: Row[];
  peers?: Row[];
  totals?: Row[];
}

/**
 * Inserts one room `s1` with these rows into a project of its own, exports that project's hour, and returns
 * the file.
 */
export async function exportOf(
  history: HistoryDatabase,
  { rooms = [{}], peers = [{}], totals = [] }: HandMadeRooms,
  options: ExportOptions = {},
): Promise<ExportedFile> {
  const project = randomUUID();
  await insertRows(
    history,
    'track_totals',
    totals.map((row) => ({ ...totalOf(row), project_id: project })),
  );
  await insertRows(
    history,
    'peers',
    peers.map((row) => ({ ...peerOf(row), project_id: project })),
  );
  await insertRows(
    history,
    'rooms',
    rooms.map((row) => ({ ...roomOf(row), project_id: project })),
  );
  return await exportProject(history, project, options);
}

async function insertRows(history: HistoryDatabase, table: string, rows: Row[]): Promise<void> {
  if (rows.length > 0) await history.insert(table, rows);
}

/** The connection of the exporter's user, who may only read. */
export async function exporterOf(history: HistoryDatabase): Promise<HistoryConnection> {
  const { clickhouse } = await getTestStack();
  return {
    url: clickhouse.url,
    database: history.target.database,
    user: clickhouse.exporterUser,
    password: clickhouse.exporterPassword,
  };
}

export async function exportProject(
  history: HistoryDatabase,
  projectId: string,
  options: ExportOptions = {},
): Promise<ExportedFile> {
  const {
    fields = 'standard',
    format = 'json',
    fromMs = HOUR_START_MS,
    toMs = HOUR_START_MS + HOUR_MS,
  } = options;
  const reader = openHistoryReader(await exporterOf(history));
  try {
    const range = { projectId, ...rangeOf({ startMs: fromMs, endMs: toMs }) };
    const { body, faults } = await writeRange(reader, { range, fields, format });
    const bytes = Buffer.from(body);
    return {
      text: bytes.toString('utf8'),
      rooms: assertFile(bytes, { fields, format }),
      faults: faults.map(({ codes, sessionId }) => ({ codes: codes.join(','), sessionId })),
    };
  } finally {
    await reader.close();
  }
}

/** The `json` file of a project's hour as one gzip member over two parts, put together as a run does it. */
export async function exportInTwoParts(history: HistoryDatabase, projectId: string): Promise<Buffer> {
  const reader = openHistoryReader(await exporterOf(history));
  const shape = { format: 'json', compression: 'gzip' } as const;
  try {
    const bounds = [HOUR_START_MS, HOUR_START_MS + HOUR_MS / 2, HOUR_START_MS + HOUR_MS];
    const parts = await Promise.all(
      [0, 1].map((index) =>
        writeRange(reader, {
          range: { projectId, ...rangeOf({ startMs: bounds[index] ?? 0, endMs: bounds[index + 1] ?? 0 }) },
          fields: 'standard',
          format: shape.format,
          part: { compression: shape.compression, isFirst: index === 0, isLast: index === 1 },
        }),
      ),
    );
    const closing = closingPart(shape, parts);
    return Buffer.concat([...parts.map(({ body }) => body), closing.body ?? Buffer.alloc(0)]);
  } finally {
    await reader.close();
  }
}

const WHOSE = { finalized_at: toSeconds(HOUR_START_MS), session_id: 's1', version: 1 };

export function roomOf(fields: Row = {}): Row {
  const times = { started_at: toSeconds(STARTED_MS), ended_at: toSeconds(ENDED_MS) };
  return { ...WHOSE, room_id: 'room', room_url: 'https://monitor.example/s1', ...times, ...fields };
}

export function peerOf(fields: Row = {}): Row {
  const times = {
    joined_at: toSeconds(STARTED_MS),
    left_at: toSeconds(ENDED_MS),
    connected_ms: 60_000,
    joins: 1,
  };
  return { ...WHOSE, peer_id: 'anna', ...times, ...fields };
}

/**
 * 32 kbit/s, steady, nothing lost, 5 ms of jitter, 40 ms of round trip (also where it is received, to show
 * that it is not read there).
 */
export function totalOf(fields: Row = {}): Row {
  const flow = { bytes: 240_000, packets: 3000, packets_lost: 0, packets_arrived: 3000, active_ms: 60_000 };
  const readings = {
    jitter_us_sum: 30_000,
    jitter_count: 6,
    jitter_us_max: 7500,
    rtt_us_sum: 240_000,
    rtt_count: 6,
  };
  const rest = { bitrate_sq_ms: 32 * 32 * 60_000, rtt_us_max: 60_400, codec: 'opus' };
  return {
    ...WHOSE,
    peer_id: 'anna',
    media: 'audio',
    direction: 'send',
    ...flow,
    ...readings,
    ...rest,
    ...fields,
  };
}

/** What stands at `a.b.0.c` in a room; undefined where there is no such place. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[step];
  }
  return found;
}
