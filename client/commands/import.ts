// `room-streams import`: imports recordings of calls into the history. It opens ClickHouse itself as an
// administrator, because no activity does this work. This file owns the output and the exit codes; importers/
// reads and writes the dumps.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { dryRunImport, toDryRunJson, toFileRow, withIsoTimes } from '../../importers/dry-run.ts';
import type { FormatName } from '../../importers/formats/format-reader.ts';
import { importFiles } from '../../importers/import-files.ts';
import type { FileSummary, ImportOptions, ImportResult } from '../../importers/import-files.ts';
import { listFiles } from '../../importers/list-files.ts';
import type { LeftOut } from '../../importers/read-file.ts';
import type { RoomRow } from '../../importers/rooms.ts';
import type { Terminal } from '../cli.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withHistory } from '../history-access.ts';
import { parseCount, parseInstantMs, parseProjectId, parseWord } from '../parse-arguments.ts';
import { printJson, toByteText } from '../print.ts';
import { ProgressLine } from '../progress-line.ts';

const FORMATS = ['auto', 'rtcstats', 'webrtc-internals', 'getstats'] as const;
const THREADS_MAX = 64;

/** The default project of imported rooms, which keeps them apart from the rooms of real customers. */
const PROJECT_DEFAULT = 'imported';

/** When no room was found, this many of the skipped files are listed with the reason. */
const REASONS_SHOWN_MAX = 2;

/** Up to this many rooms are listed one by one. */
const ROOMS_LISTED_MAX = 20;

interface ImportCommandOptions {
  project: string;
  dryRun?: boolean;
  json?: boolean;
  format: FormatName | 'auto';
  finalizedAt?: number;
  threads?: number;
}

export function addImportCommand(program: Command, terminal: Terminal): void {
  program
    .command('import')
    .argument('<path...>', 'dumps, and folders of dumps; also packed with gzip or zstd')
    .description('brings recordings of calls into the history: rtcstats, webrtc-internals and getStats dumps')
    .option('--project <id>', 'whose rooms they become', parseProjectId, PROJECT_DEFAULT)
    .option('--dry-run', 'show what an import would bring; change nothing')
    .option('--json', 'print as JSON, and no progress')
    .option('--format <format>', FORMATS.join(', '), parseWord(FORMATS), 'auto')
    .option('--finalized-at <time>', 'when new rooms count as finalised; now if absent', parseInstantMs)
    .option(
      '--threads <number>',
      'files read at once; one for each processor if absent',
      parseCount(1, THREADS_MAX),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  room-streams import --project acme dumps/\n  room-streams import --dry-run --json call.jsonl.gz',
    )
    .action(async (paths: string[], options: ImportCommandOptions) => {
      await assertFiles(paths);
      const progress = new ProgressLine(terminal);
      const importing = toImportOptions(options, progress);
      const files = await stoppable(importing, options.dryRun === true ? STOPPED_DRY : STOPPED, () =>
        options.dryRun === true
          ? runDry(terminal, { paths, options, importing, progress })
          : runImport(terminal, { paths, options, importing, progress }),
      ).finally(() => progress.clear());
      assertImported(files);
    });
}

interface Run {
  paths: readonly string[];
  options: ImportCommandOptions;
  importing: ImportOptions;
  progress: ProgressLine;
}

async function runImport(
  terminal: Terminal,
  { paths, options, importing, progress }: Run,
): Promise<FileSummary[]> {
  const result = await withHistory((connection) => importFiles(connection, paths, importing));
  progress.clear();
  if (options.json === true) printJson(terminal, toResultJson(importing.projectId, result));
  else {
    const { files, rooms, roomsWritten, peersWritten } = result;
    printFiles(terminal, files);
    printRooms(terminal, rooms);
    const written = `${count(roomsWritten, 'room')} and ${count(peersWritten, 'peer')} written or changed`;
    terminal.out(
      `project ${importing.projectId}: ${roomsWritten + peersWritten === 0 ? 'nothing new' : written}`,
    );
  }
  return result.files;
}

async function runDry(
  terminal: Terminal,
  { paths, options, importing, progress }: Run,
): Promise<FileSummary[]> {
  // Finished rooms are shown only with --json.
  const result = await dryRunImport(paths, { ...importing, isFinished: options.json === true });
  progress.clear();
  if (options.json === true) terminal.out(toDryRunJson(result));
  else {
    printFiles(terminal, result.files);
    const peersOf = (sessionId: string): unknown[] =>
      result.peers.filter(({ session_id }) => session_id === sessionId);
    printRooms(
      terminal,
      result.rooms.map((room) => ({ room, peers: peersOf(room.session_id) })),
    );
    terminal.out('dry run: nothing was changed; --json shows peers, track totals and the finished rooms');
  }
  return result.files;
}

