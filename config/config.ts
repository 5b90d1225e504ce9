// The only code that reads the environment. Everything a process needs is parsed once, at its start. All
// problems are reported together, each with the variable's name, what it got and what is allowed. Values of
// secrets never appear in a message.
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { threadsFor } from '../activities/batch/batch-memory.ts';
import type { BatchSizes } from '../activities/batch/batch-memory.ts';
import type { Destination } from '../store/destination.ts';
import type { Webhook } from '../activities/runtime/webhook.ts';
import { DESTINATION_VARIABLES, destinationStemOf, readDestinations } from './destinations.ts';
import { readWebhooks, WEBHOOK_VARIABLES, webhookStemOf } from './webhooks.ts';
import { ConfigError, readVariables } from './read-variables.ts';
import type { Environment, Values } from './read-variables.ts';
import { hostAndPort, identifier, megabytes, origin, truth, webAddress, wholeNumber } from './values.ts';

export { ConfigError } from './read-variables.ts';

export interface TemporalConfig {
  address: string;
  namespace: string;
  taskQueue: string;
  /** The address of the Web UI, for links; null when unknown. */
  uiUrl: string | null;
  apiKey: string | null;
  tls: boolean;
}

export interface ClickHouseConfig {
  url: string;
  database: string;
  user: string;
  password: string;
}

export interface WorkerConfig {
  temporal: TemporalConfig;
  clickHouse: ClickHouseConfig;
  destinations: ReadonlyMap<string, Destination>;
  batches: BatchSizes;
  webhooks: ReadonlyMap<string, Webhook>;
  /** After this many failed intervals in a row a stream is paused; 0 means never. */
  pauseAfterFailed: number;
}

const TEMPORAL = {
  TEMPORAL_ADDRESS: hostAndPort.default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_TASK_QUEUE: z.string().default('room-streams'),
  TEMPORAL_UI_URL: webAddress.optional(),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: truth.default(false),
};

const CLICKHOUSE = {
  CLICKHOUSE_URL: origin.default('http://127.0.0.1:8123'),
  CLICKHOUSE_DATABASE: identifier.default('room_history'),
};

