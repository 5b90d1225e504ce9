// Audits on the real stack. Everything that an audit can find is made to happen in one range, beside intervals that are as they should be; then it
// is repaired, and looked at in the store. Nightly audits are fired by their schedule.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitAudit, startAudit, type AuditHandle } from '../../client/audits.ts';
import { awaitBackfill, startBackfill } from '../../client/backfills.ts';
import { createSchedule } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { auditScheduleIdOf, type AuditReport, type AuditRequest } from '../../workflows/model/audit.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { makeStream, withExportBench, type ExportBench } from '../export-bench.ts';
import { runProgram } from '../run-program.ts';
import { until } from '../until.ts';
import { fileKeyOf, hour, hours, manifestsOf, storedManifestKeyOf } from './stored-range.ts';

const CLI = 'bin/room-streams.mjs';
const ROOMS_OF_AN_HOUR = 20;
const HOURS = 9;

describe('an audit', () => {
  it('finds everything that is not as it should be, repairs what can be, and says the rest by its exit code', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('found')), fromMs: hours(1).startMs };
      await createSchedule(bench.connected, stream);
      // The last hour is never made.
      await fill(bench, stream, HOURS - 1);
      const clean = await cli(bench, stream, HOURS - 1, []);
      assert.match(clean.stdout, /^clean: .*8 of 8 intervals looked at\n$/);
      assert.equal(clean.code, 0, clean.stderr);

      const before = await manifestsOf(bench, stream, hours(HOURS));
      await damage(bench, stream);
      const found = await cli(bench, stream, HOURS, ['--json']);
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

      const repaired = await cli(bench, stream, HOURS, ['--repair']);
      assert.equal(repaired.code, 32 + 16, repaired.stderr);
      assert.match(repaired.stdout, /found {6}1 unreadable manifest\n {2}repaired {3}7\n/);
      assert.match(
        repaired.stdout,
        /16:00:00Z\.\.2026-11-23T17:00:00Z: unreadable manifest: .*not repaired: .*move it away/,
      );
      await bench.store.deleteObject({ key: storedManifestKeyOf(stream, hour(6)) });
      assert.equal((await cli(bench, stream, HOURS, ['--repair'])).code, 0);
      assert.equal((await cli(bench, stream, HOURS, [])).code, 0);

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

  it('misses nothing outside of what the stream wants, and says that a run is under way', () =>
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

  it('continues as new and finds the same', () =>
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

describe('a nightly audit', () => {
  it('fails visibly, with what to do; repairs if told to; and goes with its stream', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('nightly');
      await createSchedule(bench.connected, makeStream(name));
      const add = await command(bench, ['audit', 'schedule', name, '--at', '03:00', '--back', '2h']);
      assert.match(add.stdout, /is audited every day at 03:00 UTC, 2h back\n$/);
      const found = await fired(bench, name);
      await assert.rejects(found.result(), (error: unknown) => {
        const { message } = (error as { cause: Error }).cause;
        assert.match(
          message,
          new RegExp(
            `^2 of 2 intervals are not as they should be; repair it by: room-streams audit ${name} --from .*Z --to .*Z --repair\\. Found: 2 missing intervals\\.`,
          ),
        );
        return true;
      });
      const twice = await command(bench, ['audit', 'schedule', name, '--at', '04:00']);
      assert.match(twice.stderr, /audited every night already; allowed: room-streams audit unschedule/);
      assert.equal(twice.code, 1);
      assert.equal((await command(bench, ['audit', 'unschedule', name])).code, 0);
      assert.equal((await command(bench, ['audit', 'unschedule', name])).code, 3);

      const again = ['audit', 'schedule', name, '--at', '03:00', '--back', '2h', '--repair'];
      const repairing = await command(bench, again);
      assert.equal(repairing.code, 0, repairing.stderr);
      const repaired = await awaitAudit(await fired(bench, name, found.workflowId));
      assert.equal(repaired.state, 'repaired', JSON.stringify(repaired));
      assert.equal(repaired.repaired, 2);

      assert.equal((await command(bench, ['stream', 'delete', name])).code, 0);
      const schedule = bench.connected.client.schedule.getHandle(auditScheduleIdOf(name));
      await assert.rejects(schedule.describe(), /not found/i);
    }));
});

describe('room-streams audit', () => {
  it('names what is wrong with what it is asked', () =>
    withExportBench(
      async (bench) => {
        const name = bench.unique('wrong');
        await createSchedule(bench.connected, makeStream(name));
        const from = ['--from', '2026-11-23T10:00:00Z'];
        const cases: [args: string[], said: RegExp, code: number][] = [
          [['audit'], /^name: got none/, 2],
          [['audit', name, ...from], /^to: got none, allowed: a time with its zone/, 2],
          [
            ['audit', name, ...from, '--to', '2026-11-23T10:10:00Z'],
            /^to: .*nearest are 2026-11-23T10:00:00Z and 2026-11-23T11:00:00Z/,
            2,
          ],
          [
            ['audit', name, ...from, '--to', '2999-01-01T00:00:00Z'],
            /^to: .*nothing after the last interval that is over/,
            2,
          ],
          [['audit', name, ...from, '--to', 'today'], /'--to <time>'.*a time with its zone/, 2],
          [
            ['audit', 'nobody', ...from, '--to', '2026-11-23T11:00:00Z'],
            /^stream: got "nobody", which does not exist/,
            3,
          ],
          [['audit', 'schedule', name, '--at', '24:00'], /'--at <time>'.*allowed: a time of day in UTC/, 2],
          [
            ['audit', 'schedule', name, '--at', '03:00', '--back', '30m'],
            /^back: got 30m, allowed: at least one interval of the stream, 1h/,
            2,
          ],
          [
            ['audit', 'schedule', name, '--at', '03:00', '--back', '999d'],
            /'--back <duration>'.*allowed: 1m to 366d/,
            2,
          ],
          [
            ['audit', 'schedule', 'nobody', '--at', '03:00'],
            /^stream: got "nobody", which does not exist/,
            3,
          ],
          [['audit', 'unschedule', name], /which has no nightly audit/, 3],
        ];
        for (const [args, said, code] of cases) {
          const ended = await command(bench, args);
          assert.match(ended.stderr, said);
          assert.equal(ended.code, code, ended.stderr);
        }
      },
      { startsWorker: false },
    ));
});

/** Rooms in each of these hours, and their files. */
async function fill(bench: ExportBench, stream: StreamDefinition, count: number): Promise<void> {
  const range = hours(count);
  await makeHistory(bench.connection, {
    ...{ rooms: count * ROOMS_OF_AN_HOUR, seed: 7, projectId: stream.name },
    ...{ fromMs: range.startMs, toMs: range.endMs },
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

/** The audit that the schedule starts when it is triggered; another one than the one before. */
async function fired(bench: ExportBench, name: string, before?: string): Promise<AuditHandle> {
  const { client } = bench.connected;
  const schedule = client.schedule.getHandle(auditScheduleIdOf(name));
  await schedule.trigger();
  const workflowId = await until('the schedule has started an audit', async () => {
    const { recentActions } = (await schedule.describe()).info;
    const started = recentActions.at(-1)?.action.workflow.workflowId;
    return started === before ? undefined : started;
  });
  return client.workflow.getHandle<(request: AuditRequest) => Promise<AuditReport>>(
    workflowId,
  ) as AuditHandle;
}

function generations(manifests: readonly (Manifest | null)[]): (number | null)[] {
  return manifests.map((manifest) => manifest?.generation ?? null);
}

function cli(
  bench: ExportBench,
  { name }: StreamDefinition,
  count: number,
  more: readonly string[],
): ReturnType<typeof runProgram> {
  const { startMs, endMs } = hours(count);
  return command(bench, ['audit', name, '--from', toRfc3339(startMs), '--to', toRfc3339(endMs), ...more]);
}

function command(bench: ExportBench, args: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram(CLI, args, bench.environment);
}
