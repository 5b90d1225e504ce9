// `npm run bench:run-cost -- --runs 200`: what one run costs. Runs the intervals of a few streams on the
// embedded stack, as their schedules would, and prints per run the processor time of each server and of the
// worker, and what the event histories hold: workflow tasks, activities, events. Processor time is what the
// kernel counts for each process; what a process needs at rest is measured first and taken off.
import { setTimeout as wait } from 'node:timers/promises';
import { TypedSearchAttributes } from '@temporalio/common';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { registerSearchAttributes } from '../client/register-search-attributes.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { toEnvironment } from '../local/stack-environment.ts';
import type { RunningStack } from '../local/stack.ts';
import { makeStream } from '../local/make-stream.ts';
import { readClickHouseAdmin, readTemporalConfig } from '../config/config.ts';
import { runIdOf } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { ExportRequest, RunSummary } from '../workflows/model/run.ts';
import { ROOM_STREAM, SCHEDULED_START_TIME } from '../workflows/model/search-attributes.ts';
import { toStaticDetails, toStaticSummary } from '../workflows/model/stream-page.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { describeLoad, describeTimes, parseCounts } from './figures.ts';
import { lessEach, readProcessorTimes } from './processor-times.ts';
import type { ProcessorTimes } from './processor-times.ts';

const PROJECT = 'bench';
const FIRST_MS = Date.UTC(2026, 10, 23, 10);
const EVERY_SECONDS = 60;

/** Of each stream, before anything is counted: they load code and open connections. */
const WARM_UPS = 5;

const REST_MS = 5_000;

interface Settings {
  runs: number;
  /** Streams whose runs are under way at the same time; each makes its intervals one after the other. */
  atOnce: number;
  /** In each interval. */
  rooms: number;
}

async function main(settings: Settings): Promise<void> {
  await buildWorker();
  await withBuiltWorker(
    (stack) => makeReady(stack, settings),
    (stack, worker) =>
      withTemporal(
        (connected) => measure(connected, settings, () => readProcessorTimes(stack, worker.pid)),
        readTemporalConfig(toEnvironment(stack)),
      ),
  );
}

async function makeReady(stack: RunningStack, settings: Settings): Promise<void> {
  const admin = readClickHouseAdmin(toEnvironment(stack));
  await migrate(admin);
  await withTemporal(registerSearchAttributes, readTemporalConfig(toEnvironment(stack)));
  const connection = openConnection(admin);
  const intervals = WARM_UPS + intervalsOfStream(settings);
  if (settings.rooms === 0) return connection.close();
  const span = { fromMs: FIRST_MS, toMs: intervalAt(intervals).startMs };
  try {
    await makeHistory(connection, {
      rooms: settings.rooms * intervals,
      seed: 1,
      projectId: PROJECT,
      ...span,
    });
  } finally {
    await connection.close();
  }
}

async function measure(
  connected: Connected,
  settings: Settings,
  readTimes: () => Promise<ProcessorTimes>,
): Promise<void> {
  const streams = Array.from({ length: settings.atOnce }, (_stream, index) => streamOf(`cost-${index}`));
  await runIntervals(connected, streams, { from: 0, count: WARM_UPS });
  await wait(REST_MS / 2);
  const resting = await readTimes();
  await wait(REST_MS);
  const began = await readTimes();
  const rest = lessEach(began, resting);
  const startedMs = performance.now();
  const intervals = intervalsOfStream(settings);
  const tookMs = await runIntervals(connected, streams, { from: WARM_UPS, count: intervals });
  const elapsedMs = performance.now() - startedMs;
  // What a run leaves to be done afterwards, such as its row in lists, is part of its cost.
  await wait(REST_MS / 2);
  const spent = lessEach(await readTimes(), began);
  const runs = intervals * streams.length;
  console.log(`${runs} runs of ${settings.rooms} rooms, ${settings.atOnce} at once, ${describeLoad()}`);
  console.log(`  processor time a run, in ms (and what the process needs at rest, in ms a second):`);
  let sum = 0;
  for (const [name, ms] of Object.entries(spent)) {
    const atRest = rest[name as keyof ProcessorTimes] / REST_MS;
    const perRun = (ms - atRest * (elapsedMs + REST_MS / 2)) / runs;
    sum += perRun;
    console.log(`    ${name.padEnd(12)}${perRun.toFixed(1).padStart(8)}   (${(atRest * 1000).toFixed(1)})`);
  }
  console.log(`    ${'together'.padEnd(12)}${sum.toFixed(1).padStart(8)}`);
  console.log(
    `  start to end: ${describeTimes(tookMs, 'ms').text}, ${(runs / (elapsedMs / 1000)).toFixed(1)} runs/s`,
  );
  console.log(`  of its event history: ${await describeHistory(connected, streams, intervals)}`);
}

