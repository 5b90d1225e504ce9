// A stack under faults: real servers, each behind a proxy, worker processes that see the proxies only, and a
// client that sees the servers. Streams of made-up rooms are exported again and again while a test does its
// worst.
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ClickHouseClient } from '@clickhouse/client';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { openObjectStore } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { migrate } from '../../history/migrate.ts';
import { startMinio } from '../../local/minio.ts';
import type { OwnedServer } from '../../local/owned-server.ts';
import { STACK_DESTINATION, toEnvironment } from '../../local/stack-environment.ts';
import { ensureBucket, startStack } from '../../local/stack.ts';
import type { RunningStack, StackAddresses } from '../../local/stack.ts';
import { readTemporalConfig } from '../../config/config.ts';
import { writeBundle } from '../bundle-file.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { WorkerPool } from './worker-pool.ts';

export type StoreKind = 'seaweedfs' | 'minio';
export type ServerName = 'clickhouse' | 'temporal' | 'store';

export interface FaultWorld {
  servers: Record<ServerName, OwnedServer>;
  proxies: Record<ServerName, TcpProxy>;
  workers: WorkerPool;
  connected: Connected;
  /** May write the history. */
  connection: ClickHouseClient;
  /** As the product reads it, but past the proxies. */
  history: HistoryReader;
  database: string;
  store: ObjectStore;
  /** Ends a server as a crash does, and starts it again on its data. */
  restart(name: ServerName): Promise<void>;
}

export interface WorldOptions {
  store: StoreKind;
  workers: number;
  /** Variables of the workers, such as the size of their batches. */
  variables?: Readonly<Record<string, string>>;
}

/** Opens everything for the time of `use`; ends and removes everything, whatever happened. */
export async function withFaultWorld<Result>(
  options: WorldOptions,
  use: (world: FaultWorld) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-faults-'));
  const stack = await startStack({ folder, exporterReads: '*.*' });
  const minio = options.store === 'minio' ? await startMinio() : undefined;
  const addresses: StackAddresses = {
    ...stack,
    store: minio === undefined ? stack.store : { ...stack.store, ...pick(minio) },
  };
  const servers = { ...stack.servers, ...(minio === undefined ? {} : { store: minio.server }) };
  try {
    if (minio !== undefined) await ensureBucket(addresses.store);
    return await openWorld({ folder, stack, addresses, servers }, options, use);
  } finally {
    await minio?.stop();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function pick({
  endpoint,
  accessKeyId,
  secretAccessKey,
}: Pick<StackAddresses['store'], 'endpoint' | 'accessKeyId' | 'secretAccessKey'>) {
  return { endpoint, accessKeyId, secretAccessKey };
}

interface Grounds {
  folder: string;
  stack: RunningStack;
  addresses: StackAddresses;
  servers: FaultWorld['servers'];
}

async function openWorld<Result>(
  { folder, addresses, servers }: Grounds,
  options: WorldOptions,
  use: (world: FaultWorld) => Promise<Result>,
): Promise<Result> {
  const database = `faults_${randomBytes(4).toString('hex')}`;
  const admin = {
    url: addresses.clickhouse.url,
    database,
    user: addresses.clickhouse.adminUser,
    password: addresses.clickhouse.adminPassword,
  };
  await migrate(admin);
  const connection = openConnection(admin);
  const store = openObjectStore({
    ...addresses.store,
    name: STACK_DESTINATION,
    pathStyle: true,
    manifestPrefix: '_manifests/',
  });
  const history = openHistoryReader(admin);
  const proxies = await openProxies(addresses);
  const environment = toEnvironment(behind(addresses, proxies), database);
  const bundle = await writeBundle(folder);
  const workers = await WorkerPool.start(options.workers, {
    ...environment,
    ...options.variables,
    TEMPORAL_TASK_QUEUE: database,
    TEST_WORKFLOW_BUNDLE: bundle,
  });
  const direct = readTemporalConfig({ ...toEnvironment(addresses), TEMPORAL_TASK_QUEUE: database });
  try {
    return await withTemporal(
      (connected) =>
        use({
          servers,
          proxies,
          workers,
          connected,
          connection,
          history,
          database,
          store,
          async restart(name) {
            await servers[name].kill();
            servers[name].start();
            await servers[name].ready();
          },
        }),
      direct,
    );
  } finally {
    await workers.stop();
    await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    await store.close();
    await history.close();
    await connection.close();
  }
}

async function openProxies(addresses: StackAddresses): Promise<FaultWorld['proxies']> {
  const { clickhouse, temporal, store } = addresses;
  const open = (url: string) => {
    const { hostname: host, port } = new URL(url);
    return TcpProxy.open({ host, port: Number(port) });
  };
  return {
    clickhouse: await open(clickhouse.url),
    temporal: await open(`http://${temporal.address}`),
    store: await open(store.endpoint),
  };
}

/** The same stack as the workers see it: every server at its proxy. */
function behind(addresses: StackAddresses, proxies: FaultWorld['proxies']): StackAddresses {
  const { clickhouse, temporal, store } = addresses;
  return {
    clickhouse: { ...clickhouse, url: `http://127.0.0.1:${proxies.clickhouse.port}` },
    temporal: { ...temporal, address: `127.0.0.1:${proxies.temporal.port}` },
    store: { ...store, endpoint: `http://127.0.0.1:${proxies.store.port}` },
  };
}
