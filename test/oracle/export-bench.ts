// The real stack as the oracle needs it: a database of its own, a worker, and runs of the real workflow whose
// files are downloaded again. Knows nothing of what stands in them.
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { ClickHouseClient } from '@clickhouse/client';
import { openObjectStore } from '../../store/object-store.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { startRun } from '../../client/streams.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { migrate } from '../../history/migrate.ts';
import type { StackAddresses } from '../../local/stack.ts';
import type { WorkerConfig } from '../../config/config.ts';
import { makeBundle, startWorker } from '../../worker/run-worker.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../workflows/model/key-template.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import type { Format } from './file-text.ts';
import type { Fields } from './room-text.ts';

export interface Shape {
  fields: Fields;
  format: Format;
  compression: 'none' | 'gzip';
}

export interface ExportBench {
  /** May write; the export has a user of its own. */
  connection: ClickHouseClient;
  /** Makes the file of one hour of one project by a run of its own, and returns its bytes, uncompressed. */
  exportHour(project: string, startMs: number, shape: Shape): Promise<Buffer>;
}

const HOUR_SECONDS = 3_600;
const DESTINATION = 'oracle';

/** Small, so that a file has several batches; large enough for the largest room. */
const BATCH_BYTES_GZIP = 8_000_000;
const BATCH_BYTES_PLAIN = 16_000_000;

/** All servers are ours: what fails for so long will not succeed. */
const GIVE_UP_SECONDS = 30;

const FILE_BYTES_MAX = 2 ** 30;

/** Opens everything for the time of `use`, then drops the database and ends the worker. */
export async function withExportBench<Result>(
  stack: StackAddresses,
  use: (bench: ExportBench) => Promise<Result>,
): Promise<Result> {
  const unique = randomBytes(6).toString('hex');
  const { clickhouse } = stack;
  const target = { url: clickhouse.url, user: clickhouse.adminUser, password: clickhouse.adminPassword };
  const database = `oracle_${unique}`;
  await migrate({ ...target, database });
  const connection = openConnection({ ...target, database });
  try {
    const config = toWorkerConfig(stack, { database, taskQueue: database });
    const worker = await startWorker(config, await makeBundle());
    try {
      return await withTemporal(
        (connected) =>
          use({
            connection,
            exportHour: (project, startMs, shape) =>
              exportHour({ connected, stack }, { project, startMs, shape }),
          }),
        config.temporal,
      );
    } finally {
      await worker.stop();
    }
  } finally {
    await connection.command({ query: `DROP DATABASE ${database}` });
    await connection.close();
  }
}

interface HourToExport {
  project: string;
  startMs: number;
  shape: Shape;
}

async function exportHour(
  { connected, stack }: { connected: Connected; stack: StackAddresses },
  { project, startMs, shape }: HourToExport,
): Promise<Buffer> {
  const stream = toStream(project, shape);
  const interval = { startMs, endMs: startMs + HOUR_SECONDS * 1000 };
  const run = await startRun(connected, { stream, interval, force: false });
  const { manifest } = await run.result();
  if (manifest === null) throw new Error(`the run of ${stream.name} handed over to another one`);
  const store = openObjectStore(toDestination(stack));
  try {
    const file = await store.getObject({ key: manifest.key, bytesMax: FILE_BYTES_MAX });
    if (file === null) throw new Error(`no file at ${manifest.key}, though its manifest is there`);
    await store.deleteObject({ key: manifest.key });
    return shape.compression === 'gzip' ? gunzipSync(file.body) : file.body;
  } finally {
    await store.close();
  }
}

function toStream(project: string, { fields, format, compression }: Shape): StreamDefinition {
  const settings = {
    everySeconds: HOUR_SECONDS,
    offsetSeconds: 0,
    project,
    destination: DESTINATION,
    prefix: '',
    settleSeconds: 0,
    format,
    compression,
    fields,
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    empty: 'write' as const,
    giveUpSeconds: GIVE_UP_SECONDS,
  };
  const name = `${project}-${fields}-${format}-${compression}`;
  return { name, fromMs: 0, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings }] };
}

function toWorkerConfig(
  stack: StackAddresses,
  { database, taskQueue }: { database: string; taskQueue: string },
): WorkerConfig {
  const { clickhouse, temporal } = stack;
  return {
    temporal: {
      address: temporal.address,
      namespace: 'default',
      taskQueue,
      uiUrl: temporal.uiUrl,
      apiKey: null,
      tls: false,
    },
    clickHouse: {
      url: clickhouse.url,
      database,
      user: clickhouse.exporterUser,
      password: clickhouse.exporterPassword,
    },
    destinations: new Map([[DESTINATION, toDestination(stack)]]),
    batches: { atOnce: 2, threads: 2, rangeBytesPlain: BATCH_BYTES_PLAIN, rangeBytesGzip: BATCH_BYTES_GZIP },
    webhooks: new Map(),
    pauseAfterFailed: 0,
  };
}

function toDestination({ store }: StackAddresses) {
  return { ...store, name: DESTINATION, pathStyle: true, manifestPrefix: '_manifests/' };
}
