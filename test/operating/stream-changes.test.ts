// Streams that are created, changed, paused and resumed by the command line, on the real stack. What the schedule would do in hours is done by its own backfill, which
// fires slots at their nominal times now.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { changeStreamSchedule } from '../../activities/streams/stream-schedules.ts';
import { withRange } from '../../client/change-stream.ts';
import { runCli } from '../../client/cli.ts';
import { awaitResult } from '../../client/follow-run.ts';
import { createSchedule, listStreams, readStream, type StreamState } from '../../client/streams.ts';
import {
  intervalContaining,
  runIdOf,
  scheduleIdOf,
  toRfc3339,
  type Interval,
} from '../../workflows/model/interval.ts';
import { renderKey } from '../../workflows/model/key-template.ts';
import { manifestKeyOf } from '../../workflows/model/manifest.ts';
import { parsePauseNote, toPauseNote } from '../../workflows/model/pause-note.ts';
import type { ExportRequest, RunSummary } from '../../workflows/model/run.ts';
import { extensionOf, settingsAt, type StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, HOUR_MS, makeStream, withExportBench, type ExportBench } from '../export-bench.ts';
import { until } from '../until.ts';

const NOW_HOUR = intervalContaining(Date.now(), { everySeconds: 3_600, offsetSeconds: 0 });
const QUARTER_MS = 900_000;

