// The command `room-streams backfill`: followed, left, joined, canceled, as JSON, and what it says of what it
// cannot make.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findBackfill } from '../../client/backfills.ts';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import type { BackfillProgress } from '../../workflows/backfill/contract.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { startProgram } from '../../local/run-program.ts';
import { until } from '../../local/until.ts';
import { generationsOf, hours } from './stored-range.ts';
import { cli } from './stream-tools.ts';
import { readProgress } from '../../client/follow-workflow.ts';
import { assertCounts } from './backfill-counts.ts';

const CLI = 'bin/room-streams.mjs';

describe('room-streams backfill', () => {
  it('exports a range, reports progress in plain lines, and prints JSON', () =>
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

  it('continues after Ctrl-C, can be joined, followed and canceled, and reports when there is none to follow', () =>
    withCommands('leave', async ({ bench, name, args, cli }) => {
      // The run in the way never ends by itself.
      const waiting = makeStream(name, { settleSeconds: 9_999_999 });
      const held = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
      const left = startProgram(CLI, args(['--concurrency', '1']), bench.environment);
      const { handle } = await until('the backfill is there', () =>
        findBackfill(bench.connected, name, hours(8)).catch(() => undefined),
      );
      await until('it waits for the run', async () =>
        (await readProgress<BackfillProgress>(handle))?.running === 1 ? true : undefined,
      );
      await until('the command follows it', () =>
        Promise.resolve(/started backfill:/.test(left.stderr()) ? true : undefined),
      );
      const leftMs = performance.now();
      left.kill('SIGINT');
      const ended = await left.ended;
      // Temporal answers a question for the end of a workflow after 20 s: the command does not wait for that.
      assert.ok(performance.now() - leftMs < 10_000);
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

  it('reports what is wrong with a range or a number, and refuses options that exclude each other', () =>
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
        const ended = await cli(bench, 'backfill', name, ...args);
        assert.match(ended.stderr, said);
        assert.equal(ended.code, 2, ended.stderr);
      }
      const unknown = await cli(bench, 'backfill', 'nobody', ...toOptions(hours(2)));
      assert.match(unknown.stderr, /^stream: got "nobody", which does not exist/);
      assert.equal(unknown.code, 3);
    }));

  it('reports that no worker answers, and leaves nothing running: exit code 4', () =>
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
  cli: (more: readonly string[]) => ReturnType<typeof cli>;
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
      await use({ bench, name, args, cli: (more) => cli(bench, ...args(more)) });
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
