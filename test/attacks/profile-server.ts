// A ClickHouse with one user for each settings profile, as an operator would set them up in users.xml, and a
// history in it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import type { AdminTarget } from '../../clickhouse/connection.ts';
import { migrate } from '../../history/migrate.ts';
import { CLICKHOUSE_ADMIN, CLICKHOUSE_EXPORTER, makeClickHouse } from '../../local/clickhouse.ts';
import type { ReadingUser } from '../../local/clickhouse.ts';
import { findFreePorts, startOnFreePorts } from '../../local/free-ports.ts';

export type UserOptions = Omit<ReadingUser, 'name' | 'password'>;

export interface ProfileServer {
  admin: AdminTarget;
  connection: ClickHouseClient;
  /** The exporter, whose profile has nothing but `readonly = 2`. */
  plain: HistoryConnection;
  /** The user of the same place in the list that the server was started with. */
  connectionOf: (index: number) => HistoryConnection;
}

export const DATABASE = 'attacked';

/** Starts the server for the time of `use`; it and its data are gone afterwards. */
export async function withProfileServer<Result>(
  users: readonly UserOptions[],
  use: (server: ProfileServer) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-profiles-'));
  const password = randomBytes(12).toString('hex');
  const moreUsers = users.map((user, index) => ({ ...user, name: `u${index}`, password }));
  try {
    const { server, url } = await startOnFreePorts(async () => {
      const [httpPort = 0] = await findFreePorts(1);
      const started = await makeClickHouse({
        folder: join(folder, 'clickhouse'),
        logFile: join(folder, 'clickhouse.log'),
        httpPort,
        adminPassword: password,
        exporterPassword: password,
        exporterReads: '*.*',
        moreUsers,
      });
      started.start();
      await started.ready();
      return { server: started, url: `http://127.0.0.1:${httpPort}` };
    });
    const admin = { url, database: DATABASE, user: CLICKHOUSE_ADMIN, password };
    const connection = openConnection(admin);
    const as = (user: string): HistoryConnection => ({ url, database: DATABASE, user, password });
    try {
      await migrate(admin);
      return await use({
        admin,
        connection,
        plain: as(CLICKHOUSE_EXPORTER),
        connectionOf: (index) => as(`u${index}`),
      });
    } finally {
      await connection.close();
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
