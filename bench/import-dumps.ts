// Large dumps for the import's benchmark: our recorded call going on until a file is as large as wanted, in
// each format that the import reads, with all reports of every reading.
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import type { FormatName } from '../importers/formats/format-reader.ts';

type Report = Record<string, unknown>;

/** Writes pieces of text to a file as fast as the disk takes them. */
interface DumpFile {
  write: (text: string) => Promise<void>;
  bytes: () => number;
}

const CONNECTION = 'ada-cleo-8';
const START_MS = Date.UTC(2026, 10, 24);

/** Of the recording's some 17 readings: connections of about three quarters of an hour. */
const REPETITIONS = 160;
/** Chrome keeps this many values of each field. */
const INTERNALS_VALUES = 1000;

export async function writeDump(path: string, format: FormatName, bytesWanted: number): Promise<void> {
  const stream = createWriteStream(path);
  let bytes = 0;
  const file: DumpFile = {
    write: async (text) => {
      bytes += Buffer.byteLength(text);
      if (!stream.write(text)) await once(stream, 'drain');
    },
    bytes: () => bytes,
  };
  const isFull = (): boolean => bytes >= bytesWanted;
  if (format === 'rtcstats') await writeRtcstats(file, isFull);
  else if (format === 'getstats') await writeGetstats(file, isFull);
  else await writeInternals(file, isFull);
  stream.end();
  await finished(stream);
}

/** The readings of one connection of the recorded call, all reports. */
function recordedReadings(): Report[][] {
  const recording = new URL('../recorder/demo-call.jsonl.gz', import.meta.url);
  const lines = gunzipSync(readFileSync(recording))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.includes(`"connection":"${CONNECTION}"`) && line.includes('"reports"'));
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

async function writeRtcstats(file: DumpFile, isFull: () => boolean): Promise<void> {
  const recorded = recordedReadings();
  let nowMs = START_MS;
  const write = (entry: readonly unknown[]): Promise<void> => file.write(`${JSON.stringify(entry)}\n`);
  await write(['identity', null, { confName: 'Bench', userId: 'ada' }, nowMs]);
  for (let connection = 0; !isFull(); connection += 1) {
    const name = `PC_${connection}`;
    await write(['create', name, {}, nowMs]);
    await write(['onconnectionstatechange', name, 'connected', nowMs + 100]);
    let before: Report[] = [];
    for (let repetition = 0; repetition < REPETITIONS && !isFull(); repetition += 1) {
      for (const reports of continued(recorded, repetition)) {
        nowMs += 1000;
        await write(['getstats', name, { ...toChanges(before, reports), timestamp: nowMs }, nowMs]);
        before = reports;
      }
    }
  }
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

async function writeGetstats(file: DumpFile, isFull: () => boolean): Promise<void> {
  const recorded = recordedReadings();
  let nowMs = START_MS;
  const write = (line: object): Promise<void> => file.write(`${JSON.stringify(line)}\n`);
  await write({ type: 'call', room_id: 'Bench', session_id: 'bench' });
  await write({ type: 'join', peer: 'ada', at: nowMs });
  for (let connection = 0; !isFull(); connection += 1) {
    const name = `c-${connection}`;
    await write({ type: 'open', peer: 'ada', connection: name, at: nowMs });
    for (let repetition = 0; repetition < REPETITIONS && !isFull(); repetition += 1) {
      for (const readings of continued(recorded, repetition)) {
        nowMs += 1000;
        const reports = readings.map((report) => ({ ...report, timestamp: nowMs }));
        await write({ peer: 'ada', connection: name, at: nowMs, reports });
      }
    }
  }
}

/** Of each connection as many values as Chrome keeps. */
async function writeInternals(file: DumpFile, isFull: () => boolean): Promise<void> {
  const readings = Array.from({ length: REPETITIONS }, (_none, repetition) =>
    continued(recordedReadings(), repetition),
  )
    .flat()
    .slice(0, INTERNALS_VALUES);
  const columns = new Map<string, { type: unknown; values: unknown[] }>();
  for (const reports of readings) {
    for (const { id, type, ...fields } of reports) {
      for (const [name, value] of Object.entries(fields)) {
        const key = `${String(id)}-${name}`;
        const column = columns.get(key) ?? { type, values: [] };
        column.values.push(value);
        columns.set(key, column);
      }
    }
  }
  await file.write('{"getUserMedia":[],"PeerConnections":{');
  for (let connection = 0; !isFull(); connection += 1) {
    const startMs = START_MS + connection * INTERNALS_VALUES * 1000;
    const stats = [...columns].map(([key, { type, values }]) => {
      const startTime = new Date(startMs).toISOString();
      const endTime = new Date(startMs + (values.length - 1) * 1000).toISOString();
      return [key, { startTime, endTime, statsType: type, values: JSON.stringify(values) }] as const;
    });
    const updateLog = [{ time: new Date(startMs - 1000).toISOString(), type: 'createOffer', value: '' }];
    const text = JSON.stringify({
      url: 'https://bench.example/Bench',
      stats: Object.fromEntries(stats),
      updateLog,
    });
    await file.write(`${connection === 0 ? '' : ','}"1-${connection}":${text}`);
  }
  await file.write('},"UserAgent":"Mozilla/5.0"}');
}
