// The import: dumps in, rooms in the history out. Reads all files, puts what they tell together with what earlier imports
// told of the same rooms, writes what is new, has the track totals computed. What the command `import` calls.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { analyse } from '../analyse.ts';
import { readFiles } from './file-readers.ts';
import type { FileOutcome } from './file-readers.ts';
import type { FormatName } from './formats/format-reader.ts';
import type { Presence } from './presences.ts';
import type { LeftOut, ReadFile } from './read-file.ts';
import { toRooms } from './rooms.ts';
import type { PlacedPresence, Room } from './rooms.ts';
import { readImported, writePresences, writeRooms, writeTicks } from './write-history.ts';
import type { TickOwners } from './write-history.ts';

export interface ImportOptions {
  projectId: string;
  format?: FormatName | 'auto';
  /** When new rooms are finalised; the server's clock if not given. */
  finalizedAtMs?: number;
  /** Files read at once; by default one for each processor. */
  threads?: number;
  /** Bytes read of all bytes of all files. */
  progress?: (bytes: number, bytesTotal: number) => void;
}

/** What became of one file. */
export interface FileSummary {
  path: string;
  bytes: number;
  /** Null when the file is no dump, or could not be read. */
  format: FormatName | null;
  rooms: number;
  peers: number;
  sessions: number;
  ticks: number;
  /** Everything in it was in the history before. */
  wasAlreadyIn: boolean;
  leftOut: LeftOut[];
  /** Why it could not be opened or read. */
  error: string | null;
}

export interface ImportResult {
  files: FileSummary[];
  /** The rooms that the files told of, with all that the history knows of them by now. */
  rooms: Room[];
  roomsWritten: number;
  peersWritten: number;
}

/** A source of bytes that is no file, such as a recording held in memory, with the place in time and the name it is given. */
export interface Relabel {
  /** Takes the place of the meeting's own id. */
  sessionId: string;
  shiftMs: number;
}

/**
 * Imports dumps and folders of dumps. Rejects only when the history cannot be reached or written; a file that cannot be
 * read is told in its summary. Importing again adds nothing.
 */
