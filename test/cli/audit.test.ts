// Audits on the real stack. Everything that an audit can find is made to happen in one range, beside
// intervals that are as they should be; then it is repaired, and looked at in the store. Nightly audits are
// fired by their schedule.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitAudit, startAudit } from '../../client/audits.ts';
import { awaitBackfill, startBackfill } from '../../client/backfills.ts';
import { createSchedule } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import type { AuditReport } from '../../workflows/audit/contract.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf, storedManifestKeyOf } from '../../local/file-keys.ts';
import { hour, hours, manifestsOf } from './stored-range.ts';
import { cli } from './stream-tools.ts';

const ROOMS_OF_AN_HOUR = 20;
const HOURS = 9;

describe('an audit', () => {
  it('finds every problem, repairs what it can, and reports the rest through its exit code', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('found')), fromMs: hours(1).startMs };
      await createSchedule(bench.connected, stream);
      // The last hour is never made.
      await fill(bench, stream, HOURS - 1);
      const clean = await audit(bench, stream, HOURS - 1, []);
      assert.match(clean.stdout, /^clean: .*8 of 8 intervals looked at\n$/);
      assert.equal(clean.code, 0, clean.stderr);

      const before = await manifestsOf(bench, stream, hours(HOURS));
      await damage(bench, stream);
      const found = await audit(bench, stream, HOURS, ['--json']);
      const report = JSON.parse(found.stdout) as AuditReport;
      assert.deepEqual(
        report.findings.map(({ interval, kind }) => [(interval.startMs - hour(0).startMs) / 3_600_000, kind]),
        [
          [0, 'missing-interval'],
          [1, 'missing-file'],
          [2, 'file-differs'],
          [3, 'history-changed'],
          [4, 'history-changed'],
          [5, 'history-changed'],
          [6, 'unreadable-manifest'],
          [8, 'missing-interval'],
        ],
      );
      const details = report.findings.map(({ detail }) => detail);
      assert.match(details[0] ?? '', /its run ended well, and its manifest is gone/);
      assert.match(details[1] ?? '', /no object; the manifest names \d+ bytes/);
      assert.match(
        details[2] ?? '',
        /6 bytes instead of \d+, ETag .* instead of .*, write id none instead of/,
      );
      assert.equal(details[3], '20 rooms, now 21');
      assert.equal(details[4], 'as many rows, other versions: something was corrected');
      assert.equal(details[5], 'as many rows, other versions: something was corrected');
      assert.match(details[6] ?? '', /not a record of this program/);
      assert.equal(details[7], 'Temporal knows of no run');
      assert.match(
        found.stderr,
        /8 of 9 intervals are not as they should be; the same command with --repair/,
      );
      assert.equal(found.code, 32 + 1 + 2 + 4 + 8 + 16);

      const repaired = await audit(bench, stream, HOURS, ['--repair']);
      assert.equal(repaired.code, 32 + 16, repaired.stderr);
      assert.match(repaired.stdout, /found {6}1 unreadable manifest\n {2}repaired {3}7\n/);
      assert.match(
        repaired.stdout,
        /16:00:00Z\.\.2026-11-23T17:00:00Z: unreadable manifest: .*not repaired: .*move it away/,
      );
      await bench.store.deleteObject({ key: storedManifestKeyOf(stream, hour(6)) });
      assert.equal((await audit(bench, stream, HOURS, ['--repair'])).code, 0);
      assert.equal((await audit(bench, stream, HOURS, [])).code, 0);

      const after = await manifestsOf(bench, stream, hours(HOURS));
      // Without a manifest nobody knows what was before.
      assert.deepEqual(generations(after), [1, 2, 2, 2, 2, 2, 1, 1, 1]);
      for (const place of [1, 2, 3, 4, 5])
        assert.equal(after[place]?.supersedes, before[place]?.write_id, String(place));
      assert.equal(after[7]?.write_id, before[7]?.write_id);
      assert.equal(after[3]?.rooms, ROOMS_OF_AN_HOUR + 1);
      const corrected = (await bench.readFile(after[4] ?? null)).toString();
      assert.equal(corrected.split('corrected-room').length - 1, 1);
      const keyed = (await bench.readFile(after[5] ?? null)).toString();
      assert.match(keyed, /"came-late":"yes"/);
    }));

  it("reports nothing missing outside of the stream's range, and reports a run in progress", () =>
    withExportBench(async (bench) => {
      const name = bench.unique('wanted');
      const stream: StreamDefinition = {
        ...makeStream(name),
        fromMs: hour(1).startMs,
        untilMs: hour(3).endMs,
        skipped: [hour(2)],
      };
      // Hour 3 waits for its interval to settle, for as long as this test takes.
      const handle = await bench.connected.client.workflow.start('exportInterval', {
        workflowId: `export:${name}-${toRfc3339(hour(3).endMs)}`,
        taskQueue: bench.config.temporal.taskQueue,
        args: [{ stream: { ...makeStream(name, { settleSeconds: 9_999_999 }) }, interval: hour(3) }],
      });
      const report = await audited(bench, stream, 5);
      assert.equal(report.total, 5);
      assert.equal(report.underWay, 1);
      assert.deepEqual(
        report.findings.map(({ interval }) => interval),
        [hour(1)],
      );
      await handle.terminate('the test is over');
    }));

  it('finds the same after continuing as new', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('long'));
      await fill(bench, stream, 3);
      await bench.store.deleteObject({ key: fileKeyOf(stream, hour(1)) });
      const report = await audited(bench, stream, 7, 2);
      assert.equal(report.continued, 3);
      assert.equal(report.checked, 7);
      assert.equal(report.findings.length, 5);
      assert.deepEqual([report.open['missing-file'], report.open['missing-interval']], [1, 4]);
    }));
});

