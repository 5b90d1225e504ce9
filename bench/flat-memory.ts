// `npm run bench:flat -- --small 100000 --large 1000000`: exports an interval of each size with a worker of its own, and prints how much more memory the large
// one took, how many rows ClickHouse read for all batches, and what the same statements read when they are run once over the whole interval. Exit code 1
// when a bound is broken.
import { parseArgs } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { toScanStatement } from '../activities/history/scan-statements.ts';
import { openConnection } from '../history/connection.ts';
import { toEnvironment } from '../local/stack-environment.ts';
import { type RunningStack } from '../local/stack.ts';
import { readClickHouseAdmin } from '../worker/config.ts';
import { rangeOf } from '../workflows/model/plan.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { exportOnce, INTERVAL, makeRooms, peakMemoryMb, PROJECT } from './export-run.ts';

/** The large interval may take so much more memory than the small one. */
const MEMORY_RATIO_MAX = 1.1;

/** All batches together may read so many times the rows that one statement reads, and that the interval has. */
const READ_RATIO_MAX = 1.1;
const INTERVAL_RATIO_MAX = 1.1;

interface Measured {
  rooms: number;
  peakMb: number;
  rowsRead: number;
  rowsReadAtOnce: number;
  rowsOfInterval: number;
}

async function main(sizes: readonly number[]): Promise<boolean> {
  await buildWorker();
  const measured: Measured[] = [];
  for (const rooms of sizes) measured.push(await measure(rooms));
  const [small, large] = [measured[0], measured.at(-1)];
  if (small === undefined || large === undefined) throw new Error('no sizes');
  const memoryRatio = large.peakMb / small.peakMb;
  console.log(
    `peak memory: ${large.rooms} rooms take ${memoryRatio.toFixed(3)} times what ${small.rooms} take (at most ${MEMORY_RATIO_MAX})`,
  );
  return memoryRatio <= MEMORY_RATIO_MAX && measured.every(isFrugal);
}

function isFrugal({ rooms, rowsRead, rowsReadAtOnce, rowsOfInterval }: Measured): boolean {
  const [atOnce, ofInterval] = [rowsRead / rowsReadAtOnce, rowsRead / rowsOfInterval];
  console.log(
    `${rooms} rooms: all batches read ${rowsRead} rows: ${atOnce.toFixed(3)} times what one scan of each view reads (at most ${READ_RATIO_MAX}), ` +
      `${ofInterval.toFixed(3)} times the interval's ${rowsOfInterval} rows (at most ${INTERVAL_RATIO_MAX})`,
  );
  return atOnce <= READ_RATIO_MAX && ofInterval <= INTERVAL_RATIO_MAX;
}

function measure(rooms: number): Promise<Measured> {
  return withBuiltWorker(
    (stack) => makeRooms(stack, rooms),
    async (stack, worker) => {
      await exportOnce(stack, { compression: 'none', fields: 'standard' });
      const peakMb = await peakMemoryMb(worker.pid);
      console.log(`${rooms} rooms: peak resident memory of the worker ${peakMb.toFixed(0)} MB`);
      return { rooms, peakMb, ...(await readFigures(stack)) };
    },
  );
}

async function readFigures(stack: RunningStack): Promise<Omit<Measured, 'rooms' | 'peakMb'>> {
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

const { values } = parseArgs({
  options: { small: { type: 'string', default: '100000' }, large: { type: 'string', default: '1000000' } },
});
main([Number(values.small), Number(values.large)]).then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
