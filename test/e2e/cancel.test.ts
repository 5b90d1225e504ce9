// A person cancels a run in the middle: the scans in ClickHouse end, the unfinished upload is aborted, no
// file and no manifest are there, and the interval can be exported afterwards.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf, storedManifestKeyOf } from '../../local/file-keys.ts';
import { until } from '../../local/until.ts';

/** Of about 30,000 track totals. */
const ROOMS = 3_000;

/**
 * Makes the scan of the totals last for 15 s: each row waits, and no block longer than the 3 s that
 * ClickHouse allows. Planning reads no more than the keys and versions, and does not wait.
 */
const SLOW_VIEW = `CREATE OR REPLACE VIEW export_track_totals AS
  SELECT * REPLACE (if(sleepEachRow(0.0005) = 0, bytes, 0) AS bytes) FROM track_totals FINAL SETTINGS max_block_size = 1000`;
const QUICK_VIEW = 'CREATE OR REPLACE VIEW export_track_totals AS SELECT * FROM track_totals FINAL';

/** ClickHouse's code of a query that was killed. */
const QUERY_WAS_CANCELLED = 394;

describe('a canceled run', () => {
  it('ends its query in ClickHouse and its upload in the store, and leaves no part of a file', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('canceled'), { compression: 'gzip' });
      const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
      await makeHistory(bench.connection, { rooms: ROOMS, seed: 5, projectId: stream.name, ...span });
      await bench.connection.command({ query: SLOW_VIEW });
      const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
      const queryId = await until('ClickHouse scans a batch', () => readScanQuery(bench));

      await handle.cancel();
      await assert.rejects(
        handle.result(),
        (error: unknown) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure',
      );

      assert.equal(
        await until('the query has ended', async () => {
          await bench.connection.command({ query: 'SYSTEM FLUSH LOGS query_log' });
          return readEnd(bench, queryId);
        }),
        QUERY_WAS_CANCELLED,
      );
      const key = fileKeyOf(stream, HOUR);
      assert.deepEqual(await bench.store.listUploads({ key }), []);
      assert.equal(await bench.store.head({ key }), null);
      assert.equal(await bench.store.head({ key: storedManifestKeyOf(stream, HOUR) }), null);

      await bench.connection.command({ query: QUICK_VIEW });
      const { outcome, manifest } = await bench.run(stream, HOUR);
      assert.equal(outcome, 'complete', runIdOf(stream.name, HOUR));
      assert.equal(manifest?.rooms, ROOMS);
      assert.equal(manifest.generation, 1);
    }));
});

/** The id of the scan of track totals that runs in the bench's database. */
async function readScanQuery({ connection, admin }: ExportBench): Promise<string | undefined> {
  const rows = await selectRows<{ query_id: string }>(
    connection,
    `SELECT query_id FROM system.processes
      WHERE current_database = {database:String} AND endsWith(query, 'FORMAT ArrowStream') AND endsWith(query_id, '-totals')`,
    { database: admin.database },
  );
  return rows[0]?.query_id;
}

async function readEnd({ connection }: ExportBench, queryId: string): Promise<number | undefined> {
  const rows = await selectRows<{ exception_code: number }>(
    connection,
    `SELECT exception_code FROM system.query_log WHERE query_id = {query_id:String} AND type != 'QueryStart'`,
    { query_id: queryId },
  );
  return rows[0]?.exception_code;
}

async function selectRows<Row>(
  connection: ExportBench['connection'],
  query: string,
  params: Record<string, unknown>,
): Promise<Row[]> {
  const answer = await connection.query({ query, query_params: params, format: 'JSONEachRow' });
  return answer.json<Row>();
}
