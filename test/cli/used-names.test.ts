// A name that another project used before: nothing that it left is mistaken for the new stream's own. Real
// servers, the command line, and what is in the store afterwards.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitAudit, startAudit } from '../../client/audits.ts';
import { awaitBackfill, startBackfill } from '../../client/backfills.ts';
import type { BackfillToStart } from '../../client/backfills.ts';
import { retryRun } from '../../client/retry-run.ts';
import { startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import { latestKeyOf, MANIFEST_FIELDS } from '../../workflows/model/manifest.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { StreamDefinition, StreamSettings } from '../../workflows/model/stream.ts';
import { HOUR, withExportBench, withSchedules } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf, storedManifestKeyOf } from '../../local/file-keys.ts';
import { until } from '../../local/until.ts';
import { hour, hours, manifestsOf } from './stored-range.ts';
import { assertCounts } from './backfill-counts.ts';
import { cli } from './stream-tools.ts';

const ROOMS = 12;

/** What a second stream of that name has otherwise, its key the same or another. */
const OTHER_FILES: readonly Partial<StreamSettings>[] = [
  { format: 'ndjson', keyTemplate: '{stream}/{start}.json' },
  { compression: 'gzip', keyTemplate: '{stream}/{start}.json' },
  { fields: 'extended' },
];

