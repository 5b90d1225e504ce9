// The embedded stack: ClickHouse, Temporal with its Web UI, and SeaweedFS, each a real server, on free ports
// of loopback, with data and logs under one folder. All end with this process, however it ends. Started by
// `npm start`, `npm run stack` and the tests.
import { join } from 'node:path';
import { Client } from 'minio';
import { CLICKHOUSE_ADMIN, CLICKHOUSE_EXPORTER, makeClickHouse } from './clickhouse.ts';
import { startOnFreePorts } from './free-ports.ts';
import type { OwnedServer } from './owned-server.ts';
import { makeSeaweed } from './seaweedfs.ts';
import { ownFolder, readStackSettings } from './stack-folder.ts';
import type { StackSettings } from './stack-folder.ts';
import { makeTemporal } from './temporal.ts';

/**
 * Where everything answers, and with which credentials: plain, so that it can be handed to other processes.
 */
export interface StackAddresses {
  clickhouse: {
    url: string;
    adminUser: string;
    adminPassword: string;
    exporterUser: string;
    exporterPassword: string;
  };
  temporal: { address: string; uiUrl: string };
  store: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string };
}

export interface RunningStack extends StackAddresses {
  folder: string;
  logFolder: string;
  servers: { clickhouse: OwnedServer; temporal: OwnedServer; store: OwnedServer };
  /** Ends all servers; data and logs stay. */
  stop(): Promise<void>;
}

export interface StackOptions {
  folder: string;
  /** The bucket that is made when it is missing. */
  bucket?: string;
  /** What the exporter's user may read in ClickHouse; the demo's database by default. */
  exporterReads?: string;
  /** Of Temporal's dynamic configuration, by name. */
  temporalSettings?: Readonly<Record<string, string>>;
}

export const STACK_BUCKET = 'room-streams';
export const STACK_REGION = 'us-east-1';
const STACK_DATABASE = 'room_history';

/**
 * Resolves when all three answer. Throws ServerFailedError, and leaves nothing running, when one cannot be
 * had or fails to start.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const disown = ownFolder(options.folder);
  try {
    const stack = await startOnFreePorts(() => startServers(options));
    const stop = async () => {
      await stack.stop();
      disown();
    };
    return { ...stack, stop };
  } catch (error) {
    disown();
    throw error;
  }
}

async function startServers(options: StackOptions): Promise<RunningStack> {
  const settings = await readStackSettings(options.folder);
  const servers = await makeServers(options, settings);
  const all = Object.values(servers);
  const stop = async () => {
    await Promise.all(all.map((server) => server.stop()));
  };
  try {
    for (const server of all) server.start();
    await Promise.all(all.map((server) => server.ready()));
    const addresses = toAddresses(settings, options.bucket ?? STACK_BUCKET);
    await ensureBucket(addresses.store);
    return { ...addresses, folder: options.folder, logFolder: join(options.folder, 'logs'), servers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeServers(
  { folder, exporterReads = `${STACK_DATABASE}.*`, temporalSettings = {} }: StackOptions,
  settings: StackSettings,
): Promise<RunningStack['servers']> {
  const { ports } = settings;
  const logOf = (name: string) => join(folder, 'logs', `${name}.log`);
  const [clickhouse, temporal, store] = await Promise.all([
    makeClickHouse({
      folder: join(folder, 'clickhouse'),
      logFile: logOf('clickhouse'),
      httpPort: ports.clickHouseHttp,
      adminPassword: settings.adminPassword,
      exporterPassword: settings.exporterPassword,
      exporterReads,
    }),
    makeTemporal({
      databaseFile: join(folder, 'temporal', 'temporal.db'),
      logFile: logOf('temporal'),
      port: ports.temporal,
      uiPort: ports.temporalUi,
      settings: temporalSettings,
    }),
    makeSeaweed({
      folder: join(folder, 'seaweedfs'),
      logFile: logOf('seaweedfs'),
      s3Port: ports.s3,
      innerPorts: ports.seaweedInner,
      accessKeyId: settings.accessKeyId,
      secretAccessKey: settings.secretAccessKey,
    }),
  ]);
  return { clickhouse, temporal, store };
}

function toAddresses(settings: StackSettings, bucket: string): StackAddresses {
  const { ports } = settings;
  return {
    clickhouse: {
      url: `http://127.0.0.1:${ports.clickHouseHttp}`,
      adminUser: CLICKHOUSE_ADMIN,
      adminPassword: settings.adminPassword,
      exporterUser: CLICKHOUSE_EXPORTER,
      exporterPassword: settings.exporterPassword,
    },
    temporal: { address: `127.0.0.1:${ports.temporal}`, uiUrl: `http://127.0.0.1:${ports.temporalUi}` },
    store: {
      endpoint: `http://127.0.0.1:${ports.s3}`,
      region: STACK_REGION,
      bucket,
      accessKeyId: settings.accessKeyId,
      secretAccessKey: settings.secretAccessKey,
    },
  };
}

/** Makes the bucket of a store unless it is there. */
export async function ensureBucket(store: StackAddresses['store']): Promise<void> {
  const { hostname, port } = new URL(store.endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: store.region,
    accessKey: store.accessKeyId,
    secretKey: store.secretAccessKey,
  });
  if (!(await client.bucketExists(store.bucket))) await client.makeBucket(store.bucket, store.region);
}
