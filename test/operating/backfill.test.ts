// Backfills on the real stack: past intervals made by the runs that the schedule would have started, each once, whoever starts, joins, cancels
// or resumes them. Held against what lies in the store.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  awaitBackfill,
  findBackfill,
  readBackfill,
  startBackfill,
  type BackfillToStart,
} from '../../client/backfills.ts';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import type { BackfillProgress } from '../../workflows/model/backfill.ts';
import { intervalsIn } from '../../workflows/model/interval-range.ts';
import { describeInterval, runIdOf, toRfc3339, type Interval } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, makeStream, withExportBench, type ExportBench } from '../export-bench.ts';
import { runProgram, startProgram } from '../run-program.ts';
import { until } from '../until.ts';
import { generationsOf, hour, hours, manifestsOf, storedManifestKeyOf } from './stored-range.ts';

const CLI = 'bin/room-streams.mjs';

describe('a backfill', () => {
  it('makes what no manifest covers, once, although it is started twice', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('twice'));
      const range = hours(12);
      await bench.run(stream, HOUR);
      const first = await startBackfill(bench.connected, { stream, range });
      const second = await startBackfill(bench.connected, { stream, range, concurrency: 9 });
      assert.equal(first.isJoined, false);
      assert.equal(second.isJoined, true);
      assert.equal(second.runId, first.runId);
      const progress = await awaitBackfill(second.handle);
      assertCounts(progress, { state: 'complete', total: 12, done: 11, skipped: 1, failed: 0, running: 0 });
      assert.equal(progress.concurrency, 4);
      assert.deepEqual(await generationsOf(bench, stream, range), Array<number>(12).fill(1));
      const again = await backfilled(bench, { stream, range });
      assertCounts(again, { state: 'complete', done: 0, skipped: 12 });
    }));

  it('canceled, starts no more and leaves runs alone; started again, makes the rest', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('cancel'));
      const range = hours(20);
      const { handle } = await startBackfill(bench.connected, { stream, range, concurrency: 2 });
      await until('some intervals are made', async () =>
        ((await readBackfill(handle))?.done ?? 0) >= 3 ? true : undefined,
      );
      await handle.cancel();
      const canceled = await awaitBackfill(handle);
      assert.equal(canceled.state, 'canceled');
      assert.ok(canceled.done < 20, `${canceled.done} made`);
      assert.equal((await handle.describe()).status.name, 'CANCELLED');
      const rest = await backfilled(bench, { stream, range, concurrency: 8 });
      assert.equal(rest.state, 'complete');
      assert.ok(rest.skipped >= canceled.done, JSON.stringify(rest));
      assert.equal(rest.skipped + rest.done, 20);
      assert.deepEqual(await generationsOf(bench, stream, range), Array<number>(20).fill(1));
    }));

  it('with force makes complete intervals again, also behind a run that is in the way', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('force'));
      const range = hours(3);
      await backfilled(bench, { stream, range });
      const before = await manifestsOf(bench, stream, range);
      // One that waits for its interval to settle, for as long as this test takes.
      const waiting = makeStream(stream.name, { settleSeconds: 9_999_999 });
      const inTheWay = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
      const { handle } = await startBackfill(bench.connected, { stream, range, force: true });
      await until('the others are made', async () =>
        (await readBackfill(handle))?.done === 2 ? true : undefined,
      );
      await inTheWay.terminate('makes way');
      assertCounts(await awaitBackfill(handle), { state: 'complete', done: 3, skipped: 0, failed: 0 });
      const after = await manifestsOf(bench, stream, range);
      assert.deepEqual(
        after.map((manifest) => [manifest?.generation, manifest?.supersedes]),
        before.map((manifest) => [2, manifest?.write_id]),
      );
    }));

  it('says in a dry run what it would make, and changes nothing', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('dry'));
      const range = hours(6);
      await bench.run(stream, hour(2));
      const keysBefore = await keysOf(bench, stream);
      const progress = await backfilled(bench, { stream, range, isDryRun: true });
      assertCounts(progress, { state: 'complete', done: 0, missing: 5, skipped: 1 });
      assert.deepEqual(progress.missingRanges.map(describeInterval), [
        describeInterval({ startMs: HOUR.startMs, endMs: hour(2).startMs }),
        describeInterval({ startMs: hour(2).endMs, endMs: range.endMs }),
      ]);
      assert.deepEqual(await keysOf(bench, stream), keysBefore);
      for (const interval of intervalsIn(stream, { startMs: HOUR.startMs, endMs: hour(2).startMs })) {
        const run = bench.connected.client.workflow.getHandle(runIdOf(stream.name, interval));
        await assert.rejects(run.describe(), /not found/i);
      }
    }));

  it('counts and names a run that fails, makes the others, and ends as failed', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('fails'));
      const range = hours(5);
      const body = Buffer.from('not a manifest');
      const key = storedManifestKeyOf(stream, hour(1));
      await bench.store.putObject({ key, body, contentType: 'application/json' });
      const { handle } = await startBackfill(bench.connected, { stream, range, concurrency: 1 });
      const progress = await awaitBackfill(handle);
      assertCounts(progress, { state: 'failed', done: 4, failed: 1 });
      assert.equal(progress.failures[0]?.workflowId, runIdOf(stream.name, hour(1)));
      assert.match(progress.failures[0].message, /not a record of this program .*move it away/);
      assert.equal((await handle.describe()).status.name, 'FAILED');
      await bench.store.deleteObject({ key });
      assertCounts(await backfilled(bench, { stream, range }), { state: 'complete', done: 1, skipped: 4 });
    }));

  it('continues as new, with runs under way, and makes each interval once', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('long'));
      const range = hours(12);
      const started = await startBackfill(bench.connected, { stream, range, intervalsPerExecution: 4 });
      const progress = await awaitBackfill(started.handle);
      assertCounts(progress, { state: 'complete', total: 12, done: 12 });
      assert.ok(progress.continued >= 2, `${progress.continued} times`);
      assert.notEqual((await started.handle.describe()).runId, started.runId);
      assert.deepEqual(await generationsOf(bench, stream, range), Array<number>(12).fill(1));
    }));

  it('leaves out what the stream leaves out, unless asked', () =>
    withExportBench(async (bench) => {
      const stream = {
        ...makeStream(bench.unique('skips')),
        skipped: [{ ...hour(1), endMs: hour(2).endMs }],
      };
      const range = hours(4);
      assertCounts(await backfilled(bench, { stream, range }), { total: 2, done: 2 });
      assert.deepEqual(await generationsOf(bench, stream, range), [1, null, null, 1]);
      const asked = await backfilled(bench, { stream, range, includesSkipped: true });
      assertCounts(asked, { total: 4, done: 2, skipped: 2 });
    }));
});