const EXPORTER = {
  CLICKHOUSE_USER: identifier.default('exporter'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
};

const ADMIN = {
  CLICKHOUSE_ADMIN_USER: identifier.default('admin'),
  CLICKHOUSE_ADMIN_PASSWORD: z.string().default(''),
};

const WORKER = {
  BATCHES_AT_ONCE: wholeNumber(1, 64).default(3),
  // Below 10 MB, a part of a slightly overestimated range could be smaller than the 5 MiB that a store
  // requires.
  BATCH_MB_PLAIN: megabytes(10, 512).default(16),
  BATCH_MB_GZIP: megabytes(1, 1024).default(64),
};

const DESTINATIONS = { DESTINATIONS: z.string().default('') };

const ALERTS = {
  // One or two failures may be temporary. After five intervals in a row a person has to fix something.
  PAUSE_AFTER_FAILED: wholeNumber(0, 1000).default(5),
  WEBHOOKS: z.string().default(''),
};

/** The schema of every variable, by the group that a process reads as a whole. */
export const VARIABLE_SCHEMAS = {
  temporal: TEMPORAL,
  clickHouse: CLICKHOUSE,
  exporter: EXPORTER,
  admin: ADMIN,
  worker: { ...WORKER, ...DESTINATIONS },
  destination: DESTINATION_VARIABLES,
  alerts: ALERTS,
  webhook: WEBHOOK_VARIABLES,
} as const;

/** Which variables each kind of process reads. A process should be given these and no others. */
export const VARIABLES = {
  temporal: Object.keys(TEMPORAL),
  clickHouse: Object.keys(CLICKHOUSE),
  exporter: Object.keys(EXPORTER),
  admin: Object.keys(ADMIN),
  worker: [...Object.keys(WORKER), ...Object.keys(DESTINATIONS)],
  destination: (name: string): string[] =>
    Object.keys(DESTINATION_VARIABLES).map((key) => `${destinationStemOf(name)}${key}`),
  alerts: Object.keys(ALERTS),
  webhook: (name: string): string[] =>
    Object.keys(WEBHOOK_VARIABLES).map((key) => `${webhookStemOf(name)}${key}`),
} as const;

export function readTemporalConfig(environment: Environment = process.env): TemporalConfig {
  const problems: string[] = [];
  return settled(readTemporal(environment, problems), problems);
}

/**
 * The administrator's connection, which may change the history: migrations, analyses, imports. The exporter
 * has its own.
 */
export function readClickHouseAdmin(environment: Environment = process.env): ClickHouseConfig {
  const problems: string[] = [];
  return settled(readAdmin(environment, problems), problems);
}

/**
 * Both configurations at once, so that a wrong address of one server is found before the other one is
 * migrated.
 */
export function readMigrationConfig(environment: Environment = process.env): {
  admin: ClickHouseConfig;
  temporal: TemporalConfig;
} {
  const problems: string[] = [];
  const admin = readAdmin(environment, problems);
  const temporal = readTemporal(environment, problems);
  return settled(admin && temporal && { admin, temporal }, problems);
}

export function readWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const temporal = readTemporal(environment, problems);
  const clickHouse = readExporter(environment, problems);
  const { complete: worker } = readVariables(WORKER, { environment, problems });
  // Parsed separately, so that problems of the destinations are reported together with all others.
  const { sound } = readVariables(DESTINATIONS, { environment, problems });
  const destinations = readDestinations(sound.DESTINATIONS ?? '', environment, problems);
  const { sound: alerts } = readVariables(ALERTS, { environment, problems });
  const webhooks = readWebhooks(alerts.WEBHOOKS ?? '', environment, problems);
  const config = temporal &&
    clickHouse &&
    worker && {
      temporal,
      clickHouse,
      destinations,
      webhooks,
      batches: toLimits(worker),
      pauseAfterFailed: alerts.PAUSE_AFTER_FAILED ?? 0,
    };
  return settled(config, problems);
}

function readTemporal(environment: Environment, problems: string[]): TemporalConfig | undefined {
  const { complete: values } = readVariables(TEMPORAL, { environment, problems });
  return (
    values && {
      address: values.TEMPORAL_ADDRESS,
      namespace: values.TEMPORAL_NAMESPACE,
      taskQueue: values.TEMPORAL_TASK_QUEUE,
      uiUrl: values.TEMPORAL_UI_URL ?? null,
      apiKey: values.TEMPORAL_API_KEY ?? null,
      tls: values.TEMPORAL_TLS,
    }
  );
}

function readAdmin(environment: Environment, problems: string[]): ClickHouseConfig | undefined {
  const { complete: values } = readVariables({ ...CLICKHOUSE, ...ADMIN }, { environment, problems });
  return (
    values && {
      url: values.CLICKHOUSE_URL,
      database: values.CLICKHOUSE_DATABASE,
      user: values.CLICKHOUSE_ADMIN_USER,
      password: values.CLICKHOUSE_ADMIN_PASSWORD,
    }
  );
}

function readExporter(environment: Environment, problems: string[]): ClickHouseConfig | undefined {
  const { complete: values } = readVariables({ ...CLICKHOUSE, ...EXPORTER }, { environment, problems });
  return (
    values && {
      url: values.CLICKHOUSE_URL,
      database: values.CLICKHOUSE_DATABASE,
      user: values.CLICKHOUSE_USER,
      password: values.CLICKHOUSE_PASSWORD,
    }
  );
}

function toLimits(values: Values<typeof WORKER>): BatchSizes {
  return {
    atOnce: values.BATCHES_AT_ONCE,
    threads: threadsFor(availableParallelism(), values.BATCHES_AT_ONCE),
    rangeBytesPlain: values.BATCH_MB_PLAIN * 1_000_000,
    rangeBytesGzip: values.BATCH_MB_GZIP * 1_000_000,
  };
}

function settled<Config>(config: Config | undefined, problems: readonly string[]): Config {
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}
