// A ClickHouse for the time of one piece of work: the embedded engine on a folder, ports and passwords of its
// own, ended and removed afterwards. The benchmark of the import runs in it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLICKHOUSE_ADMIN, makeClickHouse } from './clickhouse.ts';
import { findFreePorts, startOnFreePorts } from './free-ports.ts';
import type { OwnedServer } from './owned-server.ts';

/** Whom to connect as, to a server that is empty. */
export interface TemporaryClickHouse {
  url: string;
  database: string;
  user: string;
  password: string;
}

/** Throws ServerFailedError when no engine can be had, or when it does not start. */
export async function withTemporaryClickHouse<Result>(
  use: (target: TemporaryClickHouse) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-clickhouse-'));
  try {
    const { server, ...target } = await startOnFreePorts(() => startIn(folder));
    try {
      return await use(target);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const DATABASE = 'temporary';

async function startIn(folder: string): Promise<TemporaryClickHouse & { server: OwnedServer }> {
  const [httpPort = 0] = await findFreePorts(1);
  const password = randomBytes(18).toString('base64url');
  const server = await makeClickHouse({
    folder: join(folder, 'clickhouse'),
    logFile: join(folder, 'clickhouse.log'),
    httpPort,
    adminPassword: password,
    exporterPassword: randomBytes(18).toString('base64url'),
    exporterReads: `${DATABASE}.*`,
  });
  server.start();
  await server.ready();
  const url = `http://127.0.0.1:${httpPort}`;
  return { server, url, database: DATABASE, user: CLICKHOUSE_ADMIN, password };
}
