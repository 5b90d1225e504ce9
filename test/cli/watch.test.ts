// The watch over streams on real parts: late streams are told once, to a real HTTP server; a stream whose
// runs fail one after another is paused, with what to do; and nothing that somebody mended or stopped is
// paused for what was before.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { resumeStream } from '../../client/pause-stream.ts';
import { ensureWatch } from '../../client/ensure-watch.ts';
import { readStream, startRun } from '../../client/streams.ts';
import { announcementIdOf } from '../../workflows/webhooks/contract.ts';
import { scheduleIdOf } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { missedFromMs } from '../../workflows/model/pause-note.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { failedInARow, WATCH_ID } from '../../workflows/watch/contract.ts';
import type { WatchMemory, WatchRequest } from '../../workflows/watch/contract.ts';
import { HOUR, HOUR_MS, startTestWorker, withSchedules, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { runProgram } from '../../local/run-program.ts';
import { until, untilSent } from '../../local/until.ts';
import { startReceiver } from './receiver.ts';
import type { Answer, Receiver } from './receiver.ts';

const hours = (count: number): Interval[] =>
  Array.from({ length: count }, (_hour, index) => ({
    startMs: HOUR.startMs + index * HOUR_MS,
    endMs: HOUR.endMs + index * HOUR_MS,
  }));

describe('the watch', () => {
  it('reports a late stream once, signed, and says if the stream is paused', () =>
    withWatched({}, async (bench, receiver) => {
      const late = { ...makeStream(bench.unique('late')), fromMs: HOUR.startMs };
      const never = { ...makeStream(bench.unique('never'), { project: 'acme' }), fromMs: HOUR.startMs };
      const fresh = { ...makeStream(bench.unique('fresh')), fromMs: Date.now() };
      await withSchedules(bench, [late, never, fresh], async () => {
        await bench.run(late, HOUR);
        await untilSent(
          'it is paused',
          () => bench.connected.client.schedule.getHandle(scheduleIdOf(never.name)).pause('by a person'),
          async () => ((await readStream(bench.connected, never.name)).paused ? true : undefined),
        );
        const names = [late, never, fresh].map(({ name }) => name);
        const memory = await look(bench, names);
        assert.deepEqual(memory.reported, { [late.name]: '2026-11-23T11:00:00Z', [never.name]: null });
        const events = await receivedBy(receiver, 2);
        assert.ok(events.every(({ isSigned, type }) => isSigned && type === 'stream.late'));
        const [ofLate, ofNever] = events.sort((a, b) => (a.id < b.id ? -1 : 1));
        assert.equal(ofLate?.id, `stream.late:${late.name}-2026-11-23T11:00:00Z`);
        assert.equal(ofNever?.id, `stream.late:${never.name}-never`);
        const lagSeconds = (Date.now() - HOUR.endMs - HOUR_MS) / 1000;
        assert.ok(Math.abs(Number(ofLate.data['lag_seconds']) - lagSeconds) < 120);
        assert.deepEqual(ofLate.data, {
          lag_seconds: ofLate.data['lag_seconds'],
          stream: late.name,
          project: late.name,
          destination: 'local',
          last_complete_end: '2026-11-23T11:00:00Z',
          limit_seconds: 7_200,
          paused: false,
          note: '',
        });
        assert.deepEqual(
          ['project', 'last_complete_end', 'paused', 'note'].map((key) => ofNever.data[key]),
          ['acme', null, true, 'by a person'],
        );
        // Without its memory, too: the announcement has its id.
        await look(bench, names);
        const handle = bench.connected.client.workflow.getHandle(announcementIdOf({ id: ofLate.id }));
        assert.deepEqual(await handle.result(), { delivered: ['ops'] });
        assert.equal(receiver.received.length, 2);
      });
    }));

  it('pauses a stream after too many consecutive failures, and reports why and what to do', () =>
    withWatched({ variables: BROKEN }, async (bench, receiver) => {
      const failing = { ...makeStream(bench.unique('failing')), fromMs: HOUR.startMs };
      const mixed = { ...failing, name: bench.unique('mixed') };
      const once = { ...failing, name: bench.unique('once') };
      await withSchedules(bench, [failing, mixed, once], async () => {
        const [first, second, third] = hours(3) as [Interval, Interval, Interval];
        for (const interval of [first, second]) await assert.rejects(bench.run(failing, interval));
        await assert.rejects(bench.run(once, first));
        await assert.rejects(bench.run(mixed, first));
        await assert.rejects(bench.run(mixed, third));
        await terminated(bench, mixed, second);
        const names = [failing, mixed, once].map(({ name }) => name);
        const memory = await look(bench, names);
        assert.deepEqual(Object.keys(memory.pausedAtMs), [failing.name]);

        const { paused, note } = await readStream(bench.connected, failing.name);
        assert.equal(paused, true);
        assert.match(
          note ?? '',
          /^paused at \S+Z: 2 intervals in a row failed, from 2026-11-23T10:00:00Z on\. Fix what their runs report, then: room-streams stream resume failing-\w+, which makes them, too$/,
        );
        assert.equal(missedFromMs(note), HOUR.startMs);
        for (const { name } of [mixed, once])
          assert.equal((await readStream(bench.connected, name)).paused, false, name);
        const [event] = await until('the pause was told', () => {
          const found = receiver.received.filter(({ type }) => type === 'stream.paused');
          return Promise.resolve(found.length > 0 ? found : undefined);
        });
        assert.equal(event?.isSigned, true);
        const { message, ...data } = event.data;
        assert.deepEqual(data, {
          stream: failing.name,
          project: failing.name,
          destination: 'local',
          note,
          failed_intervals: ['2026-11-23T11:00:00Z', '2026-11-23T12:00:00Z'],
        });
        assert.match(
          String(message),
          /CLICKHOUSE_PASSWORD is wrong.*\nOnce that is fixed: room-streams run retry/s,
        );

        // Resumed, it is not paused for what was before, but for what fails again.
        const { missed } = await resumeStream(bench.connected, failing.name, { skips: false });
        assert.equal(missed?.startMs, HOUR.startMs, 'what failed is made up for, too');
        assert.equal((await readStream(bench.connected, failing.name)).paused, false);
        assert.deepEqual((await look(bench, [failing.name])).pausedAtMs, {});
        assert.equal((await readStream(bench.connected, failing.name)).paused, false);
      });
    }));

  it('remembers between checks what it paused and reported', () =>
    withWatched({ variables: BROKEN }, async (bench) => {
      const stream = { ...makeStream(bench.unique('again')), fromMs: HOUR.startMs };
      await withSchedules(bench, [stream], async () => {
        for (const interval of hours(2)) await assert.rejects(bench.run(stream, interval));
        const looks = await startLooks(bench, stream.name);
        try {
          const first = await looks.next();
          assert.equal((await readStream(bench.connected, stream.name)).paused, true);
          assert.ok((first.pausedAtMs[stream.name] ?? 0) > 0);
          // As in the Web UI: the note does not say when.
          await untilSent(
            'it is resumed',
            () => bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name)).unpause(),
            async () => ((await readStream(bench.connected, stream.name)).paused ? undefined : true),
          );
          assert.deepEqual(await looks.next(), first);
          assert.equal((await readStream(bench.connected, stream.name)).paused, false);
        } finally {
          await looks.end();
        }
      });
    }));

  it('delays no export, and ends soon, when the receiver is silent', () =>
    withWatched({ answer: () => 'never' }, async (bench, receiver) => {
      const late = { ...makeStream(bench.unique('silent')), fromMs: HOUR.startMs };
      await withSchedules(bench, [late], async () => {
        await look(bench, [late.name]);
        await receivedBy(receiver, 1);
        assert.equal((await bench.run(late, HOUR)).outcome, 'complete');
      });
    }));

  it('has a schedule that migrate creates once, and that stays paused if somebody paused it', () =>
    withExportBench(
      async (bench) => {
        const { schedule } = bench.connected.client;
        const handle = schedule.getHandle(WATCH_ID);
        try {
          const migrated = await runProgram('bin/room-streams.mjs', ['migrate'], bench.environment);
          assert.match(migrated.stdout, /^watch over the streams: created$/m);
          await handle.pause('nobody is on call');
          assert.equal(await ensureWatch(bench.connected), 'up to date');
          const moved = { ...bench.connected.config, taskQueue: 'another' };
          assert.equal(await ensureWatch({ ...bench.connected, config: moved }), 'updated');
          const { action, policies, state, spec } = await handle.describe();
          assert.deepEqual([action.taskQueue, action.workflowType], ['another', 'watchStreams']);
          assert.equal(policies.overlap, ScheduleOverlapPolicy.SKIP);
          assert.deepEqual([state.paused, state.note], [true, 'nobody is on call']);
          assert.equal(spec.intervals?.[0]?.every, 300_000);
        } finally {
          await handle.delete();
        }
      },
      { startsWorker: false },
    ));
});

