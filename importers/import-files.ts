// The import: dumps in, rooms in the history out. Reads all files, then hands what they tell to
// write-import.ts, and says of each file what became of it. What the command `import` and `npm start --
// --history` call.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { readFiles } from './file-readers.ts';
import type { FileOutcome } from './file-readers.ts';
import type { FormatName } from './formats/format-reader.ts';
import { listFiles } from './list-files.ts';
import type { ListedFile } from './list-files.ts';
import type { LeftOut, ReadFile } from './read-file.ts';
import type { Room } from './rooms.ts';
import { writeImport } from './write-import.ts';
import type { WrittenImport } from './write-import.ts';

/** Reading is counted in bytes, writing in ticks and then in rooms. */
export type ImportStage = 'reading' | 'writing ticks' | 'writing rooms';
export type ImportProgress = (stage: ImportStage, done: number, total: number) => void;

export interface ImportOptions {
  projectId: string;
  format?: FormatName | 'auto';
  /** When new rooms are finalised; the server's clock if not given. */
  finalizedAtMs?: number;
  /**
   * Files read at once; by default one for each processor, or one where so little is read that starting
   * threads would take longer.
   */
  threads?: number;
  progress?: ImportProgress;
  /** Stops the import between two steps. What was written stays; importing again completes it. */
  signal?: AbortSignal;
}

/** What became of one file. */
export interface FileSummary {
  path: string;
  /** The user named this very file; others were found in a folder. */
  isNamed: boolean;
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
  /** When each of them is finalised, by its session id: those of earlier imports as it was then. */
  finalizedAtMs: ReadonlyMap<string, number>;
  roomsWritten: number;
  peersWritten: number;
}

/** Read by one in a fraction of a second. */
const BYTES_WORTH_THREADS = 16 * 1024 * 1024;

/** Ticks of all files together that may stay in memory between reading and writing. */
const TICK_BYTES_IN_MEMORY = 16 * 1024 * 1024;

/**
 * Imports dumps and folders of dumps. Rejects only when the history cannot be reached or written, or when it
 * is stopped; a file that cannot be read is told in its summary. Importing again adds nothing.
 */
export async function importFiles(
  connection: ClickHouseClient,
  paths: readonly string[],
  options: ImportOptions,
): Promise<ImportResult> {
  return withReadFiles(paths, options, async ({ files, summarize }) => {
    const written = await writeImport(connection, files, { ...options, relabel: null });
    const { rooms, finalizedAtMs, roomsWritten, peersWritten } = written;
    return { files: summarize(written), rooms, finalizedAtMs, roomsWritten, peersWritten };
  });
}

/** What became of presences, as far as a file's summary says it. */
export type PlacedFiles = Pick<WrittenImport, 'sessionOf' | 'wasIn'>;

export interface ReadFiles {
  /** In the order of the files; `null` is one that could not be read. */
  files: readonly (ReadFile | null)[];
  summarize: (placed: PlacedFiles) => FileSummary[];
}

/** Reads dumps and folders of dumps; what they hold is there until `use` ends. */
export async function withReadFiles<Result>(
  paths: readonly string[],
  options: ImportOptions,
  use: (read: ReadFiles) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-import-'));
  try {
    const listed = await listFiles(paths);
    const outcomes = await readAll(listed, folder, options);
    return await use({
      files: outcomes.map((outcome) => (outcome.kind === 'read' ? outcome.file : null)),
      summarize: (placed) =>
        listed.map((file, index) =>
          summarizeFile(file, outcomes[index] ?? { kind: 'failed', message: 'was not read' }, placed),
        ),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAll(
  files: readonly ListedFile[],
  folder: string,
  { format = 'auto', threads, progress, signal }: ImportOptions,
): Promise<FileOutcome[]> {
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytesRead: number[] = files.map(() => 0);
  let bytesDone = 0;
  const jobs = files.map(({ path }, index) => ({ path, spoolPath: join(folder, `ticks-${index}.tsv`) }));
  return readFiles(jobs, {
    format,
    threads: threads ?? (bytesTotal < BYTES_WORTH_THREADS ? 1 : availableParallelism()),
    tickBytesInMemory: Math.floor(TICK_BYTES_IN_MEMORY / Math.max(2, files.length)),
    progress: (index, bytes) => {
      bytesDone += bytes - (bytesRead[index] ?? 0);
      bytesRead[index] = bytes;
      progress?.('reading', bytesDone, bytesTotal);
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

function summarizeFile(
  { path, bytes, isNamed }: ListedFile,
  outcome: FileOutcome,
  written: PlacedFiles,
): FileSummary {
  const file = outcome.kind === 'read' ? outcome.file : null;
  const presences = file?.presences.map(({ presence }) => presence) ?? [];
  const rooms = new Set(presences.map(({ sourceId }) => written.sessionOf.get(sourceId)));
  return {
    path,
    isNamed,
    bytes,
    format: file?.format ?? null,
    rooms: rooms.size,
    peers: new Set(
      presences.map(({ sourceId, peerId }) => `${written.sessionOf.get(sourceId) ?? ''}\n${peerId}`),
    ).size,
    sessions: presences.length,
    ticks: file?.ticks.count ?? 0,
    wasAlreadyIn: presences.length > 0 && presences.every(({ sourceId }) => written.wasIn.has(sourceId)),
    leftOut: file?.leftOut ?? [],
    error: outcome.kind === 'failed' ? outcome.message : null,
  };
}
