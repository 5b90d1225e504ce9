// A ClickHouse for the time of one piece of work: the embedded engine on a folder, ports and passwords of its own, ended and removed
// afterwards. What a dry run of an import runs in.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLICKHOUSE_ADMIN, makeClickHouse } from './clickhouse.ts';
import { findFreePorts } from './free-ports.ts';

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
    const [httpPort = 0, nativePort = 0] = await findFreePorts(2);
    const password = randomBytes(18).toString('base64url');
    const server = await makeClickHouse({
      folder: join(folder, 'clickhouse'),
      logFile: join(folder, 'clickhouse.log'),
      httpPort,
      nativePort,
      adminPassword: password,
      exporterPassword: randomBytes(18).toString('base64url'),
      exporterReads: `${DATABASE}.*`,
    });
    server.start();
    try {
      await server.ready();
      const url = `http://127.0.0.1:${httpPort}`;
      return await use({ url, database: DATABASE, user: CLICKHOUSE_ADMIN, password });
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const DATABASE = 'dry_run';
