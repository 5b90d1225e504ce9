// What tests of whole runs have in common: on the shared stack, a database and a task queue of their own with
// a worker on it, streams, runs by the real workflow, and the files they made, read back. Knows nothing of
// what stands in them.
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { ClickHouseClient } from '@clickhouse/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { openObjectStore } from '../store/object-store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { createSchedule, deleteSchedule, startRun } from '../client/streams.ts';
import { openConnection } from '../clickhouse/connection.ts';
import type { AdminTarget } from '../clickhouse/connection.ts';
import { migrate } from '../history/migrate.ts';
import { toEnvironment, STACK_DESTINATION } from '../local/stack-environment.ts';
import type { StackAddresses } from '../local/stack.ts';
import { readWorkerConfig } from '../config/config.ts';
import type { WorkerConfig } from '../config/config.ts';
import { makeBundle, startWorker } from '../worker/run-worker.ts';
import type { RunningWorker, WorkerOptions } from '../worker/run-worker.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import type { RunSummary } from '../workflows/model/run.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { assertFile } from './schema-check.ts';
import { getTestStack, TEST_BUNDLE_VARIABLE } from './stack.ts';

export interface ExportBench {
  stack: StackAddresses;
  config: WorkerConfig;
  /** The bench's configuration with some variables changed. */
  configured(changes: Readonly<Record<string, string>>): WorkerConfig;
  /** The environment under which a worker or the command line works on this bench. */
  environment: Record<string, string>;
  admin: AdminTarget;
  /** May write; the export has a user of its own. */
  connection: ClickHouseClient;
  connected: Connected;
  store: ObjectStore;
  /** The worker that `withExportBench` started; undefined when it was told not to. */
  worker: RunningWorker | undefined;
  /** A name that no other test has, good for streams and projects. */
  unique(stem: string): string;
  /** Makes an interval by a run of its own and waits for it. */
  run(stream: StreamDefinition, interval: Interval, force?: boolean): Promise<RunSummary>;
  /** The bytes of a file, uncompressed; held against their schema. */
  readFile(manifest: Manifest | null): Promise<Buffer>;
}

export interface BenchOptions extends WorkerOptions {
  batches?: Partial<WorkerConfig['batches']>;
  /** False when the test starts workers itself. */
  startsWorker?: boolean;
}

const FILE_BYTES_MAX = 2 ** 31;

/** The start of the interval that most tests use: a full hour, long over. */
export const HOUR_START_MS = Date.UTC(2026, 10, 23, 10);
export const HOUR_MS = 3_600_000;
export const HOUR: Interval = { startMs: HOUR_START_MS, endMs: HOUR_START_MS + HOUR_MS };

/** Opens everything for the time of `use`, then drops the database and ends the worker. */
export async function withExportBench<Result>(
  use: (bench: ExportBench) => Promise<Result>,
  options: BenchOptions = {},
): Promise<Result> {
  const stack = await getTestStack();
  const id = randomBytes(4).toString('hex');
  const database = `bench_${id}`;
  const environment = { ...toEnvironment(stack, database), TEMPORAL_TASK_QUEUE: database };
  const parsed = readWorkerConfig(environment);
  const config = { ...parsed, batches: { ...parsed.batches, ...options.batches } };
  const admin = {
    url: stack.clickhouse.url,
    database,
    user: stack.clickhouse.adminUser,
    password: stack.clickhouse.adminPassword,
  };
  await migrate(admin);
  const connection = openConnection(admin);
  const store = openObjectStore(storeDestination(stack));
  const worker = options.startsWorker === false ? undefined : await startTestWorker(config, options);
  try {
    return await withTemporal(
      (connected) =>
        use({
          stack,
          config,
          environment,
          configured: (changes) => readWorkerConfig({ ...environment, ...changes }),
          admin,
          connection,
          connected,
          store,
          worker,
          unique: (stem) => `${stem}-${id}`,
          run: async (stream, interval, force = false) =>
            awaitResult(await startRun(connected, { stream, interval, force })),
          readFile: (manifest) => readStoredFile(store, manifest),
        }),
      config.temporal,
    );
  } finally {
    await worker?.stop();
    await store.close();
    await connection.command({ query: `DROP DATABASE ${database}` });
    await connection.close();
  }
}

/** A worker in this process; only what it warns of is printed. */
export async function startTestWorker(
  config: WorkerConfig,
  options: WorkerOptions = {},
): Promise<RunningWorker> {
  bundle ??= makeTestBundle();
  return startWorker(config, await bundle, options);
}

/** One for all workers of this process, and of all files that test/run.ts runs: making it takes seconds. */
let bundle: ReturnType<typeof makeBundle> | undefined;

function makeTestBundle(): ReturnType<typeof makeBundle> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const codePath = process.env[TEST_BUNDLE_VARIABLE];
  return codePath === undefined ? makeBundle() : Promise.resolve({ codePath });
}

/** Their schedules are there for the time of `use`. */
export async function withSchedules(
  { connected }: ExportBench,
  streams: readonly StreamDefinition[],
  use: () => Promise<void>,
): Promise<void> {
  for (const stream of streams) await createSchedule(connected, stream);
  try {
    await use();
  } finally {
    for (const { name } of streams) await deleteSchedule(connected, name);
  }
}

function storeDestination(stack: StackAddresses) {
  return { ...stack.store, name: STACK_DESTINATION, pathStyle: true, manifestPrefix: '_manifests/' };
}

async function readStoredFile(store: ObjectStore, manifest: Manifest | null): Promise<Buffer> {
  if (manifest === null) throw new Error('the run has no manifest');
  const stored = await store.getObject({ key: manifest.key, bytesMax: FILE_BYTES_MAX });
  if (stored === null) throw new Error(`no file at ${manifest.key}, though its manifest is there`);
  const bytes = manifest.compression === 'gzip' ? gunzipSync(stored.body) : stored.body;
  assertFile(bytes, manifest);
  return bytes;
}
