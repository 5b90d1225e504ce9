// Everything that takes part: sets each contender up on the shared servers, outside of any measurement, and
// says how its file is checked.
import { toEnvironment } from '../../local/stack-environment.ts';
import { readWorkerConfig } from '../../config/config.ts';
import { INTERVAL, PROJECT } from '../export-run.ts';
import { ELSEWHERE_SHARE_MAX } from '../processor-times.ts';
import { RivalProcess } from './child-process.ts';
import { elsewhereShareOf, measure } from './contender.ts';
import type { Contender, Output, StartedProgram } from './contender.ts';
import { startBaseline, startOurs } from './export-contender.ts';
import type { FileOfRun } from './export-contender.ts';
import type { RivalsStack } from './rivals-stack.ts';
import { makeSamples, SAMPLES_DATABASE } from './samples.ts';
import { fastestOf, runStatement, tryWays, WAYS } from './sql-statements.ts';
import type { Compression, StatementRun, Way } from './sql-statements.ts';
import { rowsWrittenSchema, scannedSchema, uploadedSchema } from './tasks.ts';
import type { ClickHouseReader, RowsTask, ScanTask, UploadTask } from './tasks.ts';

export interface SetUp {
  rooms: number;
  /** How many rooms have raw samples. */
  sampledRooms: number;
  compression: Compression;
  /** A checkout of another commit; undefined for none. */
  baseline: string | undefined;
}

/** Hears what is done before the rounds. */
export type Say = (sentence: string) => void;

export interface Contenders {
  /** In the order of a round, ours first. */
  all: readonly Contender[];
  stop(): Promise<void>;
}

/**
 * What a contender's sums may differ by, times the tolerances: samples do not carry every detail of the
 * totals that they were made from.
 */
const LOOSER_FROM_SAMPLES = 50;

export function loosenessOf(name: string): number {
  return name === 'samples' ? LOOSER_FROM_SAMPLES : 1;
}

