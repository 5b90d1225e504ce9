// How many rows ClickHouse read for the exports of a benchmark, beside what one scan of each view reads and
// what the interval has. Every granule should be read about once, by whichever batch.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { toScanStatement } from '../activities/scans/scan-statements.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { toEnvironment } from '../local/stack-environment.ts';
import type { RunningStack } from '../local/stack.ts';
import { readClickHouseAdmin } from '../config/config.ts';
import { rangeOf } from '../workflows/model/plan.ts';
import { INTERVAL, PROJECT } from './export-run.ts';

export interface RowsRead {
  /** By the scans of all exports so far. */
  rowsRead: number;
  /** By one scan of each view over the whole interval. */
  rowsReadAtOnce: number;
  /** What the interval has. */
  rowsOfInterval: number;
}

export async function readRowsRead(stack: RunningStack): Promise<RowsRead> {
  const connection = openConnection(readClickHouseAdmin(toEnvironment(stack)));
  try {
    await runAtOnce(connection);
    await connection.command({ query: 'SYSTEM FLUSH LOGS query_log' });
    const [batches, atOnce] = await Promise.all(
      [stack.clickhouse.exporterUser, stack.clickhouse.adminUser].map((user) => rowsReadBy(connection, user)),
    );
    const rowsOfInterval = await countRows(connection);
    return { rowsRead: batches ?? Number.NaN, rowsReadAtOnce: atOnce ?? Number.NaN, rowsOfInterval };
  } finally {
    await connection.close();
  }
}

async function runAtOnce(connection: ClickHouseClient): Promise<void> {
  const whole = { projectId: PROJECT, ...rangeOf(INTERVAL) };
  for (const scan of ['rooms', 'peers', 'totals'] as const) {
    const { stream } = await connection.exec(toScanStatement(scan, whole, 'standard'));
    for await (const chunk of stream) if (!(chunk instanceof Uint8Array)) throw new Error('no bytes');
  }
}

/** By the scans alone: plans and checks are other queries. */
function rowsReadBy(connection: ClickHouseClient, user: string): Promise<number> {
  return selectNumber(
    connection,
    `SELECT sum(read_rows) AS n FROM system.query_log
      WHERE type = 'QueryFinish' AND user = {user:String} AND endsWith(query, 'FORMAT ArrowStream')`,
    { user },
  );
}

function countRows(connection: ClickHouseClient): Promise<number> {
  const counts = ['rooms', 'peers', 'track_totals'].map((table) => `(SELECT count() FROM export_${table})`);
  return selectNumber(connection, `SELECT ${counts.join(' + ')} AS n`, {});
}

async function selectNumber(
  connection: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
): Promise<number> {
  const answer = await connection.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const [row] = z.array(z.object({ n: z.number() })).parse(await answer.json());
  return row?.n ?? Number.NaN;
}
