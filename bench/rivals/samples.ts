// Raw samples for the statement that starts from them: made from the totals of the first rooms of the
// interval, in a database of their own, so that they are in nobody else's way.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { Interval } from '../../workflows/model/interval.ts';
import { INTERVAL, PROJECT } from '../export-run.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';

export const SAMPLES_DATABASE = 'bench_samples';

/** For each track total: ten minutes at a sample in ten seconds. */
const TICKS = 60;

export interface MadeSamples {
  /** Begins with the benchmark's interval, so that its rooms are the first of the other contenders' files. */
  interval: Interval;
  rooms: number;
  samples: number;
}

/**
 * Makes the samples of about the first `rooms` of `roomsOfInterval` rooms, which lie evenly over the
 * interval.
 */
export async function makeSamples(
  connection: ClickHouseClient,
  { rooms, roomsOfInterval }: { rooms: number; roomsOfInterval: number },
): Promise<MadeSamples> {
  const { startMs, endMs } = INTERVAL;
  const interval = {
    startMs,
    endMs: startMs + Math.floor(((endMs - startMs) * rooms) / roomsOfInterval),
  };
  const table = `${SAMPLES_DATABASE}.media_samples`;
  await connection.command({ query: `CREATE DATABASE ${SAMPLES_DATABASE}` });
  await connection.command({ query: `CREATE TABLE ${table} AS media_samples` });
  await connection.command({
    query: readStatement(new URL('make-samples.sql', import.meta.url)),
    query_params: {
      samples_database: SAMPLES_DATABASE,
      ticks: TICKS,
      project_id: PROJECT,
      from_ms: interval.startMs,
      to_ms: interval.endMs,
    },
    clickhouse_settings: {
      // Compiled, functions over integers of different widths have given wrong values (found on 26.7).
      compile_expressions: 0,
      wait_end_of_query: 1,
    },
  });
  await connection.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  const ofInterval = { project_id: PROJECT, from_ms: interval.startMs, to_ms: interval.endMs };
  return {
    interval,
    rooms: await count(connection, ROOMS_OF_INTERVAL, ofInterval),
    samples: await count(connection, table),
  };
}

const ROOMS_OF_INTERVAL = `export_rooms WHERE project_id = {project_id:String}
  AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`;

async function count(
  connection: ClickHouseClient,
  from: string,
  params: Record<string, unknown> = {},
): Promise<number> {
  const answer = await connection.query({
    query: `SELECT toFloat64(count()) AS n FROM ${from}`,
    query_params: params,
    format: 'JSONEachRow',
  });
  return z.array(z.object({ n: z.number() })).parse(await answer.json())[0]?.n ?? 0;
}
