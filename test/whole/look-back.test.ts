// The glance after a scheduled run: an interval whose slot was dropped gets its file, an upload that a terminated run left is given up, and
// what is not wanted is left alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { awaitResult } from '../../client/follow-run.ts';
import { createSchedule, deleteSchedule } from '../../client/streams.ts';
import { runIdOf, scheduleIdOf, type Interval } from '../../workflows/model/interval.ts';
import { renderKey } from '../../workflows/model/key-template.ts';
import { manifestKeyOf } from '../../workflows/model/manifest.ts';
import type { ExportRequest, RunSummary } from '../../workflows/model/run.ts';
import { settingsAt, type StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, HOUR_MS, makeStream, withExportBench, type ExportBench } from '../export-bench.ts';
import { until } from '../until.ts';

const [before1, before2, before3] = [1, 2, 3].map((hours) => ({
  startMs: HOUR.startMs - hours * HOUR_MS,
  endMs: HOUR.endMs - hours * HOUR_MS,
})) as [Interval, Interval, Interval];

describe('the glance at the intervals before', () => {
  it('starts the runs of intervals that have no file, and no others', () =>
    withExportBench(async (bench) => {
      const stream = {
        ...makeStream(bench.unique('gaps')),
        fromMs: before3.startMs,
        // Left out on purpose.
        skipped: [before2],
      };
      const kept = await bench.run(stream, before3);
      await fire(bench, stream, HOUR);
      const made = await resultOf(bench, runIdOf(stream.name, before1));
      assert.equal(made.outcome, 'complete');
      assert.equal((await bench.readFile(made.manifest)).toString(), '[]\n');
      assert.equal(
        await bench.store.head({ key: manifestKeyOf('_manifests/', keyOf(stream, before2)) }),
        null,
      );
      const again = await resultOf(bench, runIdOf(stream.name, before3));
      assert.deepEqual(again.manifest, kept.manifest);
    }));

  it('makes an interval whose run was terminated, and gives up the upload it left', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('left')), fromMs: before1.startMs };
      const key = keyOf(stream, before1);
      const terminated = await bench.connected.client.workflow.start('exportInterval', {
        workflowId: runIdOf(stream.name, before1),
        taskQueue: 'nobody-works-here',
        args: [{ stream, interval: before1 }],
      });
      await bench.store.beginUpload({ key, contentType: 'application/json', metadata: {} });
      await terminated.terminate('by a person');
      await fire(bench, stream, HOUR);
      assert.equal((await resultOf(bench, runIdOf(stream.name, before1))).outcome, 'complete');
      assert.deepEqual(await bench.store.listUploads({ key }), []);
    }));
});

/** As the schedule fires the slot of an interval; waits for the run. */
async function fire(bench: ExportBench, stream: StreamDefinition, interval: Interval): Promise<void> {
  await createSchedule(bench.connected, stream);
  try {
    const schedule = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
    const start = new Date(interval.endMs);
    const end = new Date(interval.endMs + 60_000);
    await schedule.backfill({ start, end, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
    await resultOf(bench, runIdOf(stream.name, interval));
  } finally {
    await deleteSchedule(bench.connected, stream.name);
  }
}

/** Of the newest run with this id, once it is there. */
async function resultOf(bench: ExportBench, workflowId: string): Promise<RunSummary> {
  const handle =
    bench.connected.client.workflow.getHandle<(request: ExportRequest) => Promise<RunSummary>>(workflowId);
  await until(`run ${workflowId} is there and not terminated`, async () => {
    const description = await handle.describe().catch(() => undefined);
    return description?.status.name === 'TERMINATED' ? undefined : description;
  });
  return awaitResult(handle);
}

function keyOf(stream: StreamDefinition, interval: Interval): string {
  const { keyTemplate, prefix, project } = settingsAt(stream, interval.startMs);
  return renderKey(keyTemplate, { prefix, project, stream: stream.name, extension: 'json' }, interval);
}
