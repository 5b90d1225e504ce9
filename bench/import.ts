// How fast dumps are read, on one core, and in how much memory: rtcstats lines made of our recorded call (all reports of every
// reading, compressed as clients do), the call going on until the file is as large as wanted.
// `npm run bench:import -- --mb 200` prints MB/s and the peak of resident memory; below 50 MB/s the exit code is 1.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readRecording } from '../history/import/read-file.ts';

const WANTED_MB_PER_S = 50;
const MEMORY_MB_MAX = 300;

type Report = Record<string, unknown>;

/** The readings of one connection of the recorded call, all reports. */
function recordedReadings(connection: string): Report[][] {
  const text = gunzipSync(
    readFileSync(new URL('../history/recording/demo-call.jsonl.gz', import.meta.url)),
  ).toString('utf8');
  const lines = text
    .split('\n')
    .filter((line) => line.includes(`"connection":"${connection}"`) && line.includes('"reports"'));
  return lines.map((line) => (JSON.parse(line) as { reports: Report[] }).reports);
}

/** The readings once more, with every number that grew grown on by as much as it grew over the recording. */
function continued(readings: readonly Report[][], repetition: number): Report[][] {
  const firstOf = new Map((readings[0] ?? []).map((report) => [report.id, report]));
  const lastOf = new Map((readings[readings.length - 1] ?? []).map((report) => [report.id, report]));
  return readings.map((reports) =>
    reports.map((report) => {
      const grown: Report = {};
      for (const [name, value] of Object.entries(report)) {
        const [first, last] = [firstOf.get(report.id)?.[name], lastOf.get(report.id)?.[name]];
        const growth =
          typeof first === 'number' && typeof last === 'number' && last > first ? last - first : 0;
        grown[name] = typeof value === 'number' && name !== 'timestamp' ? value + repetition * growth : value;
      }
      return grown;
    }),
  );
}

/** What changed since the reading before, as Jitsi's client writes it. */
function toChanges(before: readonly Report[], reports: readonly Report[]): Record<string, Report> {
  const known = new Map(before.map((report) => [report.id, report]));
  const changes: Record<string, Report> = {};
  for (const report of reports) {
    const changed = Object.entries(report).filter(
      ([name, value]) => name !== 'id' && known.get(report.id)?.[name] !== value,
    );
    changes[String(report.id)] = { ...Object.fromEntries(changed), timestamp: 0 };
  }
  return changes;
}

async function writeDump(path: string, bytesWanted: number): Promise<number> {
  const recorded = recordedReadings('ada-cleo-8');
  const file = createWriteStream(path);
  let bytes = 0;
  let nowMs = Date.UTC(2026, 10, 24);
  const write = async (entry: readonly unknown[]): Promise<void> => {
    const text = `${JSON.stringify(entry)}\n`;
    bytes += Buffer.byteLength(text);
    if (!file.write(text)) await once(file, 'drain');
  };
  await write(['identity', null, { confName: 'Bench', userId: 'ada' }, nowMs]);
  for (let connection = 0; bytes < bytesWanted; connection += 1) {
    const name = `PC_${connection}`;
    await write(['create', name, {}, nowMs]);
    await write(['onconnectionstatechange', name, 'connected', nowMs + 100]);
    let before: Report[] = [];
    for (let repetition = 0; repetition < REPETITIONS && bytes < bytesWanted; repetition += 1) {
      for (const reports of continued(recorded, repetition)) {
        nowMs += 1000;
        await write(['getstats', name, { ...toChanges(before, reports), timestamp: nowMs }, nowMs]);
        before = reports;
      }
    }
  }
  file.end();
  await finished(file);
  return bytes;
}

/** Of the recording's some 17 readings: connections of about three quarters of an hour. */
const REPETITIONS = 160;

/** Runs in a process of its own, whose memory is not that of writing the dump. */
async function readDump(path: string, spoolPath: string): Promise<void> {
  let peakBytes = 0;
  const cpu = process.cpuUsage();
  const started = process.hrtime.bigint();
  const file = await readRecording(createReadStream(path, { highWaterMark: 1024 * 1024 }), {
    format: 'auto',
    spoolPath,
    progress: () => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    },
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  const rate = file.bytes / 1e6 / seconds;
  const peakMb = peakBytes / 1e6;
  console.log(
    `rtcstats: ${(file.bytes / 1e6).toFixed(0)} MB, ${file.ticks.count} ticks in ${seconds.toFixed(1)} s: ${rate.toFixed(0)} MB/s ` +
      `(processor time ${((user + system) / 1e6).toFixed(1)} s), peak memory ${peakMb.toFixed(0)} MB`,
  );
  if (rate >= WANTED_MB_PER_S && peakMb <= MEMORY_MB_MAX) return;
  console.error(`wanted: at least ${WANTED_MB_PER_S} MB/s and at most ${MEMORY_MB_MAX} MB`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { mb: { type: 'string', default: '200' }, read: { type: 'string' } },
  });
  if (values.read !== undefined) {
    await readDump(values.read, `${values.read}.ticks`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  try {
    const path = join(folder, 'dump.jsonl');
    await writeDump(path, Number(values.mb) * 1e6);
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, import.meta.filename, '--read', path],
      { stdio: 'inherit' },
    );
    process.exitCode = status ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
