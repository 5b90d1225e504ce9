// Streams that are created and changed by the command line, on the real stack.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeStreamSchedule } from '../../streams/stream-schedules.ts';
import { withRange } from '../../client/change-stream.ts';
import { createSchedule, listStreams, readStream } from '../../client/streams.ts';
import { intervalContaining, runIdOf, scheduleIdOf, toRfc3339 } from '../../workflows/model/interval.ts';
import { HOUR, HOUR_MS, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf } from '../../local/file-keys.ts';
import { fireSlots, resultOf } from '../fire-slots.ts';
import { until, untilSent } from '../../local/until.ts';
import { cli, createArgs, fileIsThere } from './stream-tools.ts';

const NOW_HOUR = intervalContaining(Date.now(), { everySeconds: 3_600, offsetSeconds: 0 });
const QUARTER_MS = 900_000;

describe('stream create', () => {
  it('exports the past intervals of a stream that begins in the past, and stops at its end', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('past');
      const from = NOW_HOUR.startMs - 3 * HOUR_MS;
      const end = NOW_HOUR.endMs + 2 * HOUR_MS;
      const times = ['--from', toRfc3339(from), '--until', toRfc3339(end), '--jitter', '3s'];
      const { code, stderr } = await cli(bench, ...createArgs(name), ...times);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`^what is over, .* is filled by backfill:${name}-`));
      const { stream } = await readStream(bench.connected, name);
      for (let startMs = from; startMs < NOW_HOUR.startMs; startMs += HOUR_MS)
        await fileIsThere(bench, stream, { startMs, endMs: startMs + HOUR_MS });
      const { spec } = await bench.connected.client.schedule.getHandle(scheduleIdOf(name)).describe();
      assert.equal(spec.endAt?.getTime(), end);
      assert.equal(spec.jitter, 3_000);
      const described = await cli(bench, 'stream', 'describe', name);
      assert.match(
        described.stdout,
        new RegExp(`^stream ${name}: active\\n[\\s\\S]*  until +${toRfc3339(end)}\\n`),
      );
      await cli(bench, 'stream', 'delete', name);
    }));

  it('refuses keys that another stream writes, as update does, until their prefix differs', () =>
    withExportBench(async (bench) => {
      const [a, b] = [bench.unique('a'), bench.unique('b')];
      const template = ['--key-template', '{prefix}{start}.{ext}', '--prefix', `${a}/`];
      assert.equal((await cli(bench, ...createArgs(a), ...template)).code, 0);
      const refused = await cli(bench, ...createArgs(b), ...template, '--every', '15m');
      assert.equal(refused.code, 2);
      assert.match(
        refused.stderr,
        new RegExp(
          `prefix, key-template: got keys that stream "${a}" writes to the same bucket, as ${a}/########T######Z.json; allowed:`,
        ),
      );
      assert.equal((await cli(bench, ...createArgs(b), ...template, '--prefix', `${b}/`)).code, 0);
      const moved = await cli(bench, 'stream', 'update', b, '--prefix', `${a}/`);
      assert.equal(moved.code, 2);
      assert.match(
        moved.stderr,
        new RegExp(`^stream ${b} not changed:\n  prefix, key-template: got keys that stream "${a}"`),
      );
      // What a revision of the past wrote is not free either.
      assert.equal((await cli(bench, 'stream', 'update', a, '--prefix', `${a}-2/`)).code, 0);
      assert.equal((await cli(bench, 'stream', 'update', b, '--prefix', `${a}/`)).code, 2);
      await cli(bench, 'stream', 'delete', a);
      assert.equal((await cli(bench, 'stream', 'update', b, '--prefix', `${a}/`)).code, 0);
      await cli(bench, 'stream', 'delete', b);
    }));
});