describe('stream create', () => {
  it('fills what is over of a stream that begins in the past, and ends where it is told', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('past');
      const from = NOW_HOUR.startMs - 3 * HOUR_MS;
      const end = NOW_HOUR.endMs + 2 * HOUR_MS;
      const times = ['--from', toRfc3339(from), '--until', toRfc3339(end), '--jitter', '3s'];
      const { code, err } = await cli(bench, ...createArgs(name), ...times);
      assert.equal(code, 0, err);
      assert.match(err, new RegExp(`^what is over, .* is filled by backfill:${name}-`));
      const { stream } = await readStream(bench.connected, name);
      for (let startMs = from; startMs < NOW_HOUR.startMs; startMs += HOUR_MS)
        await fileIsThere(bench, stream, { startMs, endMs: startMs + HOUR_MS });
      const { spec } = await bench.connected.client.schedule.getHandle(scheduleIdOf(name)).describe();
      assert.equal(spec.endAt?.getTime(), end);
      assert.equal(spec.jitter, 3_000);
      const described = await cli(bench, 'stream', 'describe', name);
      assert.match(
        described.out,
        new RegExp(`^stream ${name}: active\\n[\\s\\S]*  until +${toRfc3339(end)}\\n`),
      );
      await cli(bench, 'stream', 'delete', name);
    }));

  it('refuses keys that another stream writes, at update, too, until their prefix differs', () =>
    withExportBench(async (bench) => {
      const [a, b] = [bench.unique('a'), bench.unique('b')];
      const template = ['--key-template', '{prefix}{start}.{ext}', '--prefix', `${a}/`];
      assert.equal((await cli(bench, ...createArgs(a), ...template)).code, 0);
      const refused = await cli(bench, ...createArgs(b), ...template, '--every', '15m');
      assert.equal(refused.code, 2);
      assert.match(
        refused.err,
        new RegExp(
          `prefix, key-template: got keys that stream "${a}" writes to the same bucket, as ${a}/########T######Z.json; allowed:`,
        ),
      );
      assert.equal((await cli(bench, ...createArgs(b), ...template, '--prefix', `${b}/`)).code, 0);
      const moved = await cli(bench, 'stream', 'update', b, '--prefix', `${a}/`);
      assert.equal(moved.code, 2);
      assert.match(
        moved.err,
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
  it('changes the grid at a border of both: every file is there, none twice, and the schedule leaves out the old grid', () =>
    withExportBench(async (bench) => {
      // As an update by the command line an hour before HOUR would have left it: quarters become hours at HOUR.startMs.
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
      await schedule.update((held) => ({
        ...held,
        spec: { ...held.spec, intervals: [{ every: 900_000 }, { every: HOUR_MS }] },
      }));
      const nominals = Array.from(
        { length: 8 },
        (_slot, index) => HOUR.startMs - HOUR_MS + (index + 1) * QUARTER_MS,
      );
      await fireAt(bench, changed, nominals);
      const quarters = nominals.slice(0, 4).map((endMs) => ({ startMs: endMs - QUARTER_MS, endMs }));
      for (const interval of [...quarters, HOUR]) {
        const { outcome, manifest } = await resultOf(bench, runIdOf(stream.name, interval));
        assert.equal(outcome, 'complete');
        assert.equal(manifest?.generation, 1);
        assert.equal(manifest.key, keyOf(changed, interval));
      }
      for (const endMs of nominals.slice(4, 7)) {
        const { outcome, manifest } = await resultOf(bench, runIdOf(stream.name, { startMs: 0, endMs }));
        assert.equal(outcome, 'not-due');
        assert.equal(manifest, null);
      }
      const { spec } = await schedule.describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [3_600_000],
      );
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('fires on both grids until the border, and says what changes from where on', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('update');
      assert.equal((await cli(bench, ...createArgs(name), '--every', '1h')).code, 0);
      const updated = await cli(bench, 'stream', 'update', name, '--every', '1d', '--compression', 'gzip');
      const midnight = toRfc3339(
        intervalContaining(Date.now(), { everySeconds: 86_400, offsetSeconds: 0 }).endMs,
      );
      assert.equal(
        updated.out,
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
        (await cli(bench, 'stream', 'update', name, '--every', '1d')).out,
        `stream ${name} unchanged\n`,
      );
      const planned = await cli(bench, 'stream', 'update', name, '--every', '15m');
      assert.match(
        planned.err,
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
      const { from } = JSON.parse(dropped.out) as { from: string };
      assert.ok(Date.parse(from) > Date.now() - HOUR_MS && Date.parse(from) % HOUR_MS === 0, from);
      const described = (await cli(bench, 'stream', 'describe', name)).out;
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
      assert.match(past.err, /^at: got 2026-01-01T00:00:00Z, allowed: now or later/);
      assert.match(
        (await cli(bench, 'stream', 'update', name)).err,
        /^update: got no setting, allowed: at least one of --project/,
      );
      assert.equal((await cli(bench, 'stream', 'update', 'nobody', '--every', '1h')).code, 3);
      await cli(bench, 'stream', 'delete', name);
    }));

  it('is written when others change the stream at the same time, and none is lost', () =>
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

describe('stream pause', () => {
  it('keeps its time in the note; resuming makes what was missed', () =>
    withExportBench(async (bench) => {
      const { stream, state } = await pausedFor(bench, 'catch-up', 3);
      assert.equal(state.paused, true);
      assert.equal(state.nextFireMs, null);
      const again = await cli(bench, 'stream', 'pause', stream.name);
      assert.match(again.out, / is paused already, since /);
      assert.match(
        (await cli(bench, 'stream', 'describe', stream.name)).out,
        /: paused since \S+Z: the store is moved\n/,
      );
      const resumed = await cli(bench, 'stream', 'resume', stream.name);
      assert.equal(resumed.code, 0, resumed.err);
      assert.match(resumed.out, / resumed; what was missed, .*, is made by backfill:/);
      for (const interval of lastHours(3)) await fileIsThere(bench, stream, interval);
      const after = await readStream(bench.connected, stream.name);
      assert.equal(after.paused, false);
      assert.deepEqual(after.stream.skipped, []);
      assert.match((await cli(bench, 'stream', 'resume', stream.name)).out, / is not paused\n/);
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('with --skip, what was missed is noted as left out on purpose, and not made', () =>
    withExportBench(async (bench) => {
      const { stream } = await pausedFor(bench, 'skip', 3);
      const resumed = await cli(bench, 'stream', 'resume', stream.name, '--skip', '--json');
      assert.equal(resumed.code, 0, resumed.err);
      const after = await readStream(bench.connected, stream.name);
      const range = { startMs: NOW_HOUR.startMs - 3 * HOUR_MS, endMs: endOfLast(after.stream.skipped) };
      assert.equal(after.paused, false);
      assert.deepEqual(after.stream.skipped, [range]);
      assert.deepEqual(JSON.parse(resumed.out), {
        name: stream.name,
        wasPaused: true,
        missed: `${toRfc3339(range.startMs)}..${toRfc3339(range.endMs)}`,
        skipped: true,
        backfill: null,
      });
      await fireAt(bench, after.stream, [NOW_HOUR.startMs - 3 * HOUR_MS]);
      await resultOf(bench, runIdOf(stream.name, { startMs: 0, endMs: NOW_HOUR.startMs - 3 * HOUR_MS }));
      for (const interval of lastHours(3)) assert.equal(await manifestOf(bench, stream, interval), null);
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('by the Web UI, whose note has no time, resumes from the last slot that was run', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('ui')), fromMs: NOW_HOUR.startMs - 5 * HOUR_MS };
      await createSchedule(bench.connected, stream);
      const [missed, ...before] = lastHours(3).reverse();
      assert.ok(missed !== undefined);
      await fireAt(
        bench,
        stream,
        before.map(({ endMs }) => endMs),
      );
      await bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name)).pause('Paused via UI');
      const resumed = await cli(bench, 'stream', 'resume', stream.name, '--skip');
      assert.equal(resumed.code, 0, resumed.err);
      const { skipped } = (await readStream(bench.connected, stream.name)).stream;
      assert.deepEqual(skipped, [{ ...missed, endMs: endOfLast(skipped) }]);
      await cli(bench, 'stream', 'delete', stream.name);
    }));
});

/** A stream that ran until some hours ago and is paused since, as its note says: the command line pauses it, and the note is set back. */
async function pausedFor(
  bench: ExportBench,
  stem: string,
  hours: number,
): Promise<{ stream: StreamDefinition; state: StreamState }> {
  const pausedMs = NOW_HOUR.startMs - (hours - 0.5) * HOUR_MS;
  const stream = { ...makeStream(bench.unique(stem)), fromMs: NOW_HOUR.startMs - (hours + 2) * HOUR_MS };
  await createSchedule(bench.connected, stream);
  await bench.run(stream, {
    startMs: NOW_HOUR.startMs - (hours + 1) * HOUR_MS,
    endMs: NOW_HOUR.startMs - hours * HOUR_MS,
  });
  const beforeMs = Date.now();
  const paused = await cli(bench, 'stream', 'pause', stream.name, '--note', 'the store is moved');
  assert.equal(paused.code, 0, paused.err);
  const note = parsePauseNote((await readStream(bench.connected, stream.name)).note);
  assert.equal(note?.words, 'the store is moved');
  assert.ok(note.atMs >= beforeMs - 1_000 && note.atMs <= Date.now());
  await bench.connected.client.schedule
    .getHandle(scheduleIdOf(stream.name))
    .pause(toPauseNote(pausedMs, note.words));
  const state = await until('the note is set back', async () => {
    const now = await readStream(bench.connected, stream.name);
    return parsePauseNote(now.note)?.atMs === pausedMs ? now : undefined;
  });
  return { stream, state };
}

/** Of what was left out: the hour that was over when the file of tests began, or one that ended since. */
function endOfLast(ranges: readonly Interval[]): number {
  const endMs = ranges.at(-1)?.endMs ?? 0;
  assert.ok(endMs >= NOW_HOUR.startMs && endMs <= Date.now() && endMs % HOUR_MS === 0, toRfc3339(endMs));
  return endMs;
}

/** The newest hours that are over, in order. */
function lastHours(count: number): Interval[] {
  return Array.from({ length: count }, (_hour, index) => {
    const startMs = NOW_HOUR.startMs - (count - index) * HOUR_MS;
    return { startMs, endMs: startMs + HOUR_MS };
  });
}

/** Fires the schedule's slots, one by one, each once the one before has started its run: of two patches the server may lose one. */
async function fireAt(
  bench: ExportBench,
  stream: StreamDefinition,
  nominals: readonly number[],
): Promise<void> {
  const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
  for (const nominalMs of nominals) {
    // Jitter moves the time at which a slot fires, and with it whether it lies in the range.
    await schedule.backfill({
      start: new Date(nominalMs),
      end: new Date(nominalMs + 20_000),
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
    });
    await isThere(bench, runIdOf(stream.name, { startMs: 0, endMs: nominalMs }));
  }
}

async function isThere(bench: ExportBench, workflowId: string): Promise<void> {
  const handle = bench.connected.client.workflow.getHandle(workflowId);
  await until(`run ${workflowId} is there`, () => handle.describe().catch(() => undefined));
}

async function resultOf(bench: ExportBench, workflowId: string): Promise<RunSummary> {
  await isThere(bench, workflowId);
  return awaitResult(
    bench.connected.client.workflow.getHandle<(request: ExportRequest) => Promise<RunSummary>>(workflowId),
  );
}

function fileIsThere(bench: ExportBench, stream: StreamDefinition, interval: Interval): Promise<unknown> {
  return until(
    `the file of ${toRfc3339(interval.endMs)} is there`,
    async () => (await manifestOf(bench, stream, interval)) ?? undefined,
  );
}

function manifestOf(bench: ExportBench, stream: StreamDefinition, interval: Interval) {
  return bench.store.head({ key: manifestKeyOf('_manifests/', keyOf(stream, interval)) });
}

function keyOf(stream: StreamDefinition, interval: Interval): string {
  const settings = settingsAt(stream, interval.startMs);
  const { keyTemplate, prefix, project } = settings;
  return renderKey(
    keyTemplate,
    { prefix, project, stream: stream.name, extension: extensionOf(settings) },
    interval,
  );
}

function createArgs(name: string): string[] {
  return ['stream', 'create', name, '--project', 'p', '--destination', 'local', '--settle', '0s'];
}

/** The command line in this process, under the bench's environment. */
async function cli(
  bench: ExportBench,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  Object.assign(process.env, bench.environment);
  const written = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => (written.out += `${text}\n`),
    err: (text) => (written.err += `${text}\n`),
  });
  return { code, ...written };
}
