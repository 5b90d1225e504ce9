// Backfills on the real stack: past intervals made by the runs that the schedule would have started, each
// once, whoever starts, joins, cancels or resumes them. Held against what lies in the store.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitBackfill, startBackfill } from '../../client/backfills.ts';
import type { BackfillToStart } from '../../client/backfills.ts';
import { startRun } from '../../client/streams.ts';
import type { BackfillProgress } from '../../workflows/backfill/contract.ts';
import { intervalsIn } from '../../workflows/model/interval-range.ts';
import { describeInterval, runIdOf } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { storedManifestKeyOf } from '../../local/file-keys.ts';
import { until } from '../../local/until.ts';
import { generationsOf, hour, hours, manifestsOf } from './stored-range.ts';
import { readProgress } from '../../client/follow-workflow.ts';
import { assertCounts } from './backfill-counts.ts';

describe('a backfill', () => {
  it('exports each interval without a manifest once, even if it is started twice', () =>
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

  it('starts no more runs after it is canceled, leaves active runs alone, and exports the rest when restarted', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('cancel'));
      const range = hours(20);
      const { handle } = await startBackfill(bench.connected, { stream, range, concurrency: 2 });
      await until('some intervals are made', async () =>
        ((await readProgress<BackfillProgress>(handle))?.done ?? 0) >= 3 ? true : undefined,
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

  it('with force re-exports complete intervals, even when a run is already in progress', () =>
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
        (await readProgress<BackfillProgress>(handle))?.done === 2 ? true : undefined,
      );
      await inTheWay.terminate('makes way');
      assertCounts(await awaitBackfill(handle), { state: 'complete', done: 3, skipped: 0, failed: 0 });
      const after = await manifestsOf(bench, stream, range);
      assert.deepEqual(
        after.map((manifest) => [manifest?.generation, manifest?.supersedes]),
        before.map((manifest) => [2, manifest?.write_id]),
      );
    }));

  it('reports in a dry run what it would export, and changes nothing', () =>
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

  it('counts and names a run that fails, exports the others, and ends as failed', () =>
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

  it('continues as new while runs are in progress, and exports each interval once', () =>
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

  it('leaves out what the stream leaves out, unless it is asked for', () =>
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

async function backfilled(bench: ExportBench, asked: BackfillToStart): Promise<BackfillProgress> {
  return awaitBackfill((await startBackfill(bench.connected, asked)).handle);
}

async function keysOf(bench: ExportBench, { name }: StreamDefinition): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of [name, `_manifests/${name}`])
    for await (const { key, etag } of bench.store.listKeys({ prefix })) keys.push(`${key} ${etag}`);
  return keys;
}