describe('stream update', () => {
  it('changes the grid at a shared border: every file exists, none twice, and the old grid stops firing', () =>
    withExportBench(async (bench) => {
      // As an update by the command line an hour before HOUR would have left it: quarters become hours at
      // HOUR.startMs.
      const stream = {
        ...makeStream(bench.unique('grid'), { everySeconds: 900 }),
        fromMs: HOUR.startMs - HOUR_MS,
      };
      await createSchedule(bench.connected, stream);
      const [first] = stream.revisions;
      assert.ok(first !== undefined);
      const hourly = {
        fromMs: HOUR.startMs,
        settings: { ...first.settings, everySeconds: 3_600, prefix: 'hourly/' },
      };
      const changed = { ...stream, revisions: [first, hourly] };
      await changeStreamSchedule(bench.connected.client, stream.name, () => ({ stream: changed }));
      // All slots of both grids, as they were in force around the border.
      const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
      await untilSent(
        'the schedule has both grids',
        () =>
          schedule.update((held) => ({
            ...held,
            spec: { ...held.spec, intervals: [{ every: QUARTER_MS }, { every: HOUR_MS }] },
          })),
        async () => ((await schedule.describe()).spec.intervals?.length === 2 ? true : undefined),
      );
      const quarters = Array.from({ length: 4 }, (_quarter, index) => {
        const startMs = stream.fromMs + index * QUARTER_MS;
        return { startMs, endMs: startMs + QUARTER_MS };
      });
      // Where no interval ends any more. Its run takes the old grid away, so there may be no second one.
      const stray = { startMs: 0, endMs: HOUR.startMs + QUARTER_MS };
      const fired = [...quarters, stray, HOUR].map(({ endMs }) => endMs);
      await fireSlots(bench.connected, changed.name, fired);
      for (const interval of [...quarters, HOUR]) {
        const { outcome, manifest } = await resultOf(bench.connected, runIdOf(stream.name, interval));
        assert.equal(outcome, 'complete');
        assert.equal(manifest?.generation, 1);
        assert.equal(manifest.key, fileKeyOf(changed, interval));
      }
      const { outcome, manifest } = await resultOf(bench.connected, runIdOf(stream.name, stray));
      assert.equal(outcome, 'not-due');
      assert.equal(manifest, null);
      const { spec } = await schedule.describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [3_600_000],
      );
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('fires on both grids until the border, and reports what changes from when', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('update');
      assert.equal((await cli(bench, ...createArgs(name), '--every', '1h')).code, 0);
      // Not the next one: in the last hour of a day that is the next border of hours, too, where a planned
      // change may be changed again.
      const daily = { everySeconds: 86_400, offsetSeconds: 0 };
      const midnight = toRfc3339(intervalContaining(Date.now() + 86_400_000, daily).endMs);
      const toDays = ['--every', '1d', '--compression', 'gzip', '--at', midnight];
      const updated = await cli(bench, 'stream', 'update', name, ...toDays);
      assert.equal(
        updated.stdout,
        `stream ${name} updated, from ${midnight} on\n  every: 1h → 1d\n  compression: none → gzip\n`,
      );
      const { spec, memo } = await bench.connected.client.schedule.getHandle(scheduleIdOf(name)).describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [3_600_000, 86_400_000],
      );
      // The memo is a copy of the first definition; a list has the newest one all the same.
      assert.ok(memo !== undefined);
      const isListed = await until('the list has the new definition', async () => {
        const state = (await listStreams(bench.connected)).find(({ stream }) => stream.name === name);
        return state?.stream.revisions.length === 2 ? state : undefined;
      });
      assert.deepEqual(isListed.stream, (await readStream(bench.connected, name)).stream);
      assert.equal(
        (await cli(bench, 'stream', 'update', name, '--every', '1d')).stdout,
        `stream ${name} unchanged\n`,
      );
      const planned = await cli(bench, 'stream', 'update', name, '--every', '15m');
      assert.match(
        planned.stderr,
        new RegExp(`another change is to take effect at ${midnight}; allowed: .*--drop-planned`),
      );
      const dropped = await cli(
        bench,
        'stream',
        'update',
        name,
        '--every',
        '15m',
        '--drop-planned',
        '--json',
      );
      const { from } = JSON.parse(dropped.stdout) as { from: string };
      assert.ok(Date.parse(from) > Date.now() - HOUR_MS && Date.parse(from) % HOUR_MS === 0, from);
      const described = (await cli(bench, 'stream', 'describe', name)).stdout;
      assert.match(
        described,
        new RegExp(`changes\\n  from ${from} on \\(planned\\)\\n    every +1h → 15m$`, 'm'),
      );
      const past = await cli(
        bench,
        'stream',
        'update',
        name,
        '--empty',
        'skip',
        '--at',
        '2026-01-01T00:00:00Z',
      );
      assert.match(past.stderr, /^at: got 2026-01-01T00:00:00Z, allowed: now or later/);
      assert.match(
        (await cli(bench, 'stream', 'update', name)).stderr,
        /^update: got no setting, allowed: at least one of --project/,
      );
      assert.equal((await cli(bench, 'stream', 'update', 'nobody', '--every', '1h')).code, 3);
      await cli(bench, 'stream', 'delete', name);
    }));

  it('is retried when others change the stream at the same time, so that no change is lost', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('contest'));
      await createSchedule(bench.connected, stream);
      const add = (startMs: number) =>
        changeStreamSchedule(bench.connected.client, stream.name, ({ stream: held }) => ({
          stream: { ...held, skipped: withRange(held.skipped, { startMs, endMs: startMs + 1 }) },
        }));
      await Promise.all([add(10), add(20), add(30)]);
      const { stream: changed } = await readStream(bench.connected, stream.name);
      assert.deepEqual(changed.skipped.map(({ startMs }) => startMs).sort(), [10, 20, 30]);
      await cli(bench, 'stream', 'delete', stream.name);
    }));
});