describe('room-streams backfill', () => {
  it('makes a range, follows it in plain lines, and answers as JSON', () =>
    withCommands('made', async ({ bench, name, cli }) => {
      const dry = await cli(['--dry-run']);
      assert.match(dry.stdout, /would be made {4}8\n {4}2026-11-23T10:00:00Z\.\.2026-11-23T18:00:00Z/);
      const made = await cli(['--json', '--concurrency', '8']);
      assert.equal(made.code, 0, made.stderr);
      assertCounts(JSON.parse(made.stdout) as BackfillProgress, { state: 'complete', done: 8 });
      const again = await cli([]);
      assert.match(again.stdout, /complete before {2}8/);
      const stream = makeStream(name);
      assert.deepEqual(await generationsOf(bench, stream, hours(8)), Array<number>(8).fill(1));
    }));

  it('goes on after Ctrl-C, is joined, followed and canceled, and says when there is nothing to follow', () =>
    withCommands('leave', async ({ bench, name, args, cli }) => {
      // The run in the way never ends by itself.
      const waiting = makeStream(name, { settleSeconds: 9_999_999 });
      const held = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
      const left = startProgram(CLI, args(['--concurrency', '1']), bench.environment);
      const { handle } = await until('the backfill is there', () =>
        findBackfill(bench.connected, name, hours(8)).catch(() => undefined),
      );
      await until('it waits for the run', async () =>
        (await readBackfill(handle))?.running === 1 ? true : undefined,
      );
      await until('the command follows it', () =>
        Promise.resolve(/started backfill:/.test(left.stderr()) ? true : undefined),
      );
      left.kill('SIGINT');
      const ended = await left.ended;
      assert.match(
        ended.stderr,
        /goes on; to follow it: room-streams backfill .* --follow; to cancel it: --cancel/,
      );
      assert.equal(ended.code, 130);
      assert.equal((await handle.describe()).status.name, 'RUNNING');
      const joined = await cli(['--detach', '--json']);
      assert.equal((JSON.parse(joined.stdout) as { isJoined: boolean }).isJoined, true);
      const other = await cli(['--force']);
      assert.match(
        other.stderr,
        /^force: got true, but backfill:.* is under way without --force; allowed: the same/,
      );
      assert.equal(other.code, 2);
      const canceled = await cli(['--cancel']);
      assert.match(canceled.stdout, /canceled; 1 runs under way go on/);
      assert.equal(canceled.code, 0);
      assert.equal((await held.describe()).status.name, 'RUNNING');
      for (const option of ['--cancel', '--follow']) {
        const nothing = await cli([option]);
        assert.match(nothing.stderr, /^backfill: no backfill of .* is under way/);
        assert.equal(nothing.code, 3);
      }
      await held.terminate('the test is over');
    }));

  it('names what is wrong with a range, a number, or two options that exclude each other', () =>
    withCommands('wrong', async ({ bench, name }) => {
      const cases: [args: string[], said: RegExp][] = [
        [
          range('2026-11-23T10:30:00Z', '2026-11-23T12:00:00Z'),
          /^from: .*nearest are 2026-11-23T10:00:00Z and 2026-11-23T11:00:00Z/,
        ],
        [
          range('2026-11-23T10:00:00Z', '2026-11-23T12:20:00Z'),
          /^to: .*nearest are 2026-11-23T12:00:00Z and 2026-11-23T13:00:00Z/,
        ],
        [
          range('2026-11-23T10:00:00Z', '2999-01-01T00:00:00Z'),
          /^to: got 2999.*nothing after the last interval that is over/,
        ],
        [range('2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z'), /^to: .*allowed: a time after the beginning/],
        [
          range('2026-11-23T10:00:00', '2026-11-23T12:00:00Z'),
          /'--from <time>'.*allowed: a time with its zone/,
        ],
        [range('2026-11-23T10:00:00Z', 'noon'), /'--to <time>'.*allowed: a time with its zone/],
        [
          [...range('2026-11-23T10:00:00Z', '2026-11-23T12:00:00Z'), '--concurrency', '51'],
          /'--concurrency <number>'.*got "51", allowed: whole numbers from 1 to 50/,
        ],
        [
          [...range('2026-11-23T10:00:00Z', '2026-11-23T12:00:00Z'), '--dry-run', '--detach'],
          /--dry-run.*cannot be used with.*--detach/,
        ],
        [['--to', '2026-11-23T12:00:00Z'], /required option '--from <time>' not specified/],
      ];
      for (const [args, said] of cases) {
        const ended = await runProgram(CLI, ['backfill', name, ...args], bench.environment);
        assert.match(ended.stderr, said);
        assert.equal(ended.code, 2, ended.stderr);
      }
      const unknown = await runProgram(
        CLI,
        ['backfill', 'nobody', ...toOptions(hours(2))],
        bench.environment,
      );
      assert.match(unknown.stderr, /^stream: got "nobody", which does not exist/);
      assert.equal(unknown.code, 3);
    }));

  it('says that no worker answers, and leaves nothing running: exit code 4', () =>
    withCommands(
      'lonely',
      async ({ bench, name, cli }) => {
        const ended = await cli([]);
        assert.match(ended.stderr, /^no worker answered on task queue/);
        assert.equal(ended.code, 4);
        await assert.rejects(findBackfill(bench.connected, name, hours(8)), /no backfill of .* is under way/);
      },
      { startsWorker: false },
    ));
});

