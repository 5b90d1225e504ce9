// What preflight says of users whose settings the export cannot run under, or can, though they look hostile:
// its lines agree with what a run comes to, and each that fails names the setting.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkHistory } from '../../activities/preflight/check-history.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { makeAttackedHistory, PROJECT } from './attacked-history.ts';
import { exportInterval } from './export-interval.ts';
import type { ExportedInterval } from './export-interval.ts';
import { withProfileServer } from './profile-server.ts';
import type { ProfileServer, UserOptions } from './profile-server.ts';

/** The export runs, whatever the profile says. */
const HARMLESS: readonly Record<string, string>[] = [
  { extremes: '1' },
  { limit: '1' },
  { offset: '1' },
  { join_default_strictness: '' },
  { join_default_strictness: 'ANY' },
  { aggregate_functions_null_for_empty: '1' },
  { empty_result_for_aggregation_by_empty_set: '1' },
  { output_format_tsv_crlf_end_of_line: '1' },
  { output_format_json_array_of_rows: '1' },
  { additional_table_filters: "{'rooms': 'version > 100'}" },
  { dialect: 'kusto' },
  { enable_analyzer: '0' },
  { max_query_size: '8192' },
  { force_index_by_date: '1', force_primary_key: '1' },
  { query_plan_filter_push_down: '0' },
];

/** The export cannot run, and the line that says so has this sentence. */
const FATAL: readonly [user: UserOptions, line: string, sentence: RegExp][] = [
  [
    { settings: { readonly: '1' } },
    'settings of the statements',
    /^may not be set: readonly = 1\. ClickHouse says/,
  ],
  [
    { settings: { limit: '5' }, constants: ['limit'] },
    'settings of the statements',
    /^may not be set: a constraint of the profile forbids it\. ClickHouse says: .*limit/,
  ],
  [{ settings: { max_query_size: '2000' } }, 'statements: no rooms', /max_query_size = 2000/],
  [{ settings: { max_columns_to_read: '3' } }, 'ClickHouse', /max_columns_to_read = 3/],
  [{ settings: { max_ast_elements: '20' } }, 'ClickHouse', /max_ast_elements = 20|AST is too big/],
  [{ settings: { max_rows_to_read: '1' } }, 'statements: one room', /max_rows_to_read = 1/],
  [{ settings: { force_data_skipping_indices: 'a' } }, 'ClickHouse', /force_data_skipping_indices = a/],
];

describe("the preflight under the exporter's settings", () => {
  let server: ProfileServer;
  let expected: ExportedInterval;
  let stop: () => void;
  let stopped: Promise<void>;
  before(async () => {
    const users = [...HARMLESS.map((settings) => ({ settings })), ...FATAL.map(([user]) => user)];
    await new Promise<void>((resolve, reject) => {
      stopped = withProfileServer(users, async (started) => {
        server = started;
        await makeAttackedHistory(started.connection, 200);
        expected = await exportInterval(started.plain, PROJECT);
        const end = new Promise<void>((release) => (stop = release));
        resolve();
        await end;
      });
      stopped.catch(reject);
    });
  });
  after(async () => {
    stop();
    await stopped;
  });

  for (const [index, settings] of HARMLESS.entries())
    it(`finds nothing wrong with ${JSON.stringify(settings)}, under which the file has the same bytes`, async () => {
      assert.deepEqual(failedOf(await preflight(index)), []);
      const got = await exportInterval(server.connectionOf(index), PROJECT);
      assert.ok(got.file === expected.file);
    });

  for (const [place, [user, name, sentence]] of FATAL.entries())
    it(`names the setting of ${JSON.stringify(user)}, under which a run fails`, async () => {
      const failed = failedOf(await preflight(HARMLESS.length + place));
      assert.equal(failed.length, 1, JSON.stringify(failed));
      assert.equal(failed[0]?.name, name, failed[0]?.got);
      assert.match(failed[0].got, sentence);
      assert.doesNotMatch(failed[0].got, /^the ClickHouse server is older/);
      await assert.rejects(exportInterval(server.connectionOf(HARMLESS.length + place), PROJECT));
    });

  it('runs the statements over one real room', async () => {
    const history = openHistoryReader(server.plain);
    try {
      const lines = await checkHistory({ history, hide: (text) => text });
      const line = lines.find(({ name }) => name === 'statements: one room');
      assert.match(line?.got ?? '', /^[1-9]\d* rooms, \d+ peers, \d+ track totals: \d+ bytes of JSON$/);
    } finally {
      await history.close();
    }
  });

  async function preflight(index: number): Promise<CheckLine[]> {
    const history = openHistoryReader(server.connectionOf(index));
    try {
      return await checkHistory({ history, hide: (text) => text });
    } finally {
      await history.close();
    }
  }
});

function failedOf(lines: readonly CheckLine[]): CheckLine[] {
  return lines.filter(({ outcome }) => outcome === 'failed');
}
