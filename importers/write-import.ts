// Puts what files told together with what earlier imports told of the same rooms, writes what is new, has the
// track totals computed. Ticks first; then, a block of rooms at a time, their rows, their totals, and last
// the note that they are in: who reads meanwhile soon finds a room whole, and an import that was cut short is
// completed by doing it again.
import type { ClickHouseClient } from '@clickhouse/client';
import { analyse } from '../history/analyse.ts';
import type { ImportProgress } from './import-files.ts';
import type { Presence } from './presences.ts';
import type { ReadFile } from './read-file.ts';
import { ownedTicks, placePresences } from './place-presences.ts';
import { toRooms } from './rooms.ts';
import type { PlacedPresence, Room } from './rooms.ts';
import {
  inBlocks,
  readFinalizedAt,
  readImported,
  readServerTime,
  writePresences,
  writeRooms,
} from './write-history.ts';
import type { WriteResult } from './write-history.ts';
import { removeTicks, writeTicks } from './write-ticks.ts';
import type { ReplacedStay } from './write-ticks.ts';

export interface WriteImportOptions {
  projectId: string;
  finalizedAtMs?: number;
  /** For a recording that is loaded under another name and at another time; else null. */
  relabel: Relabel | null;
  progress?: ImportProgress;
  signal?: AbortSignal;
}

export interface Relabel {
  /** Takes the place of the meeting's own id. */
  sessionId: string;
  shiftMs: number;
}

export interface WrittenImport {
  /** All rooms that the files told of. */
  rooms: Room[];
  roomsWritten: number;
  peersWritten: number;
  /** When each of them is finalised, by its session id. */
  finalizedAtMs: ReadonlyMap<string, number>;
  /** The session into which each presence was put, by its source id. */
  sessionOf: ReadonlyMap<string, string>;
  /** Presences that the history had before, as full or fuller. */
  wasIn: ReadonlySet<string>;
}

/** Writes what was read; `null` stands for a file that could not be read. */
export async function writeImport(
  connection: ClickHouseClient,
  read: readonly (ReadFile | null)[],
  options: WriteImportOptions,
): Promise<WrittenImport> {
  const { projectId, relabel } = options;
  const files = read.flatMap((file) => {
    if (file === null) return [];
    return [relabel === null ? file : moved(file, relabel)];
  });
  const found = files.flatMap(({ presences }) => presences.map(({ presence }) => presence));
  const imported = await readImported(connection, projectId, found);
  const { placed, wasIn } = placePresences(found, imported);
  const touched = new Set(found.map(({ sourceId }) => sourceId));
  const isNew = ({ sourceId }: Presence): boolean => touched.has(sourceId) && !wasIn.has(sourceId);
  const rooms = toRooms(placed).filter(({ presences }) =>
    presences.some(({ sourceId }) => touched.has(sourceId)),
  );
  const changed = rooms.filter(({ presences }) => presences.some(isNew));
  const unchanged = rooms.filter(({ presences }) => !presences.some(isNew));
  await removeTicks(connection, projectId, replaced(found, imported, isNew));
  await writeTicks(connection, projectId, { sources: ownedTicks(files, changed, isNew), ...options });
  const written = await writeBlocks(connection, changed, { ...options, isNew });
  const finalizedAtMs = await readFinalizedAt(connection, projectId, unchanged);
  for (const [sessionId, at] of written.finalizedAtMs) finalizedAtMs.set(sessionId, at);
  const sessionOf = new Map(
    rooms.flatMap(({ room, presences }) =>
      presences.map(({ sourceId }) => [sourceId, room.session_id] as const),
    ),
  );
  return { rooms, ...written, finalizedAtMs, sessionOf, wasIn };
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

/** Of what is new, the stays that the history holds otherwise: as less than the whole, mostly. */
function replaced(
  found: readonly Presence[],
  imported: readonly PlacedPresence[],
  isNew: (presence: Presence) => boolean,
): ReplacedStay[] {
  const foundNew = new Set(found.filter(isNew).map(({ sourceId }) => sourceId));
  return imported.flatMap(({ presence: { sourceId }, sessionId }) =>
    sessionId !== null && foundNew.has(sourceId) ? [{ sessionId, sourceId }] : [],
  );
}

interface WriteBlocksOptions extends WriteImportOptions {
  isNew: (presence: Presence) => boolean;
}

async function writeBlocks(
  connection: ClickHouseClient,
  rooms: readonly Room[],
  { projectId, finalizedAtMs, isNew, progress, signal }: WriteBlocksOptions,
): Promise<WriteResult> {
  const sums: WriteResult = { roomsWritten: 0, peersWritten: 0, finalizedAtMs: new Map() };
  let done = 0;
  for (const block of inBlocks(rooms, ({ room }) => room.session_id)) {
    signal?.throwIfAborted();
    const written = await writeRooms(connection, projectId, {
      rooms: block,
      // Asked anew for each block: a room must not turn up long after the time at which it was finalised.
      finalizedAtMs: finalizedAtMs ?? (await readServerTime(connection)),
    });
    await analyseRooms(connection, projectId, written.finalizedAtMs);
    await writePresences(connection, projectId, { rooms: block, isNew });
    sums.roomsWritten += written.roomsWritten;
    sums.peersWritten += written.peersWritten;
    for (const [sessionId, at] of written.finalizedAtMs) sums.finalizedAtMs.set(sessionId, at);
    done += block.length;
    progress?.('writing rooms', done, rooms.length);
  }
  return sums;
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
  for (const [at, sessionIds] of sessionsAt) {
    await analyse(connection, { projectId, finalizedFromMs: at, finalizedToMs: at + 1, sessionIds });
  }
}
