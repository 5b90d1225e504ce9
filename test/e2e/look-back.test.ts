// The glance after a scheduled run: an interval whose slot was dropped gets its file, an upload that a
// terminated run left is given up, and what is not wanted is left alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSchedule, deleteSchedule } from '../../client/streams.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, HOUR_MS, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf, storedManifestKeyOf } from '../../local/file-keys.ts';
import { fireSlots, resultOf } from '../fire-slots.ts';
import { until } from '../../local/until.ts';

const [before1, before2, before3] = [1, 2, 3].map((hours) => ({
  startMs: HOUR.startMs - hours * HOUR_MS,
  endMs: HOUR.endMs - hours * HOUR_MS,
})) as [Interval, Interval, Interval];

describe('the look-back at earlier intervals', () => {
  it('starts the runs of exactly those intervals that have no file', () =>
    withExportBench(async (bench) => {
      const stream = {
        ...makeStream(bench.unique('gaps')),
        fromMs: before3.startMs,
        // Left out on purpose.
        skipped: [before2],
      };
      const kept = await bench.run(stream, before3);
      await fire(bench, stream, HOUR);
      const made = await resultOf(bench.connected, runIdOf(stream.name, before1));
      assert.equal(made.outcome, 'complete');
      assert.equal((await bench.readFile(made.manifest)).toString(), '[]\n');
      assert.equal(await bench.store.head({ key: storedManifestKeyOf(stream, before2) }), null);
      const again = await resultOf(bench.connected, runIdOf(stream.name, before3));
      assert.deepEqual(again.manifest, kept.manifest);
    }));

  it('exports an interval whose run was terminated, and aborts the upload that it left', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('left')), fromMs: before1.startMs };
      const key = fileKeyOf(stream, before1);
      const terminated = await bench.connected.client.workflow.start('exportInterval', {
        workflowId: runIdOf(stream.name, before1),
        taskQueue: 'nobody-works-here',
        args: [{ stream, interval: before1 }],
      });
      await bench.store.beginUpload({ key, contentType: 'application/json', metadata: {} });
      await terminated.terminate('by a person');
      await fire(bench, stream, HOUR);
      assert.equal((await resultOf(bench.connected, runIdOf(stream.name, before1))).outcome, 'complete');
      assert.deepEqual(await bench.store.listUploads({ key }), []);
    }));

  it('aborts the upload of a run that was terminated during a re-export, and keeps the complete file', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('forced')), fromMs: before1.startMs };
      const key = fileKeyOf(stream, before1);
      const { manifest } = await bench.run(stream, before1);
      const forced = await bench.connected.client.workflow.start('exportInterval', {
        workflowId: runIdOf(stream.name, before1),
        taskQueue: 'nobody-works-here',
        args: [{ stream, interval: before1, force: true }],
      });
      await bench.store.beginUpload({ key, contentType: 'application/json', metadata: {} });
      await forced.terminate('by a person');
      await fire(bench, stream, HOUR);
      await until('the upload is gone', async () =>
        (await bench.store.listUploads({ key })).length === 0 ? true : undefined,
      );
      assert.deepEqual(await manifestAt(bench, stream, before1), manifest);
    }));

  it('is not needed for such an upload when the complete interval runs again: that run aborts it', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('again'));
      const key = fileKeyOf(stream, HOUR);
      await bench.run(stream, HOUR);
      await bench.store.beginUpload({ key, contentType: 'application/json', metadata: {} });
      assert.equal((await bench.run(stream, HOUR)).outcome, 'already-complete');
      assert.deepEqual(await bench.store.listUploads({ key }), []);
    }));

  it('starts an interval whose manifest belongs to another project', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('taken');
      const stream = { ...makeStream(name), fromMs: before1.startMs };
      const { manifest } = await bench.run(
        makeStream(bench.unique('other'), { project: 'another' }),
        before1,
      );
      const left = { ...manifest, stream: name, key: fileKeyOf(stream, before1) };
      await bench.store.putObject({
        key: storedManifestKeyOf(stream, before1),
        body: Buffer.from(JSON.stringify(left)),
        contentType: 'application/json',
      });
      await fire(bench, stream, HOUR);
      const made = await resultOf(bench.connected, runIdOf(name, before1));
      assert.deepEqual([made.manifest?.project, made.manifest?.generation], [name, 2]);
    }));
});

async function manifestAt(
  bench: ExportBench,
  stream: StreamDefinition,
  interval: Interval,
): Promise<unknown> {
  const found = await bench.store.getObject({
    key: storedManifestKeyOf(stream, interval),
    bytesMax: 65_536,
  });
  return JSON.parse(found?.body.toString() ?? 'null');
}

/** As the schedule fires the slot of an interval; waits for the run. */
async function fire(bench: ExportBench, stream: StreamDefinition, interval: Interval): Promise<void> {
  await createSchedule(bench.connected, stream);
  try {
    await fireSlots(bench.connected, stream.name, [interval.endMs]);
    await resultOf(bench.connected, runIdOf(stream.name, interval));
  } finally {
    await deleteSchedule(bench.connected, stream.name);
  }
}