describe('a stream name that was used before', () => {
  it('is refused to another project, with a remedy, until its files, manifests and pointer are gone', () =>
    withExportBench(async (bench) => {
      const [name, a, b] = [bench.unique('swap'), bench.unique('a'), bench.unique('b')];
      const range = ['--from', toRfc3339(hours(2).startMs), '--until', toRfc3339(hours(2).endMs)];
      const create = (project: string, ...more: string[]) =>
        cli(
          bench,
          'stream',
          'create',
          name,
          '--project',
          project,
          '--destination',
          'local',
          '--settle',
          '0s',
          ...more,
        );
      await fill(bench, a);
      const stream = makeStream(name, { project: a });
      assert.equal((await create(a, ...range)).code, 0);
      await until('both hours are made', async () =>
        (await manifestsOf(bench, stream, hours(2))).every((manifest) => manifest !== null)
          ? true
          : undefined,
      );
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);

      const refused = await create(b, ...range);
      assert.equal(refused.code, 2, refused.stdout);
      assert.ok(
        refused.stderr.includes(
          `name: got "${name}" for project "${b}", but in destination local that name belongs to project "${a}", as _manifests/${name}/_latest.json says; allowed: another name and prefix`,
        ),
        refused.stderr,
      );
      // Also by a file of streams, and also when only the manifests are left.
      await bench.store.deleteObject({ key: latestKeyOf('_manifests/', name) });
      const still = await create(b, ...range);
      assert.equal(still.code, 2);
      assert.ok(still.stderr.includes(`as ${storedManifestKeyOf(stream, hour(0))} says`), still.stderr);
      // The same project takes its name up again, and finds its files.
      assert.equal((await create(a, ...range)).code, 0);
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
      for (const interval of [hour(0), hour(1)])
        await bench.store.deleteObject({ key: storedManifestKeyOf(stream, interval) });
      await until('its backfill is over, which may have written the pointer again', async () => {
        await bench.store.deleteObject({ key: latestKeyOf('_manifests/', name) });
        return (await create(b, ...range)).code === 0 ? true : undefined;
      });
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
    }));

  for (const empty of ['write', 'skip'] as const)
    it(`never passes on another project's file, with or without rooms (empty: ${empty})`, () =>
      withExportBench(async (bench) => {
        const [name, a, b] = [bench.unique(`taken-${empty}`), bench.unique('a'), bench.unique('b')];
        const range = hours(2);
        // Of a only the first hour has rooms, of b only the second.
        await fill(bench, a, hour(0));
        await fill(bench, b, hour(1));
        const ofA = {
          ...makeStream(name, { project: a, empty }),
          fromMs: range.startMs,
          untilMs: range.endMs,
        };
        const ofB = {
          ...makeStream(name, { project: b, empty }),
          fromMs: range.startMs,
          untilMs: range.endMs,
        };
        assertCounts(await backfilled(bench, { stream: ofA, range }), { done: 2 });
        await withSchedules(bench, [ofB], async () => {
          // Nothing of it counts: not for status, not for an audit, not for verify, not for a dry run.
          const [row] = JSON.parse((await cli(bench, 'status', name, '--json')).stdout) as Record<
            string,
            unknown
          >[];
          assert.deepEqual([row?.['lastCompleteEnd'], row?.['missing']], [null, 2]);
          const found = await awaitAudit(
            await startAudit(bench.connected, { stream: ofB, range, repair: false }),
          );
          assert.deepEqual(
            found.findings.map(({ kind }) => kind),
            ['missing-interval', 'missing-interval'],
          );
          assert.ok(
            found.findings[0]?.detail.includes(`project: got "${a}", allowed: "${b}"`),
            found.findings[0]?.detail,
          );
          const verified = await cli(bench, 'verify', '--stream', name, '--end', toRfc3339(hour(0).endMs));
          assert.equal(verified.code, 33, verified.stderr);
          assert.ok(verified.stderr.includes(`project: got "${a}", allowed: "${b}"`), verified.stderr);
          assertCounts(await backfilled(bench, { stream: ofB, range, isDryRun: true }), {
            missing: 2,
            skipped: 0,
          });
          // A run that Temporal remembers as complete was one of the other stream.
          const retried = await retryRun(bench.connected, { stream: ofB, interval: hour(0) });
          assert.ok(retried.action === 'made-again');
          assert.equal((await retried.handle.result()).outcome, 'complete');
        });
        assertCounts(await backfilled(bench, { stream: ofB, range }), { done: 1, skipped: 1 });
        const manifests = await manifestsOf(bench, ofB, range);
        assert.deepEqual(
          manifests.map((manifest) => [manifest?.project, manifest?.rooms, manifest?.generation]),
          [
            [b, 0, 2],
            [b, ROOMS, 2],
          ],
        );
        assertCounts(await backfilled(bench, { stream: ofB, range }), { done: 0, skipped: 2 });
        await withSchedules(bench, [ofB], async () => {
          const [row] = JSON.parse((await cli(bench, 'status', name, '--json')).stdout) as Record<
            string,
            unknown
          >[];
          assert.deepEqual([row?.['lastCompleteEnd'], row?.['missing']], [toRfc3339(range.endMs), 0]);
        });
        assertCounts(await backfilled(bench, { stream: ofA, range, force: true }), { done: 2, failed: 0 });
        assert.deepEqual(
          (await manifestsOf(bench, ofA, range)).map((manifest) => manifest?.generation),
          [3, 3],
        );
      }));

  it('leads to a new export under other settings of the same project', () =>
    withExportBench(async (bench) => {
      for (const [index, changes] of OTHER_FILES.entries()) {
        const name = bench.unique(`format${index}`);
        await fill(bench, name);
        const plain = makeStream(name, { keyTemplate: changes.keyTemplate ?? '{stream}/{start}.{ext}' });
        const changed = makeStream(name, { keyTemplate: '{stream}/{start}.{ext}', ...changes });
        assert.equal(fileKeyOf(plain, HOUR), fileKeyOf(changed, HOUR));
        assert.equal((await bench.run(plain, HOUR)).outcome, 'complete');
        assert.equal((await bench.run(plain, HOUR)).outcome, 'already-complete');
        const { outcome, manifest } = await bench.run(changed, HOUR);
        assert.deepEqual([outcome, manifest?.generation], ['complete', 2]);
      }
    }));

  it('waits for a run in progress of the other project, and then exports its own file', () =>
    withExportBench(async (bench) => {
      const [name, a, b] = [bench.unique('under-way'), bench.unique('a'), bench.unique('b')];
      await fill(bench, b, hour(0));
      const waiting = makeStream(name, { project: a, settleSeconds: 9_999_999 });
      const inTheWay = await startRun(bench.connected, { stream: waiting, interval: HOUR, force: false });
      const stream = makeStream(name, { project: b });
      const { handle } = await startBackfill(bench.connected, { stream, range: hours(2) });
      await until('the other hour is made', async () =>
        (await manifestsOf(bench, stream, hours(2)))[1] === null ? undefined : true,
      );
      await inTheWay.terminate('makes way');
      assertCounts(await awaitBackfill(handle), { state: 'complete', done: 2 });
      assert.equal((await manifestsOf(bench, stream, hours(2)))[0]?.project, b);
    }));

  it('never answers a trigger with the file that a run of the other project has just stored', () =>
    withExportBench(async (bench) => {
      const [name, a, b] = [bench.unique('joined'), bench.unique('a'), bench.unique('b')];
      await fill(bench, a, hour(0));
      // Its run is under way while the other stream is triggered, and then ends well.
      const settleSeconds = Math.ceil((Date.now() - HOUR.endMs) / 1000) + 5;
      const left = makeStream(name, { project: a, settleSeconds });
      await startRun(bench.connected, { stream: left, interval: HOUR, force: false });
      await withSchedules(bench, [makeStream(name, { project: b })], async () => {
        const end = ['--end', toRfc3339(HOUR.endMs)];
        const triggered = await cli(bench, 'stream', 'trigger', name, ...end, '--json');
        assert.equal(triggered.code, 0, triggered.stderr);
        assert.match(triggered.stderr, /that run was one of another stream of this name/);
        const { manifest } = JSON.parse(triggered.stdout) as { manifest: Manifest };
        assert.deepEqual([manifest.project, manifest.rooms, manifest.generation], [b, 0, 2]);
      });
    }));

  it('leads to a new export when the manifest lacks any field', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('old'));
      const { manifest } = await bench.run(stream, HOUR);
      assert.ok(manifest !== null);
      let held: Manifest = manifest;
      // One of each kind: what cover asks, what the lineage asks, and what nobody asks.
      for (const field of [
        'project',
        'destination',
        'formula_versions',
        'generation',
        'write_id',
        'rooms',
      ] as const) {
        assert.ok(MANIFEST_FIELDS.includes(field));
        const found = { ...held };
        Reflect.deleteProperty(found, field);
        await bench.store.putObject({
          key: storedManifestKeyOf(stream, HOUR),
          body: Buffer.from(JSON.stringify(found)),
          contentType: 'application/json',
        });
        const audited = await awaitAudit(
          await startAudit(bench.connected, { stream, range: hours(1), repair: false }),
        );
        assert.deepEqual(
          audited.findings.map(({ kind }) => kind),
          ['missing-interval'],
          field,
        );
        const again = await bench.run(stream, HOUR);
        assert.equal(again.outcome, 'complete', field);
        held = again.manifest ?? assert.fail();
      }
    }));
});

async function fill(bench: ExportBench, projectId: string, interval = hours(2)): Promise<void> {
  await makeHistory(bench.connection, {
    rooms: ROOMS,
    seed: 3,
    projectId,
    fromMs: interval.startMs,
    toMs: interval.endMs,
  });
}

async function backfilled(bench: ExportBench, asked: BackfillToStart & { stream: StreamDefinition }) {
  return awaitBackfill((await startBackfill(bench.connected, asked)).handle);
}