/**
 * Runs consecutive intervals of each stream, one after the other, all streams at once; returns how long each
 * run took.
 */
async function runIntervals(
  connected: Connected,
  streams: readonly StreamDefinition[],
  { from, count }: { from: number; count: number },
): Promise<number[]> {
  const tookMs: number[] = [];
  const runAll = async (stream: StreamDefinition): Promise<void> => {
    for (let index = from; index < from + count; index += 1) {
      const startedMs = performance.now();
      const summary = await fire(connected, stream, intervalAt(index));
      if (summary.outcome !== 'complete') throw new Error(`a run ended as ${summary.outcome}`);
      tookMs.push(performance.now() - startedMs);
    }
  };
  await Promise.all(streams.map(runAll));
  return tookMs;
}

/** As the stream's schedule starts its run: without an interval, with the nominal time. */
async function fire(
  { client, config }: Connected,
  stream: StreamDefinition,
  interval: Interval,
): Promise<RunSummary> {
  const settings = settingsAt(stream, interval.startMs);
  const handle = await client.workflow.start<(request: ExportRequest) => Promise<RunSummary>>(
    'exportInterval',
    {
      workflowId: runIdOf(stream.name, interval),
      taskQueue: config.taskQueue,
      args: [{ stream }],
      typedSearchAttributes: new TypedSearchAttributes([
        { key: ROOM_STREAM, value: stream.name },
        { key: SCHEDULED_START_TIME, value: new Date(interval.endMs) },
      ]),
      staticSummary: toStaticSummary(stream.name, settings),
      staticDetails: toStaticDetails(stream, settings),
    },
  );
  return awaitResult(handle);
}

/** Of the last run of the first stream: all have the same shape. */
async function describeHistory(
  { client }: Connected,
  [stream]: readonly StreamDefinition[],
  intervals: number,
): Promise<string> {
  if (stream === undefined) throw new RangeError('there is one stream at least');
  const id = runIdOf(stream.name, intervalAt(WARM_UPS + intervals - 1));
  const { events = [] } = await client.workflow.getHandle(id).fetchHistory();
  const count = (isCounted: (event: NonNullable<typeof events>[number]) => boolean): number =>
    (events ?? []).filter(isCounted).length;
  return [
    `${events?.length ?? 0} events`,
    `${count((event) => event.workflowTaskCompletedEventAttributes != null)} workflow tasks`,
    `${count((event) => event.activityTaskScheduledEventAttributes != null)} activities`,
    `${count((event) => event.markerRecordedEventAttributes?.markerName === 'core_local_activity')} local activities`,
    `${count((event) => event.upsertWorkflowSearchAttributesEventAttributes != null)} changes of search attributes`,
    `${count((event) => event.timerStartedEventAttributes != null)} timers`,
  ].join(', ');
}

function intervalsOfStream({ runs, atOnce }: Settings): number {
  return Math.ceil(runs / atOnce);
}

function intervalAt(index: number): Interval {
  const startMs = FIRST_MS + index * EVERY_SECONDS * 1000;
  return { startMs, endMs: startMs + EVERY_SECONDS * 1000 };
}

/** The first interval is the stream's own first, so that no run finds gaps before it. */
function streamOf(name: string): StreamDefinition {
  const stream = makeStream(name, { project: PROJECT, everySeconds: EVERY_SECONDS });
  return { ...stream, fromMs: FIRST_MS };
}

const counts = parseCounts({ runs: 200, 'at-once': 4, rooms: 100 }, { rooms: 0 });
main({ runs: counts.runs, atOnce: counts['at-once'], rooms: counts.rooms }).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
