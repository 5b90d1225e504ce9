// Everything that takes part: sets each contender up on the shared servers, outside of any measurement, and says how its file is checked.
import { toEnvironment } from '../../local/stack-environment.ts';
import { readWorkerConfig } from '../../worker/config.ts';
import { INTERVAL, PROJECT } from '../export-run.ts';
import { RivalProcess } from './child-process.ts';
import { type Contender } from './contender.ts';
import { startBaseline, startOurs, type ExportContender } from './export-contender.ts';
import { type RivalsStack } from './rivals-stack.ts';
import { makeSamples, SAMPLES_DATABASE } from './samples.ts';
import { findFastestWay, runStatement, type Compression, type StatementRun } from './sql-statements.ts';
import {
  rowsWrittenSchema,
  scannedSchema,
  uploadedSchema,
  type ClickHouseReader,
  type RowsTask,
  type ScanTask,
  type UploadTask,
} from './tasks.ts';

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
  ours: ExportContender;
  /** In the order of a round, ours first. */
  all: readonly Contender[];
  stop(): Promise<void>;
}

/** What a contender's sums may differ by, times the tolerances: samples do not carry every detail of the totals that they were made from. */
const LOOSER_FROM_SAMPLES = 50;

export function loosenessOf(name: string): number {
  return name === 'samples' ? LOOSER_FROM_SAMPLES : 1;
}

/** Starts all programs and tries the statements. Ends what it started when anything fails. */
export async function startContenders(rivals: RivalsStack, setUp: SetUp, say: Say): Promise<Contenders> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
  };
  const keep = <One extends { stop(): Promise<void> }>(one: One): One => {
    started.push(one);
    return one;
  };
  try {
    const of = { rivals, ...setUp };
    const ours = keep(await startOurs(of));
    // The first run loads code and opens connections; the floor of uploads needs its file.
    await ours.run();
    const all: Contender[] = [ours];
    if (setUp.baseline !== undefined) {
      const baseline = keep(await startBaseline(of, setUp.baseline));
      await baseline.run();
      all.push(baseline);
    }
    all.push(await startTypedStatement(rivals, setUp, say));
    all.push(await startSamplesStatement(rivals, setUp, say));
    const programs = [
      startRowExporter(rivals, setUp),
      startScans(rivals, setUp),
      await startUploads(rivals, setUp, ours),
    ];
    for (const program of programs) {
      keep(program);
      all.push(program.contender);
      await program.contender.run();
    }
    return { ours, all, stop };
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
  { connection, stack }: RivalsStack,
  statement: StatementRun,
  say: Say,
): Promise<{ way: string; run: Contender['run'] }> {
  const way = await findFastestWay(
    (tried) => runStatement(connection, stack.store, { ...statement, way: tried }),
    (tried, seconds) => say(`${statement.file}, ${tried.name}: ${seconds.toFixed(2)} s`),
  );
  return {
    way: way.name,
    run: async () => {
      await runStatement(connection, stack.store, { ...statement, way });
      return { rawBytes: null, key: statement.key };
    },
  };
}

interface StartedProgram {
  contender: Contender;
  stop(): Promise<void>;
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

async function startUploads(
  { stack, servers }: RivalsStack,
  setUp: SetUp,
  ours: ExportContender,
): Promise<StartedProgram> {
  const program = new RivalProcess<UploadTask, { bytes: number }>('./upload-program.ts', uploadedSchema);
  const file = ours.manifest();
  const partBytes = Math.ceil(file.size_bytes / file.parts);
  await program.ask({ kind: 'load', store: stack.store, key: file.key, partBytes });
  const contentType = setUp.compression === 'gzip' ? 'application/gzip' : 'application/json';
  const contender: Contender = {
    name: 'uploads',
    what: `floor: our file's bytes uploaded from memory, ${file.parts} parts of ${(partBytes / 1e6).toFixed(1)} MB, two at once`,
    rooms: setUp.rooms,
    processes: { ...servers, child: program.pid },
    run: async () => {
      const key = rivalKey('uploads', setUp.compression);
      await program.ask({ kind: 'upload', store: stack.store, key, contentType });
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
