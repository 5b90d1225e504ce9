// The servers that all contenders share: the embedded stack, with MinIO in the place of SeaweedFS where that
// is asked for, and made-up rooms in a history that is merged, as one of some age is. Everything ends, and
// its data is deleted, when the benchmark is done.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { openConnection } from '../../clickhouse/connection.ts';
import { startMinio } from '../../local/minio.ts';
import type { OwnedServer } from '../../local/owned-server.ts';
import { toEnvironment } from '../../local/stack-environment.ts';
import { ensureBucket, startStack, STACK_BUCKET } from '../../local/stack.ts';
import type { RunningStack } from '../../local/stack.ts';
import { readClickHouseAdmin } from '../../config/config.ts';
import { makeRooms } from '../export-run.ts';

export type StoreKind = 'seaweedfs' | 'minio';

export interface RivalsStack {
  stack: RunningStack;
  /**
   * The administrator's: the exporter's user may only read, and rivals write to the store from ClickHouse.
   */
  connection: ClickHouseClient;
  /** Process ids of the servers, by the names of the report. */
  servers: { clickhouse: number; temporal: number; store: number };
}

const HISTORY_TABLES = ['rooms', 'peers', 'track_totals'];

/**
 * Starts the servers, makes `rooms` rooms in the interval of the benchmarks, and ends everything after `use`.
 */
export async function withRivalsStack<Result>(
  { store, rooms }: { store: StoreKind; rooms: number },
  use: (of: RivalsStack) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-rivals-'));
  const started = await startStack({ folder });
  try {
    return await withStore(started, store, async (stack) => {
      await makeRooms(stack, rooms);
      const connection = openConnection(readClickHouseAdmin(toEnvironment(stack)));
      try {
        for (const table of HISTORY_TABLES)
          await connection.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
        return await use({ stack, connection, servers: pidsOf(stack.servers) });
      } finally {
        await connection.close();
      }
    });
  } finally {
    await started.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function withStore<Result>(
  stack: RunningStack,
  store: StoreKind,
  use: (stack: RunningStack) => Promise<Result>,
): Promise<Result> {
  if (store === 'seaweedfs') return use(stack);
  // Nobody writes to it, but it would use processor time.
  await stack.servers.store.stop();
  const minio = await startMinio();
  try {
    const { server, endpoint, region, accessKeyId, secretAccessKey } = minio;
    const address = { endpoint, region, accessKeyId, secretAccessKey, bucket: STACK_BUCKET };
    await ensureBucket(address);
    return await use({ ...stack, store: address, servers: { ...stack.servers, store: server } });
  } finally {
    await minio.stop();
  }
}

function pidsOf({ clickhouse, temporal, store }: RunningStack['servers']): RivalsStack['servers'] {
  return { clickhouse: pidOf(clickhouse), temporal: pidOf(temporal), store: pidOf(store) };
}

function pidOf({ pid, command }: OwnedServer): number {
  if (pid === undefined) throw new Error(`${command.name} does not run`);
  return pid;
}
