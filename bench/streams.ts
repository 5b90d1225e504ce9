// `npm run bench:streams -- --streams 1000`: creates so many streams of one minute on the embedded stack, all
// of which fire at the same full minute, and waits until every file is there. Prints how long that took, what
// was missed, and how long `room-streams status` takes over all of them, before there is a file and after.
import { setTimeout as wait } from 'node:timers/promises';
import { inLanes } from '../streams/in-lanes.ts';
import { parseManifest, MANIFEST_BYTES_MAX } from '../activities/manifests/manifest-record.ts';
import { openObjectStore } from '../store/object-store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { registerSearchAttributes } from '../client/register-search-attributes.ts';
import { createSchedule, deleteSchedule } from '../client/streams.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { migrate } from '../history/migrate.ts';
import { STACK_DESTINATION, toEnvironment } from '../local/stack-environment.ts';
import type { RunningStack } from '../local/stack.ts';
import { makeStream } from '../local/make-stream.ts';
import { fileKeyOf } from '../local/file-keys.ts';
import { readClickHouseAdmin, readTemporalConfig, readWorkerConfig } from '../config/config.ts';
import { toRfc3339 } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { buildWorker, runBuiltCli, withBuiltWorker } from './built-worker.ts';
import { describeLoad, describeTimes, parseCount } from './figures.ts';
import { lessEach, readProcessorTimes } from './processor-times.ts';
import type { ProcessorTimes } from './processor-times.ts';

const MINUTE_MS = 60_000;
const PROJECT = 'bench';
const ROOMS = 20;

const CREATES_AT_ONCE = 20;
const LOOKS_AT_ONCE = 16;

/**
 * Made first and taken away again, to see how long the others take: all have to be there before the minute
 * begins.
 */
const TRIAL_STREAMS = 40;
const HEAD_ROOM = 1.5;

const POLL_MS = 1_000;
/** What is not there by then is missed. */
const GIVE_UP_MS = 20 * MINUTE_MS;

/** What a person waits for `status`. */
const STATUS_SECONDS_MAX = 2;
const STATUS_RUNS = 5;

async function main(count: number): Promise<number> {
  await buildWorker();
  return withBuiltWorker(
    (stack) => migrate(readClickHouseAdmin(toEnvironment(stack))),
    (stack, worker) =>
      withTemporal(
        (connected) =>
          bench(connected, { stack, count, readTimes: () => readProcessorTimes(stack, worker.pid) }),
        readTemporalConfig(toEnvironment(stack)),
      ),
  );
}

async function bench(
  connected: Connected,
  {
    stack,
    count,
    readTimes,
  }: { stack: RunningStack; count: number; readTimes: () => Promise<ProcessorTimes> },
): Promise<number> {
  await registerSearchAttributes(connected);
  const interval = await planInterval(connected, count);
  await makeRooms(stack, interval);
  const names = Array.from({ length: count }, (_stream, index) => `bench-${index}`);
  const createdMs = performance.now();
  await inLanes(names, CREATES_AT_ONCE, (name) => createSchedule(connected, streamOf(name, interval)));
  console.log(`created ${count} streams in ${secondsSince(createdMs)} s; ${describeLoad()}`);
  if (Date.now() >= interval.startMs)
    throw new Error(
      `the minute began before all streams were there; try again when the machine is less busy`,
    );
  // Temporal is at work on a thousand new schedules for a while; a person asks later.
  await waitUntil(interval.startMs);
  // Printed without a bound: the first answers of a worker that has just started wait for its code to be
  // compiled.
  await measureStatus(stack, count, 'by a worker that has just started');
  console.log(`all fire at ${toRfc3339(interval.endMs)}`);
  await waitUntil(interval.endMs);
  const began = await readTimes();
  const { files, rooms, lastMs } = await awaitFiles(stack, names, interval);
  const spent = Object.entries(lessEach(await readTimes(), began));
  const missed = count - files;
  console.log(
    `${count} streams, ${files} files, missed ${missed}, ${((lastMs - interval.endMs) / 1000).toFixed(1)} s; ${describeLoad()}`,
  );
  const perStream = spent.map(([name, ms]) => `${name} ${(ms / count).toFixed(0)}`).join(', ');
  console.log(`processor time a stream, in ms: ${perStream}`);
  const isQuick = await measureStatus(stack, count, `allowed ${STATUS_SECONDS_MAX} s`);
  if (rooms !== files * ROOMS) throw new Error(`${rooms} rooms in the files, ${files * ROOMS} were made`);
  return missed === 0 && isQuick ? 0 : 1;
}

async function waitUntil(ms: number): Promise<void> {
  await wait(Math.max(0, ms - Date.now()));
}

