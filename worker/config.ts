// The only reader of the environment. Everything a process needs is parsed once, at its start; all problems are reported together,
// each with the variable's name, what it got and what is allowed. Values of secrets never stand in a message.
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Destination } from '../activities/store/destination.ts';

export interface TemporalConfig {
  address: string;
  namespace: string;
  taskQueue: string;
  /** Where the Web UI is served, for links; null when unknown. */
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
  batches: BatchLimits;
}

/** What bounds a worker's memory: `atOnce` times the larger of both sizes, times the head room of an estimate. */
export interface BatchLimits {
  /** Batches under way at once in one worker. */
  atOnce: number;
  /** Wanted raw bytes of a batch, stored plain. */
  rangeBytesPlain: number;
  /** Wanted raw bytes of a batch, compressed as it arrives. */
  rangeBytesGzip: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of a configuration at once. Exit code 2: nothing was tried. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `configuration: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

const address = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'host:port');
const httpUrl = z.url({ protocol: /^https?$/, error: 'http://host:port or https://host:port' });
const name = z.string().regex(/^[A-Za-z_][\w-]*$/, 'letters, digits, _ and -');
const truth = z.enum(['true', 'false'], 'true or false').transform((text) => text === 'true');
const megabytes = (low: number, high: number) =>
  z.coerce
    .number(`a number of megabytes from ${low} to ${high}`)
    .min(low, `at least ${low}`)
    .max(high, `at most ${high}`);

const temporalShape = {
  TEMPORAL_ADDRESS: address.default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1, 'a namespace').default('default'),
  TEMPORAL_TASK_QUEUE: z.string().min(1, 'a task queue').default('room-streams'),
  TEMPORAL_UI_URL: httpUrl.optional(),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: truth.default(false),
};

const clickHouseShape = {
  CLICKHOUSE_URL: httpUrl.default('http://127.0.0.1:8123'),
  CLICKHOUSE_DATABASE: name.default('room_history'),
};

const workerShape = {
  CLICKHOUSE_USER: name.default('exporter'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  BATCHES_AT_ONCE: z.coerce
    .number('a whole number from 1 to 64')
    .int('a whole number')
    .min(1, 'at least 1')
    .max(64, 'at most 64')
    .default(3),
  // Under 16 MB a part of a slightly overestimated range could fall below the 5 MiB that a store demands.
  BATCH_MB_PLAIN: megabytes(10, 512).default(16),
  BATCH_MB_GZIP: megabytes(1, 1024).default(64),
  DESTINATIONS: z.string().default(''),
};

const adminShape = {
  CLICKHOUSE_ADMIN_USER: name.default('admin'),
  CLICKHOUSE_ADMIN_PASSWORD: z.string().default(''),
};

export function readTemporalConfig(environment: Environment = process.env): TemporalConfig {
  const problems: string[] = [];
  const config = temporalOf(parseShape(temporalShape, environment, problems));
  return settled(config, problems);
}

/** The connection that may change the history: migrations, analyses, imports. Not the exporter's. */
export function readClickHouseAdmin(environment: Environment = process.env): ClickHouseConfig {
  const problems: string[] = [];
  const values = parseShape({ ...clickHouseShape, ...adminShape }, environment, problems);
  const config = values && {
    url: values.CLICKHOUSE_URL,
    database: values.CLICKHOUSE_DATABASE,
    user: values.CLICKHOUSE_ADMIN_USER,
    password: values.CLICKHOUSE_ADMIN_PASSWORD,
  };
  return settled(config, problems);
}

export function readWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const temporal = temporalOf(parseShape(temporalShape, environment, problems));
  const values = parseShape({ ...clickHouseShape, ...workerShape }, environment, problems);
  const destinations = readDestinations(values?.DESTINATIONS ?? '', environment, problems);
  const config = values &&
    temporal && {
      temporal,
      clickHouse: {
        url: values.CLICKHOUSE_URL,
        database: values.CLICKHOUSE_DATABASE,
        user: values.CLICKHOUSE_USER,
        password: values.CLICKHOUSE_PASSWORD,
      },
      destinations,
      batches: {
        atOnce: values.BATCHES_AT_ONCE,
        rangeBytesPlain: values.BATCH_MB_PLAIN * 1_000_000,
        rangeBytesGzip: values.BATCH_MB_GZIP * 1_000_000,
      },
    };
  return settled(config, problems);
}

const destinationShape = {
  ENDPOINT: httpUrl,
  REGION: z.string().min(1, 'a region').default('us-east-1'),
  BUCKET: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, '3 to 63 of a-z, 0-9, dot and hyphen'),
  ACCESS_KEY_ID: z.string().min(1, 'an access key'),
  SECRET_ACCESS_KEY: z.string().min(1, 'a secret key'),
  PATH_STYLE: truth.default(true),
  MANIFEST_PREFIX: z
    .string()
    .regex(/^([^/\p{Cc}][^\p{Cc}]*\/)?$/u, 'empty, or a prefix that ends with a slash')
    .default('_manifests/'),
};

function readDestinations(
  list: string,
  environment: Environment,
  problems: string[],
): Map<string, Destination> {
  const destinations = new Map<string, Destination>();
  for (const destination of list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')) {
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(destination)) {
      problems.push(
        `DESTINATIONS: got "${destination}", allowed: names of [a-z][a-z0-9-]{0,62}, separated by commas`,
      );
      continue;
    }
    const stem = `DESTINATION_${destination.toUpperCase().replaceAll('-', '_')}_`;
    const values = parseShape(destinationShape, environment, problems, stem);
    if (values === undefined) continue;
    destinations.set(destination, {
      name: destination,
      endpoint: values.ENDPOINT,
      region: values.REGION,
      bucket: values.BUCKET,
      pathStyle: values.PATH_STYLE,
      accessKeyId: values.ACCESS_KEY_ID,
      secretAccessKey: values.SECRET_ACCESS_KEY,
      manifestPrefix: values.MANIFEST_PREFIX,
    });
  }
  return destinations;
}

/**
 * Parses the variables `stem` + key. A variable `NAME_FILE` names a file whose first line is the value: the usual way to hand a
 * secret to a container. An empty variable counts as unset.
 */
function parseShape<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Environment,
  problems: string[],
  stem = '',
): z.infer<z.ZodObject<Shape>> | undefined {
  const values: Record<string, string> = {};
  for (const key of Object.keys(shape)) {
    const value = readVariable(`${stem}${key}`, environment, problems);
    if (value !== undefined) values[key] = value;
  }
  const parsed = z.object(shape).safeParse(values);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const key = String(issue.path[0]);
    const got = values[key];
    const shown = got === undefined ? 'nothing' : isSecret(key) ? 'a value that is not shown' : `"${got}"`;
    problems.push(
      `${stem}${key}: got ${shown}, allowed: ${got === undefined ? 'a value (it has no default)' : issue.message}`,
    );
  }
  return undefined;
}

function readVariable(variable: string, environment: Environment, problems: string[]): string | undefined {
  const direct = environment[variable];
  if (direct !== undefined && direct !== '') return direct;
  const file = environment[`${variable}_FILE`];
  if (file === undefined || file === '') return undefined;
  if (!existsSync(file)) {
    problems.push(`${variable}_FILE: got "${file}", allowed: a file that exists`);
    return undefined;
  }
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0];
}

function isSecret(key: string): boolean {
  return /PASSWORD|SECRET|API_KEY|ACCESS_KEY/.test(key);
}

function temporalOf(
  values: z.infer<z.ZodObject<typeof temporalShape>> | undefined,
): TemporalConfig | undefined {
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

function settled<Config>(config: Config | undefined, problems: readonly string[]): Config {
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}
