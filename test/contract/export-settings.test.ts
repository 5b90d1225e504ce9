// The export under settings that the exporter's user has of its own: every file has the same bytes, or the
// export fails with the server's words. Settings come by the connection here, as those of a profile would;
// what a statement states itself goes over both.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@clickhouse/client';
import type { ClickHouseSettings } from '@clickhouse/client';
import { writeRange } from '../../activities/batch/write-range.ts';
import { fingerprintRange } from '../../activities/scans/fingerprint-range.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import { exporterOf, HOUR_MS, HOUR_START_MS } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const ROOMS = 2_000;

/** Each would give other rows, other numbers or another form, if it reached a statement. */
const HOSTILE: readonly ClickHouseSettings[] = [
  { max_rows_to_group_by: '500', group_by_overflow_mode: 'any' },
  { max_rows_to_read: '1000', read_overflow_mode: 'break' },
  { max_rows_to_read_leaf: '1000', read_overflow_mode_leaf: 'break' },
  { max_result_rows: '1000', result_overflow_mode: 'break' },
  { max_rows_to_sort: '1000', sort_overflow_mode: 'break' },
  { max_rows_in_distinct: '10', distinct_overflow_mode: 'break' },
  { max_rows_in_join: '10', join_overflow_mode: 'break' },
  { max_rows_to_transfer: '10', transfer_overflow_mode: 'break' },
  { limit: '100' },
  { offset: '3' },
  { extremes: 1 },
  { final: 1 },
  { additional_result_filter: 'finalized_at < 0' },
  { use_query_cache: 1 },
  { aggregate_functions_null_for_empty: 1 },
  { empty_result_for_aggregation_by_empty_set: 1 },
  { join_use_nulls: 1 },
  { prefer_column_name_to_alias: 1 },
  { cast_keep_nullable: 1 },
  { transform_null_in: 1 },
  { output_format_json_quote_64bit_integers: 1 },
  { output_format_json_array_of_rows: 1 },
  { output_format_arrow_compression_method: 'zstd' },
  { output_format_arrow_low_cardinality_as_dictionary: 0 },
  { output_format_arrow_string_as_string: 0 },
  { http_zlib_compression_level: '6' },
  { max_block_size: '7' },
  { session_timezone: 'Asia/Tokyo' },
  { date_time_output_format: 'unix_timestamp' },
];

describe("the export under the exporter's settings", () => {
  let history: HistoryDatabase;
  const project = randomUUID();
  const range = {
    projectId: project,
    ...rangeOf({ startMs: HOUR_START_MS, endMs: HOUR_START_MS + HOUR_MS }),
  };
  let expected: { file: string; fingerprint: object };
  before(async () => {
    history = await makeHistoryDatabase();
    const span = { fromMs: HOUR_START_MS, toMs: HOUR_START_MS + HOUR_MS };
    await makeHistory(history.connection, { rooms: ROOMS, seed: 3, projectId: project, ...span });
    expected = await withReader({}, read);
    assert.equal(expected.file.split('\n').length, ROOMS + 1);
  });
  after(() => history.drop());

  for (const settings of HOSTILE) {
    it(`gives the same bytes or an error with ${JSON.stringify(settings)}`, async () => {
      const got = await withReader(settings, read).catch((error: unknown) => error);
      if (got instanceof Error) assert.match(got.message, /max_rows|Limit for/, String(got));
      else assert.deepEqual(got, expected);
    });
  }

  async function read(reader: HistoryReader): Promise<{ file: string; fingerprint: object }> {
    const { body } = await writeRange(reader, { range, fields: 'extended', format: 'ndjson' });
    const fingerprint = await fingerprintRange(reader, range, new AbortController().signal);
    return { file: Buffer.from(body).toString('latin1'), fingerprint };
  }

  /** A reader of the exporter whose connection has these settings. */
  async function withReader<Result>(
    settings: ClickHouseSettings,
    use: (reader: HistoryReader) => Promise<Result>,
  ): Promise<Result> {
    const connection = await exporterOf(history);
    const client = createClient({
      url: connection.url,
      database: connection.database,
      username: connection.user,
      password: connection.password,
      compression: { response: true },
      clickhouse_settings: settings,
    });
    const reader = openHistoryReader(connection, { client });
    try {
      return await use(reader);
    } finally {
      await reader.close();
    }
  }
});