/** The full minute that begins once all streams are there, judged by how long a few of them take. */
async function planInterval(connected: Connected, count: number): Promise<Interval> {
  const names = Array.from({ length: TRIAL_STREAMS }, (_stream, index) => `trial-${index}`);
  const startedMs = Date.now();
  const far = { startMs: startedMs + 1_000 * MINUTE_MS, endMs: startedMs + 1_001 * MINUTE_MS };
  await inLanes(names, CREATES_AT_ONCE, (name) => createSchedule(connected, streamOf(name, far)));
  const eachMs = (Date.now() - startedMs) / TRIAL_STREAMS;
  await inLanes(names, CREATES_AT_ONCE, (name) => deleteSchedule(connected, name));
  const readyMs = Date.now() + eachMs * count * HEAD_ROOM;
  const startMs = (Math.floor(readyMs / MINUTE_MS) + 1) * MINUTE_MS;
  return { startMs, endMs: startMs + MINUTE_MS };
}

async function makeRooms(stack: RunningStack, { startMs: fromMs, endMs: toMs }: Interval): Promise<void> {
  const connection = openConnection(readClickHouseAdmin(toEnvironment(stack)));
  try {
    await makeHistory(connection, { rooms: ROOMS, seed: 1, projectId: PROJECT, fromMs, toMs });
  } finally {
    await connection.close();
  }
}

/** A stream of one interval: at one a minute a machine of two processors would never come to rest. */
function streamOf(name: string, { startMs, endMs }: Interval): StreamDefinition {
  const settings = { project: PROJECT, prefix: 'rooms/', everySeconds: 60, giveUpSeconds: 86_400 };
  return { ...makeStream(name, settings), fromMs: startMs, untilMs: endMs };
}

interface Found {
  files: number;
  rooms: number;
  /** When the last manifest was written. */
  lastMs: number;
}

/** Counts files by what lies in the store: the manifest, and the object that it names, of its size. */
async function awaitFiles(stack: RunningStack, names: readonly string[], interval: Interval): Promise<Found> {
  const destination = readWorkerConfig(toEnvironment(stack)).destinations.get(STACK_DESTINATION);
  if (destination === undefined) throw new Error('the stack has no destination');
  const store = openObjectStore(destination);
  const found: Found = { files: 0, rooms: 0, lastMs: 0 };
  let missing = [...names];
  try {
    const giveUpMs = Date.now() + GIVE_UP_MS;
    while (missing.length > 0 && Date.now() < giveUpMs) {
      const isThere = await inLanes(missing, LOOKS_AT_ONCE, (name) =>
        count(store, { name, interval, manifestPrefix: destination.manifestPrefix }, found),
      );
      missing = missing.filter((_name, index) => isThere[index] !== true);
      if (missing.length > 0) await wait(POLL_MS);
    }
  } finally {
    await store.close();
  }
  return found;
}

async function count(
  store: ObjectStore,
  { name, interval, manifestPrefix }: { name: string; interval: Interval; manifestPrefix: string },
  found: Found,
): Promise<boolean> {
  const manifestKey = manifestKeyOf(manifestPrefix, fileKeyOf(streamOf(name, interval), interval));
  const stored = await store.getObject({ key: manifestKey, bytesMax: MANIFEST_BYTES_MAX });
  if (stored === null) return false;
  const {
    key,
    size_bytes: bytes,
    rooms,
    completed_at: completedAt,
  } = parseManifest(stored.body, manifestKey);
  const file = await store.head({ key });
  if (file?.size !== bytes)
    throw new Error(`${key}: its manifest says ${bytes} bytes, the store ${file?.size}`);
  found.files += 1;
  found.rooms += rooms;
  found.lastMs = Math.max(found.lastMs, Date.parse(completedAt));
  return true;
}

/** The whole command, as a person types it. */
async function measureStatus(stack: RunningStack, count: number, what: string): Promise<boolean> {
  const seconds: number[] = [];
  for (let run = 0; run < STATUS_RUNS; run += 1) {
    const startedMs = performance.now();
    const { code, stdout, stderr } = await runBuiltCli(stack, ['status']);
    seconds.push((performance.now() - startedMs) / 1000);
    const rows = stdout.split('\n').filter((line) => line.startsWith('bench-')).length;
    if (code !== 0 || rows !== count)
      throw new Error(`status: ${rows} rows of ${count}, exit code ${code}: ${stderr}`);
  }
  const { text, median } = describeTimes(seconds, 's');
  console.log(`status of ${count} streams: ${text}, ${what}; ${describeLoad()}`);
  return median <= STATUS_SECONDS_MAX;
}

function secondsSince(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}

main(parseCount('streams', 1_000)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
