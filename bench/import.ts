// How fast dumps are read, on one core, and in how much memory; with `--whole` how long an import into a
// ClickHouse takes and what this process needs for it. `npm run bench:import -- --mb 2000 --format rtcstats`
// prints MB/s of processor time and of wall time, and the peak of resident memory. The exit code is 1 below
// 50 MB/s of processor time for rtcstats and webrtc-internals, or above 300 MB of any format.
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openConnection } from '../clickhouse/connection.ts';
import type { FormatName } from '../importers/formats/format-reader.ts';
import { importFiles } from '../importers/import-files.ts';
import { readRecording } from '../importers/read-file.ts';
import { migrate } from '../history/migrate.ts';
import { withTemporaryClickHouse } from '../local/temporary-clickhouse.ts';
import { writeDump } from './import-dumps.ts';

const WANTED_MB_PER_S = 50;
const MEMORY_MB_MAX = 300;

/** What was read, in which of our formats, by how much work. */
interface Measured {
  what: string;
  bytes: number;
  ticks: number;
  wanted: number;
}

/**
 * Reads the dump and throws away what it gives; the processor's time is what counts, as others may use the
 * machine too.
 */
async function measureReading(path: string): Promise<Measured> {
  const file = await readRecording(createReadStream(path, { highWaterMark: 1024 * 1024 }), {
    format: 'auto',
    spoolPath: `${path}.ticks`,
  });
  const what = file.format ?? 'no format';
  return {
    what,
    bytes: file.bytes,
    ticks: file.ticks.count,
    wanted: what === 'rtcstats' || what === 'webrtc-internals' ? WANTED_MB_PER_S : 0,
  };
}

async function measureImport(path: string): Promise<Measured> {
  return withTemporaryClickHouse(async (target) => {
    await migrate(target);
    const connection = openConnection(target);
    try {
      const { files } = await importFiles(connection, [path], { projectId: 'bench', threads: 1 });
      const [file] = files;
      if (file?.format == null) throw new Error(file?.error ?? 'nothing was imported');
      return { what: `${file.format}, imported`, bytes: file.bytes, ticks: file.ticks, wanted: 0 };
    } finally {
      await connection.close();
    }
  });
}

/** Runs in a process of its own, whose memory is not that of writing the dump. */
async function measure(path: string, isWhole: boolean): Promise<void> {
  const cpu = process.cpuUsage();
  const started = process.hrtime.bigint();
  const { what, bytes, ticks, wanted } = await (isWhole ? measureImport(path) : measureReading(path));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const [mb, peakMb] = [bytes / 1e6, (process.resourceUsage().maxRSS * 1024) / 1e6];
  const rate = mb / cpuSeconds;
  console.log(
    `${what}: ${mb.toFixed(0)} MB, ${ticks} ticks, processor time ${cpuSeconds.toFixed(1)} s (${rate.toFixed(0)} MB/s), ` +
      `wall time ${seconds.toFixed(1)} s (${(mb / seconds).toFixed(0)} MB/s), peak memory ${peakMb.toFixed(0)} MB`,
  );
  if (rate >= wanted && peakMb <= MEMORY_MB_MAX) return;
  console.error(`wanted: at least ${wanted} MB/s of processor time and at most ${MEMORY_MB_MAX} MB`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mb: { type: 'string', default: '200' },
      format: { type: 'string', default: 'rtcstats' },
      whole: { type: 'boolean', default: false },
      measure: { type: 'string' },
    },
  });
  if (values.measure !== undefined) {
    await measure(values.measure, values.whole);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  try {
    const path = join(folder, 'dump');
    await writeDump(path, parseFormat(values.format), Number(values.mb) * 1e6);
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, import.meta.filename, '--measure', path, ...(values.whole ? ['--whole'] : [])],
      { stdio: 'inherit' },
    );
    process.exitCode = status ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseFormat(text: string): FormatName {
  if (text === 'rtcstats' || text === 'webrtc-internals' || text === 'getstats') return text;
  throw new Error(`--format: got "${text}", allowed: rtcstats, webrtc-internals, getstats`);
}

await main();