interface Commands {
  bench: ExportBench;
  name: string;
  args: (more: readonly string[]) => string[];
  cli: (more: readonly string[]) => ReturnType<typeof runProgram>;
}

/** With a stream of that name, and the command for eight of its hours. */
async function withCommands(
  stem: string,
  use: (commands: Commands) => Promise<void>,
  options: Parameters<typeof withExportBench>[1] = {},
): Promise<void> {
  await withExportBench(async (bench) => {
    const name = bench.unique(stem);
    const args = (more: readonly string[]): string[] => ['backfill', name, ...toOptions(hours(8)), ...more];
    await createSchedule(bench.connected, makeStream(name));
    try {
      await use({ bench, name, args, cli: (more) => runProgram(CLI, args(more), bench.environment) });
    } finally {
      await deleteSchedule(bench.connected, name);
    }
  }, options);
}

function range(from: string, to: string): string[] {
  return ['--from', from, '--to', to];
}

function toOptions({ startMs, endMs }: Interval): string[] {
  return range(toRfc3339(startMs), toRfc3339(endMs));
}

async function backfilled(bench: ExportBench, asked: BackfillToStart): Promise<BackfillProgress> {
  return awaitBackfill((await startBackfill(bench.connected, asked)).handle);
}

function assertCounts(progress: BackfillProgress, wanted: Partial<BackfillProgress>): void {
  const got = Object.fromEntries(
    Object.keys(wanted).map((name) => [name, progress[name as keyof BackfillProgress]]),
  );
  assert.deepEqual(got, wanted, JSON.stringify(progress.failures));
}

async function keysOf(bench: ExportBench, { name }: StreamDefinition): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of [name, `_manifests/${name}`])
    for await (const { key, etag } of bench.store.listKeys({ prefix })) keys.push(`${key} ${etag}`);
  return keys;
}