export async function importFiles(
  connection: ClickHouseClient,
  paths: readonly string[],
  options: ImportOptions,
): Promise<ImportResult> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-import-'));
  try {
    const files = await listFiles(paths);
    const outcomes = await readAll(files, folder, options);
    const read = outcomes.map((outcome) => (outcome.kind === 'read' ? outcome.file : null));
    const written = await writeImport(connection, read, { ...options, relabel: null });
    const summaries = files.map(({ path, bytes }, index) =>
      summarize(path, bytes, outcomes[index] ?? { kind: 'failed', message: 'was not read' }, written),
    );
    return {
      files: summaries,
      rooms: written.rooms,
      roomsWritten: written.roomsWritten,
      peersWritten: written.peersWritten,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface WrittenImport {
  rooms: Room[];
  roomsWritten: number;
  peersWritten: number;
  /** Presences that the history had before, exactly so. */
  wasIn: ReadonlySet<string>;
}

/** Writes what was read; `null` stands for a file that could not be read. */
export async function writeImport(
  connection: ClickHouseClient,
  read: readonly (ReadFile | null)[],
  options: { projectId: string; finalizedAtMs?: number; relabel: Relabel | null },
): Promise<WrittenImport> {
  const { projectId, relabel } = options;
  const files = read.map((file) => (file === null || relabel === null ? file : moved(file, relabel)));
  const found = files.flatMap((file) => file?.presences ?? []).map(({ presence }) => presence);
  const roomKeys = [...new Set(found.map(({ roomKey }) => roomKey))];
  const imported = await readImported(connection, projectId, roomKeys);
  const { placed, wasIn } = placePresences(found, imported);
  const touched = new Set(found.map(({ sourceId }) => sourceId));
  const rooms = toRooms(placed).filter(({ presences }) =>
    presences.some(({ sourceId }) => touched.has(sourceId)),
  );
  const places = placesOf(rooms);
  for (const file of files) {
    if (file === null || file.presences.every(({ presence }) => wasIn.has(presence.sourceId))) continue;
    const shiftMs = relabel?.shiftMs ?? 0;
    await writeTicks(connection, projectId, { ticks: file.ticks, owners: ownersOf(file, places), shiftMs });
  }
  const finalizedAtMs = options.finalizedAtMs ?? (await serverTimeMs(connection));
  const written = await writeRooms(connection, projectId, { rooms, finalizedAtMs });
  if (wasIn.size < touched.size) {
    await analyseRooms(connection, projectId, written.finalizedAtMs);
    await writePresences(connection, projectId, rooms);
  }
  return { rooms, roomsWritten: written.roomsWritten, peersWritten: written.peersWritten, wasIn };
}

function moved(file: ReadFile, { shiftMs, sessionId }: Relabel): ReadFile {
  const move = (presence: Presence): Presence => ({
    ...presence,
    sourceId: `${presence.sourceId}-${sessionId}`,
    meetingId: sessionId,
    joinedAtMs: presence.joinedAtMs + shiftMs,
    leftAtMs: presence.leftAtMs + shiftMs,
    connectedMs: presence.connectedMs.map(([from, to]) => [from + shiftMs, to + shiftMs]),
  });
  return { ...file, presences: file.presences.map((one) => ({ ...one, presence: move(one.presence) })) };
}

/** All presences of the rooms concerned: those just read, each once and the fuller of two, and those of earlier imports. */
function placePresences(
  found: readonly Presence[],
  imported: readonly PlacedPresence[],
): { placed: PlacedPresence[]; wasIn: Set<string> } {
  const placed = new Map(imported.map((one) => [one.presence.sourceId, one]));
  const wasIn = new Set<string>();
  for (const presence of found) {
    const known = placed.get(presence.sourceId);
    if (known !== undefined && isDeepStrictEqual(known.presence, presence)) {
      if (known.sessionId !== null) wasIn.add(presence.sourceId);
    } else if (known === undefined || known.presence.leftAtMs <= presence.leftAtMs) {
      placed.set(presence.sourceId, { presence, sessionId: known?.sessionId ?? null });
    } else if (known.sessionId !== null) wasIn.add(presence.sourceId);
  }
  return { placed: [...placed.values()], wasIn };
}

function placesOf(rooms: readonly Room[]): Map<string, { sessionId: string; peerId: string }> {
  return new Map(
    rooms.flatMap(({ room, presences }) =>
      presences.map(({ sourceId, peerId }) => [sourceId, { sessionId: room.session_id, peerId }] as const),
    ),
  );
}

function ownersOf(
  file: ReadFile,
  places: ReadonlyMap<string, { sessionId: string; peerId: string }>,
): TickOwners {
  const owners = new Map<number, { sessionId: string; peerId: string; connectionId: string }>();
  for (const { presence, connections } of file.presences) {
    const place = places.get(presence.sourceId);
    if (place === undefined) continue;
    for (const { index, id } of connections) owners.set(index, { ...place, connectionId: id });
  }
  return owners;
}

/** New rooms are finalised at one time, those of earlier imports each at its own. */
async function analyseRooms(
  connection: ClickHouseClient,
  projectId: string,
  finalizedAtMs: ReadonlyMap<string, number>,
): Promise<void> {
  const sessionsAt = new Map<number, string[]>();
  for (const [sessionId, at] of finalizedAtMs) {
    const sessions = sessionsAt.get(at);
    if (sessions === undefined) sessionsAt.set(at, [sessionId]);
    else sessions.push(sessionId);
  }
  for (const [at, sessions] of sessionsAt) {
    for (let start = 0; start < sessions.length; start += SESSIONS_PER_ANALYSIS) {
      const sessionIds = sessions.slice(start, start + SESSIONS_PER_ANALYSIS);
      await analyse(connection, { projectId, finalizedFromMs: at, finalizedToMs: at + 1, sessionIds });
    }
  }
}

/** Session ids travel with the statement. */
const SESSIONS_PER_ANALYSIS = 500;

async function serverTimeMs(connection: ClickHouseClient): Promise<number> {
  const answer = await connection.query({
    query: 'SELECT toUnixTimestamp64Milli(now64(3)) AS ms',
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const [row] = z.array(z.object({ ms: z.number() })).parse(await answer.json());
  if (row === undefined) throw new Error('the history did not tell its time');
  return row.ms;
}

/** Files named, and all files in folders named, in the order of their names; hidden ones are passed over. */
async function listFiles(paths: readonly string[]): Promise<{ path: string; bytes: number }[]> {
  const files: { path: string; bytes: number }[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory() !== true) {
      files.push({ path, bytes: info?.size ?? 0 });
      continue;
    }
    const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
    files.push(...(await listFiles(names.map((name) => join(path, name)))));
  }
  return files;
}

async function readAll(
  files: readonly { path: string; bytes: number }[],
  folder: string,
  { format = 'auto', threads = availableParallelism(), progress }: ImportOptions,
): Promise<FileOutcome[]> {
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytesRead: number[] = files.map(() => 0);
  const jobs = files.map(({ path }, index) => ({ path, spoolPath: join(folder, `ticks-${index}.tsv`) }));
  return readFiles(jobs, {
    format,
    threads,
    progress: (index, bytes) => {
      bytesRead[index] = bytes;
      progress?.(
        bytesRead.reduce((sum, one) => sum + one, 0),
        bytesTotal,
      );
    },
  });
}

function summarize(path: string, bytes: number, outcome: FileOutcome, written: WrittenImport): FileSummary {
  const file = outcome.kind === 'read' ? outcome.file : null;
  const presences = file?.presences.map(({ presence }) => presence) ?? [];
  const inFile = new Set(presences.map(({ sourceId }) => sourceId));
  const rooms = written.rooms.filter((room) => room.presences.some(({ sourceId }) => inFile.has(sourceId)));
  return {
    path,
    bytes,
    format: file?.format ?? null,
    rooms: rooms.length,
    peers: new Set(presences.map(({ roomKey, peerId }) => `${roomKey}\n${peerId}`)).size,
    sessions: presences.length,
    ticks: file?.ticks.count ?? 0,
    wasAlreadyIn: presences.length > 0 && presences.every(({ sourceId }) => written.wasIn.has(sourceId)),
    leftOut: file?.leftOut ?? [],
    error: outcome.kind === 'failed' ? outcome.message : null,
  };
}
