// `npm run bench:past -- --intervals 10000`: how fast a backfill passes over intervals that are complete, and
// an audit over intervals where nothing has changed, through the whole embedded stack. The files and
// manifests are put there by this program, from fingerprints that ClickHouse computes, because the runs of so
// many intervals would take half an hour.
import { fingerprintIntervals } from '../activities/scans/fingerprint-intervals.ts';
import { openHistoryReader } from '../clickhouse/history-reader.ts';
import { inLanes } from '../streams/in-lanes.ts';
import { toRecordBytes } from '../activities/manifests/manifest-record.ts';
import { openObjectStore } from '../store/object-store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { awaitAudit, startAudit } from '../client/audits.ts';
import { awaitBackfill, startBackfill } from '../client/backfills.ts';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { startRun } from '../client/streams.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { toEnvironment } from '../local/stack-environment.ts';
import type { RunningStack } from '../local/stack.ts';
import { makeStream } from '../local/make-stream.ts';
import { fileKeyOf } from '../local/file-keys.ts';
import { readClickHouseAdmin, readWorkerConfig } from '../config/config.ts';
import type { WorkerConfig } from '../config/config.ts';
import { intervalsIn } from '../workflows/model/interval-range.ts';
import { toRfc3339 } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { describeLoad, parseCount } from './figures.ts';

const EVERY_SECONDS = 900;
const ROOMS_OF_AN_INTERVAL = 10;
const START_MS = Date.UTC(2026, 0, 1);
const PUTS_AT_ONCE = 24;

const stream = makeStream('past', { everySeconds: EVERY_SECONDS, project: 'past' });
const settings = settingsAt(stream, START_MS);

async function main(intervals: number): Promise<number> {
  await buildWorker();
  const range = { startMs: START_MS, endMs: START_MS + intervals * EVERY_SECONDS * 1000 };
  return withBuiltWorker(
    (stack) => makeRooms(stack, range, intervals * ROOMS_OF_AN_INTERVAL),
    (stack) => {
      const config = readWorkerConfig(toEnvironment(stack));
      return withTemporal((connected) => measure(connected, config, range), config.temporal);
    },
  );
}

async function makeRooms(stack: RunningStack, range: Interval, rooms: number): Promise<void> {
  const target = readClickHouseAdmin(toEnvironment(stack));
  await migrate(target);
  const connection = openConnection(target);
  try {
    await makeHistory(connection, {
      rooms,
      seed: 7,
      projectId: settings.project,
      fromMs: range.startMs,
      toMs: range.endMs,
    });
  } finally {
    await connection.close();
  }
}

async function measure(connected: Connected, config: WorkerConfig, range: Interval): Promise<number> {
  const startedMs = performance.now();
  await putFiles(connected, config, range);
  console.log(`files and manifests put there in ${toSeconds(performance.now() - startedMs)} s`);
  const dry = await timed(async () =>
    awaitBackfill((await startBackfill(connected, { stream, range, isDryRun: true })).handle),
  );
  console.log(
    `dry run of a backfill: ${dry.answer.total} intervals, ${dry.answer.missing} missing, ${describe(dry)}`,
  );
  const skipped = await timed(async () =>
    awaitBackfill((await startBackfill(connected, { stream, range })).handle),
  );
  console.log(
    `backfill: ${skipped.answer.skipped} complete before, ${skipped.answer.done} made, ${describe(skipped)}`,
  );
  const audited = await timed(async () =>
    awaitAudit(await startAudit(connected, { stream, range, repair: false })),
  );
  const { state, checked, findings } = audited.answer;
  console.log(`audit: ${checked} intervals of ${ROOMS_OF_AN_INTERVAL} rooms, ${state}, ${describe(audited)}`);
  console.log(describeLoad());
  return dry.answer.missing + skipped.answer.done + findings.length === 0 ? 0 : 1;
}

/** A file of no rooms for each interval, and a manifest that fits it and the history. */
async function putFiles(connected: Connected, config: WorkerConfig, range: Interval): Promise<void> {
  const [first, ...rest] = [...intervalsIn(stream, range)];
  const destination = config.destinations.get(settings.destination);
  if (first === undefined || destination === undefined) throw new Error('nothing to put, or nowhere');
  const { manifest } = await awaitResult(
    await startRun(connected, { stream, interval: first, force: false }),
  );
  if (manifest === null) throw new Error('the first run has no manifest');
  const history = openHistoryReader(config.clickHouse);
  const store = openObjectStore(destination);
  try {
    const { signal } = new AbortController();
    const asked = { projectId: settings.project, everySeconds: EVERY_SECONDS, intervals: rest };
    const fingerprints = await fingerprintIntervals(history, asked, signal);
    await inLanes([...rest.entries()], PUTS_AT_ONCE, async ([place, interval]) => {
      const fingerprint = fingerprints[place] ?? manifest.history_fingerprint;
      const { rooms, peers } = fingerprint;
      const key = fileKeyOf(stream, interval);
      const like = { ...manifest, key, rooms, peers, history_fingerprint: fingerprint };
      await putOne(store, destination.manifestPrefix, {
        ...like,
        interval_start: toRfc3339(interval.startMs),
        interval_end: toRfc3339(interval.endMs),
      });
    });
  } finally {
    await store.close();
    await history.close();
  }
}

async function putOne(store: ObjectStore, manifestPrefix: string, manifest: Manifest): Promise<void> {
  const { key, write_id: writeId } = manifest;
  const body = Buffer.from('[]\n');
  const metadata = { 'write-id': writeId };
  const uploadId = await store.beginUpload({ key, contentType: 'application/json', metadata });
  const { etag } = await store.uploadPart({ key, uploadId, partNumber: 1, body });
  const completed = await store.completeUpload({ key, uploadId, parts: [{ partNumber: 1, etag }] });
  const record = { ...manifest, etag: completed.etag, size_bytes: body.length };
  await store.putObject({
    key: manifestKeyOf(manifestPrefix, key),
    body: toRecordBytes(record),
    contentType: 'application/json',
  });
}

interface Timed<Answer> {
  answer: Answer;
  tookMs: number;
}

async function timed<Answer>(work: () => Promise<Answer>): Promise<Timed<Answer>> {
  const startedMs = performance.now();
  const answer = await work();
  return { answer, tookMs: performance.now() - startedMs };
}

function describe({ answer: { total }, tookMs }: Timed<{ total: number }>): string {
  return `${toSeconds(tookMs)} s, ${Math.round((1000 * total) / tookMs)} intervals/s`;
}

function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

main(parseCount('intervals', 10_000)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