/** Rooms in each of these hours, and their files. */
async function fill(bench: ExportBench, stream: StreamDefinition, count: number): Promise<void> {
  const range = hours(count);
  await makeHistory(bench.connection, {
    rooms: count * ROOMS_OF_AN_HOUR,
    seed: 7,
    projectId: stream.name,
    fromMs: range.startMs,
    toMs: range.endMs,
  });
  await awaitBackfill((await startBackfill(bench.connected, { stream, range, concurrency: 8 })).handle);
}

/** One thing in each hour; the seventh stays as it is. */
async function damage(bench: ExportBench, stream: StreamDefinition): Promise<void> {
  const { store } = bench;
  await store.deleteObject({ key: storedManifestKeyOf(stream, hour(0)) });
  await store.deleteObject({ key: fileKeyOf(stream, hour(1)) });
  const body = Buffer.from('["x"]\n');
  await store.putObject({ key: fileKeyOf(stream, hour(2)), body, contentType: 'application/json' });
  const at = (index: number, offsetMs: number): string =>
    ((hour(index).startMs + offsetMs) / 1000).toFixed(3);
  const times = { finalized_at: at(3, 1_234), started_at: at(3, 0), ended_at: at(3, 1_000) };
  const late = { project_id: stream.name, session_id: 'late', room_id: 'late', version: 1, ...times };
  await bench.connection.insert({ table: 'rooms', values: [late], format: 'JSONEachRow' });
  await correct(
    bench,
    stream,
    4,
    `rooms SELECT * REPLACE (version + 1 AS version, 'corrected-room' AS room_id) FROM rooms`,
  );
  await correct(
    bench,
    stream,
    5,
    `peers SELECT * REPLACE (version + 1 AS version, map('came-late', ['yes']) AS keys) FROM peers`,
  );
  const garbage = Buffer.from('{}');
  const key = storedManifestKeyOf(stream, hour(6));
  await store.putObject({ key, body: garbage, contentType: 'application/json' });
}

/** Of one row of that hour. */
async function correct(
  bench: ExportBench,
  stream: StreamDefinition,
  index: number,
  what: string,
): Promise<void> {
  const { startMs, endMs } = hour(index);
  await bench.connection.command({
    query: `INSERT INTO ${what} FINAL WHERE project_id = {project:String}
      AND finalized_at >= fromUnixTimestamp64Milli({from:Int64}) AND finalized_at < fromUnixTimestamp64Milli({to:Int64}) LIMIT 1`,
    query_params: { project: stream.name, from: startMs, to: endMs },
  });
}

async function audited(
  bench: ExportBench,
  stream: StreamDefinition,
  count: number,
  intervalsPerExecution = 1_000,
): Promise<AuditReport> {
  const asked = { stream, range: hours(count), repair: false, intervalsPerExecution };
  return awaitAudit(await startAudit(bench.connected, asked));
}

function generations(manifests: readonly (Manifest | null)[]): (number | null)[] {
  return manifests.map((manifest) => manifest?.generation ?? null);
}

function audit(
  bench: ExportBench,
  { name }: StreamDefinition,
  count: number,
  more: readonly string[],
): ReturnType<typeof cli> {
  const { startMs, endMs } = hours(count);
  return cli(bench, 'audit', name, '--from', toRfc3339(startMs), '--to', toRfc3339(endMs), ...more);
}