function toImportOptions(options: ImportCommandOptions, progress: ProgressLine): ImportOptions {
  const { project, format, finalizedAt, threads } = options;
  return {
    projectId: project,
    format,
    ...(finalizedAt === undefined ? {} : { finalizedAtMs: finalizedAt }),
    ...(threads === undefined ? {} : { threads }),
    ...(options.json === true
      ? {}
      : {
          progress: (stage, done, total) =>
            progress.show({ stage, done, total, toText: stage === 'reading' ? toByteText : toAmount }),
        }),
  };
}

/**
 * Ctrl-C stops the import between two steps, so that nothing partial is left. A second Ctrl-C ends the
 * process at once.
 */
async function stoppable<Result>(
  importing: ImportOptions,
  sentence: string,
  run: () => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  importing.signal = stop.signal;
  const onInterrupt = (): void => stop.abort(new CommandError(sentence, EXIT.failed));
  process.once('SIGINT', onInterrupt);
  try {
    return await run();
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

const STOPPED_DRY = 'stopped; nothing was changed';
const STOPPED = 'stopped; what was written stays, and importing the same files again completes it';

async function assertFiles(paths: readonly string[]): Promise<void> {
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new CommandError(`nothing imported: there is no ${missing.join(', ')}`, EXIT.notFound);
  if ((await listFiles(paths)).length === 0)
    throw new CommandError(`nothing imported: there is no file in ${paths.join(', ')}`, EXIT.notFound);
}

/** Files named on the command line must be dumps; a folder may also contain other files. */
function assertImported(files: readonly FileSummary[]): void {
  const failed = files.filter(({ error }) => error !== null);
  const others = files.filter(({ isNamed, format, error }) => isNamed && format === null && error === null);
  const problems = [
    ...failed.map(({ path, error }) => `${path} could not be read: ${error ?? ''}`),
    ...others.map(({ path, leftOut }) =>
      [`${path} is not a dump of a known format`, ...reasonsOf(leftOut.slice(1))].join(': '),
    ),
  ];
  if (problems.length === 0 && files.every(({ sessions }) => sessions === 0)) {
    const reasons = files.flatMap(({ leftOut }) => reasonsOf(leftOut));
    problems.push(
      [`no room was found in ${count(files.length, 'file')}`, ...reasons.slice(0, REASONS_SHOWN_MAX)].join(
        ': ',
      ),
    );
  }
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.failed);
}

function reasonsOf(leftOut: readonly LeftOut[]): string[] {
  return leftOut.map(({ reason }) => reason);
}

function printFiles(terminal: Terminal, files: readonly FileSummary[]): void {
  for (const file of files) {
    terminal.out(`${file.path}: ${describeFile(file)}`);
    if (file.format === null) {
      for (const seems of reasonsOf(file.leftOut.slice(1))) terminal.out(`  ${seems}`);
      continue;
    }
    for (const { reason, count: times, firstPlace } of file.leftOut)
      terminal.out(`  left out: ${reason}${times === 1 ? '' : `, ${times} times`} (${firstPlace})`);
  }
}

function describeFile(file: FileSummary): string {
  if (file.error !== null) return 'could not be read';
  if (file.format === null) return 'not a dump of a known format, passed over';
  const { rooms, peers, sessions, ticks } = file;
  const counts = [
    count(rooms, 'room'),
    count(peers, 'peer'),
    count(sessions, 'session'),
    count(ticks, 'tick'),
  ];
  const state = file.wasAlreadyIn ? ', in the history already' : '';
  return `${file.format}, ${toByteText(file.bytes)}: ${counts.join(', ')}${state}`;
}

function printRooms(
  terminal: Terminal,
  rooms: readonly { room: RoomRow; peers: readonly unknown[] }[],
): void {
  for (const { room, peers } of rooms.slice(0, ROOMS_LISTED_MAX)) {
    const seconds = Math.round((room.ended_at - room.started_at) / 1000);
    terminal.out(
      `room ${room.room_id} (session ${room.session_id}): ${count(peers.length, 'peer')}, ` +
        `${new Date(room.started_at).toISOString()}, ${toAmount(seconds)} s`,
    );
  }
  if (rooms.length > ROOMS_LISTED_MAX)
    terminal.out(`and ${count(rooms.length - ROOMS_LISTED_MAX, 'more room')}`);
}

function toResultJson(projectId: string, result: ImportResult): Record<string, unknown> {
  const { files, rooms, finalizedAtMs, roomsWritten, peersWritten } = result;
  return {
    project_id: projectId,
    files: files.map(toFileRow),
    rooms: rooms.map(({ room, peers }) => ({
      ...withIsoTimes(room),
      finalized_at: new Date(finalizedAtMs.get(room.session_id) ?? Number.NaN).toISOString(),
      peers: peers.length,
    })),
    rooms_written: roomsWritten,
    peers_written: peersWritten,
  };
}

function count(amount: number, what: string): string {
  return `${toAmount(amount)} ${what}${amount === 1 ? '' : 's'}`;
}

function toAmount(amount: number): string {
  return amount.toLocaleString('en-US');
}
