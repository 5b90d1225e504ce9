// Streams that are paused and resumed, by the command line and by the Web UI, on the real stack.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSchedule, readStream } from '../../client/streams.ts';
import { intervalContaining, runIdOf, scheduleIdOf, toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { parsePauseNote, toCreatingNote, toPauseNote } from '../../workflows/model/pause-note.ts';
import type { StreamState } from '../../workflows/questions/status-contract.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR_MS, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fireSlots, resultOf } from '../fire-slots.ts';
import { untilSent } from '../../local/until.ts';
import { cli, fileIsThere, manifestOf } from './stream-tools.ts';

const NOW_HOUR = intervalContaining(Date.now(), { everySeconds: 3_600, offsetSeconds: 0 });

describe('stream pause', () => {
  it('keeps its time in the note, and resuming exports the missed intervals', () =>
    withExportBench(async (bench) => {
      const { stream, state } = await pausedFor(bench, 'catch-up', 3);
      assert.equal(state.paused, true);
      assert.equal(state.nextFireMs, null);
      const again = await cli(bench, 'stream', 'pause', stream.name);
      assert.match(again.stdout, / is paused already, since /);
      assert.match(
        (await cli(bench, 'stream', 'describe', stream.name)).stdout,
        /: paused since \S+Z: the store is moved\n/,
      );
      const resumed = await cli(bench, 'stream', 'resume', stream.name);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stdout, / resumed; what was missed, .*, is made by backfill:/);
      for (const interval of lastHours(3)) await fileIsThere(bench, stream, interval);
      const after = await readStream(bench.connected, stream.name);
      assert.equal(after.paused, false);
      assert.deepEqual(after.stream.skipped, []);
      assert.match((await cli(bench, 'stream', 'resume', stream.name)).stdout, / is not paused\n/);
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('stays in force when no worker is running to export the missed intervals', () =>
    withExportBench(
      async (bench) => {
        const stream = { ...makeStream(bench.unique('no-worker')), fromMs: NOW_HOUR.startMs - 2 * HOUR_MS };
        const note = toPauseNote(stream.fromMs, null);
        await createSchedule(bench.connected, stream, note);
        const resumed = await cli(bench, 'stream', 'resume', stream.name);
        assert.match(resumed.stderr, /^no worker answered on task queue /);
        assert.equal(resumed.code, 4);
        const after = await readStream(bench.connected, stream.name);
        assert.deepEqual([after.paused, after.note], [true, note]);
        await cli(bench, 'stream', 'delete', stream.name);
      },
      { startsWorker: false },
    ));

  it('ends with all past intervals exported when the creation of the stream was interrupted', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('broken-off')), fromMs: NOW_HOUR.startMs - 3 * HOUR_MS };
      const note = toCreatingNote(stream.name, { atMs: Date.now(), fromMs: stream.fromMs });
      await createSchedule(bench.connected, stream, note);
      const resumed = await cli(bench, 'stream', 'resume', stream.name);
      assert.equal(resumed.code, 0, resumed.stderr);
      for (const interval of lastHours(3)) await fileIsThere(bench, stream, interval);
      const after = await readStream(bench.connected, stream.name);
      assert.equal(after.paused, false);
      assert.match(
        after.note ?? '',
        new RegExp(`^created at .*; what was over since ${toRfc3339(stream.fromMs)} is made by a backfill$`),
      );
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('records missed intervals as left out on purpose when the stream is resumed with --skip', () =>
    withExportBench(async (bench) => {
      const { stream } = await pausedFor(bench, 'skip', 3);
      const resumed = await cli(bench, 'stream', 'resume', stream.name, '--skip', '--json');
      assert.equal(resumed.code, 0, resumed.stderr);
      const after = await readStream(bench.connected, stream.name);
      const range = { startMs: NOW_HOUR.startMs - 3 * HOUR_MS, endMs: endOfLast(after.stream.skipped) };
      assert.equal(after.paused, false);
      assert.deepEqual(after.stream.skipped, [range]);
      assert.deepEqual(JSON.parse(resumed.stdout), {
        name: stream.name,
        wasPaused: true,
        missed: `${toRfc3339(range.startMs)}..${toRfc3339(range.endMs)}`,
        skipped: true,
        backfill: null,
      });
      await fireSlots(bench.connected, stream.name, [NOW_HOUR.startMs - 3 * HOUR_MS]);
      await resultOf(
        bench.connected,
        runIdOf(stream.name, { startMs: 0, endMs: NOW_HOUR.startMs - 3 * HOUR_MS }),
      );
      for (const interval of lastHours(3)) assert.equal(await manifestOf(bench, stream, interval), null);
      await cli(bench, 'stream', 'delete', stream.name);
    }));

  it('by the Web UI, whose note has no time, resumes from the last slot that was run', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('ui')), fromMs: NOW_HOUR.startMs - 5 * HOUR_MS };
      await createSchedule(bench.connected, stream);
      const [missed, ...before] = lastHours(3).reverse();
      assert.ok(missed !== undefined);
      await fireSlots(
        bench.connected,
        stream.name,
        before.map(({ endMs }) => endMs),
      );
      await untilSent(
        'it is paused',
        () => bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name)).pause('Paused via UI'),
        async () => ((await readStream(bench.connected, stream.name)).paused ? true : undefined),
      );
      const resumed = await cli(bench, 'stream', 'resume', stream.name, '--skip');
      assert.equal(resumed.code, 0, resumed.stderr);
      const { skipped } = (await readStream(bench.connected, stream.name)).stream;
      assert.deepEqual(skipped, [{ ...missed, endMs: endOfLast(skipped) }]);
      await cli(bench, 'stream', 'delete', stream.name);
    }));
});

/**
 * A stream that ran until some hours ago and is paused since, as its note says: the command line pauses it,
 * and the note is set back.
 */
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
  assert.equal(paused.code, 0, paused.stderr);
  const note = parsePauseNote((await readStream(bench.connected, stream.name)).note);
  assert.equal(note?.words, 'the store is moved');
  assert.ok(note.atMs >= beforeMs - 1_000 && note.atMs <= Date.now());
  const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
  const state = await untilSent(
    'the note is set back',
    () => schedule.pause(toPauseNote(pausedMs, note.words)),
    async () => {
      const now = await readStream(bench.connected, stream.name);
      return parsePauseNote(now.note)?.atMs === pausedMs ? now : undefined;
    },
  );
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