/** Starts all programs and tries the statements. Ends what it started when anything fails. */
export async function startContenders(rivals: RivalsStack, setUp: SetUp, say: Say): Promise<Contenders> {
  const all: Contender[] = [];
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((stopOne) => stopOne()));
  };
  /** The first run of a program loads code and opens connections. */
  const join = async ({ contender, stop: stopOne }: StartedProgram): Promise<void> => {
    stops.push(stopOne);
    all.push(contender);
    await contender.run();
  };
  try {
    const ours = await startOurs({ rivals, ...setUp });
    await join(ours);
    if (setUp.baseline !== undefined) await join(await startBaseline({ rivals, ...setUp }, setUp.baseline));
    all.push(await startTypedStatement(rivals, setUp, say));
    all.push(await startSamplesStatement(rivals, setUp, say));
    await join(startRowExporter(rivals, setUp));
    await join(startScans(rivals, setUp));
    await join(startUploads(rivals, setUp, ours.manifest()));
    return { all, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startTypedStatement(rivals: RivalsStack, setUp: SetUp, say: Say): Promise<Contender> {
  const statement = {
    file: 'typed-statement.sql',
    key: rivalKey('typed-statement', setUp.compression),
    compression: setUp.compression,
    interval: INTERVAL,
  };
  const { run, way } = await tuneStatement(rivals, statement, say);
  return {
    name: 'statement',
    what: `one typed statement over the three views, INSERT INTO FUNCTION s3 (${way})`,
    rooms: setUp.rooms,
    processes: rivals.servers,
    run,
  };
}

async function startSamplesStatement(rivals: RivalsStack, setUp: SetUp, say: Say): Promise<Contender> {
  const wanted = { rooms: setUp.sampledRooms, roomsOfInterval: setUp.rooms };
  const { interval, rooms, samples } = await makeSamples(rivals.connection, wanted);
  say(`samples: ${samples} ticks of the first ${rooms} rooms`);
  const statement = {
    file: 'samples-statement.sql',
    key: rivalKey('samples-statement', setUp.compression),
    compression: setUp.compression,
    interval,
    params: { samples_database: SAMPLES_DATABASE },
  };
  const { run, way } = await tuneStatement(rivals, statement, say);
  return {
    name: 'samples',
    what: `the same from raw samples, ${samples} ticks of the first ${rooms} rooms (${way})`,
    rooms,
    processes: rivals.servers,
    run,
  };
}

async function tuneStatement(
  rivals: RivalsStack,
  statement: StatementRun,
  say: Say,
): Promise<{ way: string; run: Contender['run'] }> {
  const { connection, stack } = rivals;
  const runBy = async (way: Way): Promise<Output> => {
    await runStatement(connection, stack.store, { ...statement, way });
    return { rawBytes: null, key: statement.key };
  };
  const tries = await tryWays(async (way) => {
    const measured = await measure({ processes: rivals.servers, run: () => runBy(way) });
    const { seconds } = measured;
    const isQuiet = elsewhereShareOf(measured) <= ELSEWHERE_SHARE_MAX;
    say(`${statement.file}, ${way.name}: ${seconds.toFixed(2)} s${isQuiet ? '' : ', disturbed'}`);
    return { way, seconds, isQuiet };
  });
  const fastest = fastestOf(tries);
  const way = fastest ?? WAYS[0];
  const why = fastest === undefined ? 'not tuned: the machine was not idle' : 'the fastest here';
  return { way: `${way.name}, ${why}`, run: () => runBy(way) };
}

function startRowExporter({ stack, servers }: RivalsStack, setUp: SetUp): StartedProgram {
  const program = new RivalProcess<RowsTask, { rooms: number; rawBytes: number }>(
    './row-program.ts',
    rowsWrittenSchema,
  );
  const task: RowsTask = {
    clickHouse: readerOf({ stack }),
    store: stack.store,
    projectId: PROJECT,
    interval: INTERVAL,
    key: rivalKey('row-exporter', setUp.compression),
    compression: setUp.compression,
  };
  const contender: Contender = {
    name: 'rows',
    what: 'a Node program that streams JSON rows of the three views and writes with JSON.stringify',
    rooms: setUp.rooms,
    processes: { ...servers, child: program.pid },
    run: async () => ({ rawBytes: (await program.ask(task)).rawBytes, key: task.key }),
  };
  return { contender, stop: () => program.stop() };
}

function startScans({ stack, servers }: RivalsStack, setUp: SetUp): StartedProgram {
  const program = new RivalProcess<ScanTask, { bytes: number }>('./scan-program.ts', scannedSchema);
  const task: ScanTask = { clickHouse: readerOf({ stack }), projectId: PROJECT, interval: INTERVAL };
  const contender: Contender = {
    name: 'scans',
    what: 'floor: the three views scanned as columns, two halves at once, dropped',
    rooms: setUp.rooms,
    processes: { ...servers, child: program.pid },
    run: async () => ({ rawBytes: (await program.ask(task)).bytes, key: null }),
  };
  return { contender, stop: () => program.stop() };
}

function startUploads({ stack, servers }: RivalsStack, setUp: SetUp, file: FileOfRun): StartedProgram {
  const program = new RivalProcess<UploadTask, { bytes: number }>('./upload-program.ts', uploadedSchema);
  const partBytes = Math.ceil(file.size_bytes / file.parts);
  const task: UploadTask = {
    store: stack.store,
    from: { key: file.key, partBytes, parts: file.parts },
    key: rivalKey('uploads', setUp.compression),
    contentType: setUp.compression === 'gzip' ? 'application/gzip' : 'application/json',
  };
  const contender: Contender = {
    name: 'uploads',
    what: `floor: our file's bytes uploaded from memory, ${file.parts} parts of ${(partBytes / 1e6).toFixed(1)} MB, two at once`,
    rooms: setUp.rooms,
    processes: { ...servers, child: program.pid },
    run: async () => {
      await program.ask(task);
      return { rawBytes: file.raw_size_bytes, key: null };
    },
  };
  return { contender, stop: () => program.stop() };
}

/** As the exporter's own user. */
function readerOf({ stack }: Pick<RivalsStack, 'stack'>): ClickHouseReader {
  return readWorkerConfig(toEnvironment(stack)).clickHouse;
}

function rivalKey(name: string, compression: Compression): string {
  return `rivals/${name}.ndjson${compression === 'gzip' ? '.gz' : ''}`;
}
