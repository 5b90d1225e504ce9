// Runs one process that polls all task queues: one for stages and workflows, one for batches, whose slots
// bound its memory, and one for each webhook's deliveries. It opens its tools, runs until it is stopped,
// hands its work over and closes them. The workflow bundle is made here unless it was built beforehand.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { BatchBuffers } from '../activities/batch/batch-buffers.ts';
import { batchMemoryOf, bodyBytesOf, columnSizesOf } from '../activities/batch/batch-memory.ts';
import { openBatchWriters } from '../activities/batch/batch-writers.ts';
import { openHistoryReader } from '../clickhouse/history-reader.ts';
import { makeHide } from '../secrets/hide-secrets.ts';
import type { Secret } from '../secrets/hide-secrets.ts';
import { createStages } from '../activities/index.ts';
import { openObjectStore } from '../store/object-store.ts';
import type { OpenedDestination, StageTools } from '../activities/runtime/stage-tools.ts';
import { webhookQueueOf } from '../workflows/webhooks/contract.ts';
import { batchQueueOf } from '../workflows/model/run.ts';
import type { WorkerConfig } from '../config/config.ts';

/**
 * Below the 10 s after which an attempt counts as dead, so that a stopping worker hands over what it cannot
 * finish.
 */
const SHUTDOWN_GRACE = '5 seconds';

/**
 * After a worker is killed, its next workflow task waits this long before another worker receives it. The
 * default is 10 s.
 */
const STICKY_TIMEOUT = '2 seconds';

/** Stages other than batches use almost no memory. The limit protects the servers. */
const STAGES_AT_ONCE = 50;

/** Deliveries at once to one webhook. Each has an event of a kilobyte, and waits a few seconds at most. */
const DELIVERIES_AT_ONCE = 10;

/** Each cached workflow takes about a megabyte. */
const CACHED_WORKFLOWS = 200;

export interface RunningWorker {
  /** Resolves when the worker has stopped; rejects when it failed. */
  stopped: Promise<void>;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Wraps the tools of the stages. Tests inject faults with it. */
  wrapTools?: (tools: StageTools) => StageTools;
}

/** The path of the built bundle in the image. In a checkout the bundle is made at start, in seconds. */
const BUILT_BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The bundle has two megabytes; a much larger output is an error. */
const BUNDLE_BYTES_MAX = 64 * 1024 * 1024;

export async function makeBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(BUILT_BUNDLE)) return { codePath: BUILT_BUNDLE };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const bundler = fileURLToPath(new URL(`bundle-workflows.${extension}`, import.meta.url));
  const { stdout: code } = await promisify(execFile)(process.execPath, [...process.execArgv, bundler], {
    maxBuffer: BUNDLE_BYTES_MAX,
  });
  return { code };
}

/**
 * Connects, opens the tools and starts polling. ClickHouse and the stores are first contacted by the stages.
 * @throws when Temporal cannot be reached
 */
export async function startWorker(
  config: WorkerConfig,
  workflowBundle: WorkflowBundleOption,
  { wrapTools = (tools) => tools }: WorkerOptions = {},
): Promise<RunningWorker> {
  const { temporal } = config;
  const connection = await NativeConnection.connect({
    address: temporal.address,
    tls: temporal.tls,
    ...(temporal.apiKey === null ? {} : { apiKey: temporal.apiKey }),
  });
  const tools = wrapTools(openTools(config));
  const shared = {
    connection,
    namespace: temporal.namespace,
    activities: createStages(tools),
    shutdownGraceTime: SHUTDOWN_GRACE,
  };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: temporal.taskQueue,
      workflowBundle,
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
      maxConcurrentActivityTaskExecutions: STAGES_AT_ONCE,
    }),
    Worker.create({
      ...shared,
      taskQueue: batchQueueOf(temporal.taskQueue),
      maxConcurrentActivityTaskExecutions: config.batches.atOnce,
    }),
    ...[...config.webhooks.keys()].map((webhook) =>
      Worker.create({
        ...shared,
        taskQueue: webhookQueueOf(temporal.taskQueue, webhook),
        maxConcurrentActivityTaskExecutions: DELIVERIES_AT_ONCE,
      }),
    ),
  ]);
  const stopped = runAll(workers, async () => {
    await tools.writers.close();
    await tools.history.close();
    for (const { store } of tools.destinations.values()) await store.close();
    await connection.close();
  });
  return {
    stopped,
    async stop() {
      shutDown(workers);
      await stopped;
    },
  };
}

/** Describes the memory of a worker's batches, threads included, for its first log line. */
export function describeMemoryBound({ batches }: WorkerConfig): string {
  const { usual, most } = batchMemoryOf(batches);
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const { atOnce, threads, rangeBytesPlain, rangeBytesGzip } = batches;
  return (
    `${atOnce} batches at once in ${threads} threads, each of about ${mb(rangeBytesPlain)} plain or ${mb(rangeBytesGzip)} raw under gzip; ` +
    `they take up to ${mb(usual)}, and ${mb(most)} where rooms are as large as a batch may hold`
  );
}

async function runAll(workers: readonly Worker[], close: () => Promise<void>): Promise<void> {
  try {
    await Promise.all(
      workers.map(async (worker) => {
        try {
          await worker.run();
        } finally {
          // The workers stop together, because one queue without the other would leave runs hanging.
          shutDown(workers);
        }
      }),
    );
  } finally {
    await close();
  }
}

function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

function openTools(config: WorkerConfig): StageTools {
  const { uiUrl, namespace } = config.temporal;
  const hide = makeHide(secretsOf(config));
  const destinations = new Map<string, OpenedDestination>();
  for (const [name, destination] of config.destinations)
    destinations.set(name, { destination, store: openObjectStore(destination) });
  return {
    history: openHistoryReader(config.clickHouse, { hide }),
    destinations,
    batches: config.batches,
    writers: openBatchWriters(config.batches.threads, {
      connection: config.clickHouse,
      columnSizes: columnSizesOf(config.batches),
    }),
    buffers: new BatchBuffers(bodyBytesOf(config.batches)),
    webhooks: config.webhooks,
    pauseAfterFailed: config.pauseAfterFailed,
    hide,
    ui: uiUrl === null ? null : { url: uiUrl, namespace },
    nowMs: () => Date.now(),
    newId: () => randomUUID(),
  };
}

/**
 * The secrets of Temporal, ClickHouse and webhooks. Stores hide their own, because keys of a role change
 * while the worker runs.
 */
function secretsOf({ temporal, clickHouse, webhooks }: WorkerConfig): Secret[] {
  const ofWebhooks = [...webhooks.values()].flatMap(({ url, secrets }) => [
    ...secrets.map((secret) => secret.toString('base64')),
    url,
  ]);
  const { user, password } = clickHouse;
  return [
    { value: password, user },
    ...[...(temporal.apiKey === null ? [] : [temporal.apiKey]), ...ofWebhooks].map((value) => ({ value })),
  ];
}
