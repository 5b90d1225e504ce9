// The rooms that `npm start` shows: a recorded call, dumps of the user's own in its place, and made-up rooms
// beside them if wanted. All are finalised in an interval that is over, so that its file can be made at once.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { CommandError, EXIT } from '../client/exit-codes.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { importFiles } from '../importers/import-files.ts';
import { loadDemoCall } from '../importers/load-demo-call.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { readClickHouseAdmin } from '../config/config.ts';
import { intervalContaining, lastIntervalEndedBy, toCompactTime } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { toEnvironment } from './stack-environment.ts';
import type { RunningStack } from './stack.ts';

export interface DemoOptions {
  /** Made-up rooms beside the recorded call. */
  rooms: number;
  /** Dumps of the user's own that take the place of the recorded call. */
  dumps: readonly string[];
}

export interface LoadedInterval {
  interval: Interval;
  /** Rooms that were not there before: a file that was made without them has to be made again. */
  hasNewRooms: boolean;
}

export const DEMO_PROJECT = 'demo';

/** Short enough to see the schedule fire while one looks on. */
export const DEMO_GRID = { everySeconds: 15 * 60, offsetSeconds: 0 };

/**
 * Applies the migrations, loads rooms, and returns the intervals in which they were finalised, oldest first.
 */
export async function loadDemoHistory(stack: RunningStack, options: DemoOptions): Promise<LoadedInterval[]> {
  const admin = readClickHouseAdmin(toEnvironment(stack));
  await migrate(admin);
  const connection = openConnection(admin);
  try {
    const last = lastIntervalEndedBy(Date.now(), DEMO_GRID);
    const roomsBefore = await countRooms(connection, last);
    const imported = options.dumps.length > 0 ? await importDumps(connection, options.dumps, last) : [];
    // At the interval's very start: the recorded call is the first room of the file, made-up ones come after
    // it.
    if (options.dumps.length === 0) {
      const sessionId = `recorded-call-${toCompactTime(last.endMs)}`;
      await loadDemoCall(connection, { projectId: DEMO_PROJECT, finalizedAtMs: last.startMs, sessionId });
    }
    if (options.rooms > 0) {
      const span = { fromMs: last.startMs + 1, toMs: last.endMs };
      const seed = last.endMs / 1000;
      await makeHistory(connection, { rooms: options.rooms, seed, projectId: DEMO_PROJECT, ...span });
    }
    const isLastWanted = options.dumps.length === 0 || options.rooms > 0;
    const hasNewRooms = (await countRooms(connection, last)) > roomsBefore;
    const others = imported.filter(({ interval }) => !isLastWanted || interval.endMs !== last.endMs);
    const loaded = isLastWanted ? [...others, { interval: last, hasNewRooms }] : others;
    return loaded.sort((a, b) => a.interval.endMs - b.interval.endMs);
  } finally {
    await connection.close();
  }
}

/** Dumps that were imported before are where they were: in the interval of that time. */
async function importDumps(
  connection: ClickHouseClient,
  dumps: readonly string[],
  last: Interval,
): Promise<LoadedInterval[]> {
  const result = await importFiles(connection, dumps, {
    projectId: DEMO_PROJECT,
    finalizedAtMs: last.startMs,
  });
  for (const { path, error, format } of result.files) {
    if (error !== null) throw new CommandError(`${path}: ${error}`, EXIT.failed);
    if (format === null)
      throw new CommandError(
        `${path}: got no dump, allowed: rtcstats, webrtc-internals, getStats`,
        EXIT.failed,
      );
  }
  const hasNewRooms = result.roomsWritten + result.peersWritten > 0;
  const intervals = new Map<number, LoadedInterval>();
  for (const atMs of result.finalizedAtMs.values()) {
    const interval = intervalContaining(atMs, DEMO_GRID);
    intervals.set(interval.endMs, { interval, hasNewRooms });
  }
  return [...intervals.values()];
}

async function countRooms(connection: ClickHouseClient, { startMs, endMs }: Interval): Promise<number> {
  const answer = await connection.query({
    query: `SELECT count() AS rooms FROM export_rooms WHERE project_id = {project:String}
      AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64})`,
    query_params: { project: DEMO_PROJECT, from_ms: startMs, to_ms: endMs },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const [row] = z.array(z.object({ rooms: z.number() })).parse(await answer.json());
  return row?.rooms ?? 0;
}