describe('a series of failed intervals', () => {
  it('is the newest one that is long enough, and is not interrupted', () => {
    const all = hours(8);
    const row = (failed: string, count: number) =>
      failedInARow(all, (interval) => failed[all.indexOf(interval)] === 'x', count)?.map((each) =>
        all.indexOf(each),
      ) ?? null;
    assert.deepEqual(row('xx......', 2), [0, 1]);
    assert.deepEqual(row('xx.xxx.x', 2), [3, 4, 5]);
    assert.deepEqual(row('xxxxxxxx', 3), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(row('x.x.x.x.', 2), null);
    assert.equal(row('........', 1), null);
  });
});

const LOOK_EVERY_MS = 3_000;

const BROKEN = { PAUSE_AFTER_FAILED: '2', CLICKHOUSE_PASSWORD: 'a-wrong-password' };

/** A bench whose worker has one webhook that wants to hear of streams. */
function withWatched(
  { answer, variables }: { answer?: Answer; variables?: Record<string, string> },
  use: (bench: ExportBench, receiver: Receiver) => Promise<void>,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      const receiver = await startReceiver(answer);
      const worker = await startTestWorker(
        bench.configured({
          WEBHOOKS: 'ops',
          WEBHOOK_OPS_URL: receiver.url,
          WEBHOOK_OPS_SECRET: receiver.secret,
          WEBHOOK_OPS_EVENTS: 'stream.late,stream.paused',
          ...variables,
        }),
      );
      try {
        await use(bench, receiver);
      } finally {
        await receiver.close();
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}

/** A look of its own, without memory, at these streams only: others' are on the stack, too. */
function look(bench: ExportBench, names: string[]): Promise<WatchMemory> {
  const { connected } = bench;
  return connected.client.workflow.execute<(request: WatchRequest) => Promise<WatchMemory>>('watchStreams', {
    workflowId: `${bench.unique('look')}-${Math.random()}`,
    taskQueue: connected.config.taskQueue,
    args: [{ names }],
  });
}

/**
 * Looks that a schedule starts, as the watch's own does, so that each gets what the one before ended with.
 */
async function startLooks(bench: ExportBench, name: string) {
  const { client, config } = bench.connected;
  const handle = await client.schedule.create({
    scheduleId: bench.unique('looks'),
    spec: { intervals: [{ every: LOOK_EVERY_MS }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP },
    action: {
      type: 'startWorkflow',
      workflowType: 'watchStreams',
      workflowId: bench.unique('look'),
      taskQueue: config.taskQueue,
      args: [{ names: [name] }],
    },
  });
  return {
    /** What the first look that starts from now on ends with. */
    async next(): Promise<WatchMemory> {
      const nowMs = Date.now();
      const action = await until('the schedule has started a look', async () => {
        const { recentActions } = (await handle.describe()).info;
        return recentActions.find(({ takenAt }) => takenAt.getTime() > nowMs)?.action;
      });
      const { workflowId } = action.workflow;
      return (await client.workflow.getHandle(workflowId).result()) as WatchMemory;
    },
    end: () => handle.delete(),
  };
}

async function terminated(bench: ExportBench, stream: StreamDefinition, interval: Interval): Promise<void> {
  const elsewhere = { ...bench.connected, config: { ...bench.connected.config, taskQueue: 'nobody' } };
  const run = await startRun(elsewhere, { stream, interval, force: false });
  await run.terminate('by a person');
}

function receivedBy({ received }: Receiver, count: number) {
  return until(`${count} events were received`, () =>
    Promise.resolve(received.length >= count ? [...received] : undefined),
  );
}
