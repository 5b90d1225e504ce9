// Zombies: an attempt, a whole run, or the write of a manifest that was frozen while its successor finished
// with other bytes, and then wakes up. File and manifest have to be the successor's on every store, and no
// lower generation ever wins.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitResult } from '../../client/follow-workflow.ts';
import { startRun } from '../../client/streams.ts';
import type { RunHandle } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import { HOUR } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import type { FaultPoint } from './fault-points.ts';
import { withFaultWorld } from './fault-world.ts';
import type { FaultWorld, StoreKind } from './fault-world.ts';
import { verifyFile } from './verify-file.ts';
import type { PooledWorker } from './worker-pool.ts';

const PROJECT = 'zombies';
const STREAM = makeStream(PROJECT);

/** Of one batch, whose stages are made within workflow tasks. */
const SHORT = makeStream('short', { project: PROJECT, compression: 'gzip' });

/** Two parts of 10 MB and the end of the array. */
const ROOMS = 6_000;
const VARIABLES = { BATCH_MB_PLAIN: '10', BATCHES_AT_ONCE: '1' };

const STORES: readonly { kind: StoreKind; skip: string | false }[] = [
  { kind: 'seaweedfs', skip: false },
  {
    kind: 'minio',
    skip: process.env['ROOM_STREAMS_TEST_MINIO'] === '1' ? false : 'ROOM_STREAMS_TEST_MINIO is not 1',
  },
];

for (const { kind, skip } of STORES) {
  describe(`a zombie on ${kind}`, { skip }, () => {
    it('that is an attempt of a batch overwrites its part before the file is completed', () =>
      inWorld(kind, async (world) => {
        const { worker: zombie, run } = await freezeAt(world, 'after-query');
        await changeFirstRoom(world);
        const successor = await world.workers.add();
        const stopped = successor.arm({ point: 'before-complete', passes: 1, signal: 'SIGSTOP' });
        await stopped;
        const written = zombie.arm({ point: 'after-part', passes: 1, signal: 'SIGCONT' });
        zombie.signal('SIGCONT');
        await written;
        successor.signal('SIGCONT');
        await assertRight(world, await manifestOf(run));
      }));

    for (const point of ['before-complete', 'after-complete'] as const) {
      it(`that is a whole run wakes up ${point === 'before-complete' ? 'before' : 'after'} completing its file`, () =>
        inWorld(kind, async (world) => {
          const { worker: zombie, run } = await freezeAt(world, point);
          await run.terminate('by a person');
          const manifest = await succeed(world, zombie);
          await assertRight(world, manifest);
        }));
    }

    for (const point of ['before-complete', 'after-complete', 'before-manifest'] as const) {
      it(`that was frozen ${point.replace('-', ' ')} in a workflow task changes nothing after another worker has done that task`, () =>
        inWorld(kind, async (world) => {
          const { worker: zombie, run } = await freezeAt(world, point, SHORT);
          await world.workers.add();
          const manifest = await manifestOf(run);
          await wake(world, zombie);
          await assertRight(world, manifest);
        }));
    }

    it('that writes the first manifest finds another one and keeps it', () =>
      inWorld(kind, async (world) => {
        const { worker: zombie, run } = await freezeAt(world, 'before-manifest');
        await run.terminate('by a person');
        const manifest = await succeed(world, zombie);
        await assertRight(world, manifest);
      }));

    it('that writes the manifest of a lower generation does not replace the higher one', () =>
      inWorld(kind, async (world) => {
        const first = await manifestOf(await start(world));
        const { worker: zombie, run } = await freezeAt(world, 'before-manifest');
        await run.terminate('by a person');
        const manifest = await succeed(world, zombie);
        assert.ok(manifest.generation > first.generation);
        await assertRight(world, manifest);
      }));
  });
}

function inWorld(store: StoreKind, use: (world: FaultWorld) => Promise<void>): Promise<void> {
  return withFaultWorld({ store, workers: 1, variables: VARIABLES }, async (world) => {
    const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
    await makeHistory(world.connection, { rooms: ROOMS, seed: 5, projectId: PROJECT, ...span });
    await use(world);
  });
}

function start(world: FaultWorld, stream = STREAM): Promise<RunHandle> {
  return startRun(world.connected, { stream, interval: HOUR, force: true });
}

async function manifestOf(run: RunHandle): Promise<Manifest> {
  const { manifest } = await awaitResult(run);
  assert.ok(manifest !== null);
  return manifest;
}

async function freezeAt(
  world: FaultWorld,
  point: FaultPoint,
  stream = STREAM,
): Promise<{ worker: PooledWorker; run: RunHandle }> {
  const [worker] = world.workers.workers;
  assert.ok(worker !== undefined);
  const frozen = worker.arm({ point, passes: 1, signal: 'SIGSTOP' });
  const run = await start(world, stream);
  await frozen;
  // Its open polls would swallow tasks until each had timed out.
  world.proxies.temporal.cut();
  return { worker, run };
}

/**
 * Another worker makes the interval again, of a history that has changed; then the zombie wakes up and does
 * what it was at.
 */
async function succeed(world: FaultWorld, zombie: PooledWorker): Promise<Manifest> {
  await changeFirstRoom(world);
  await world.workers.add();
  const manifest = await manifestOf(await start(world));
  await wake(world, zombie);
  return manifest;
}

/** Lets a zombie do what it was at. */
async function wake(world: FaultWorld, zombie: PooledWorker): Promise<void> {
  zombie.signal('SIGCONT');
  // It takes work again once it has done with what it was at: a run that only it can make shows that.
  for (const worker of world.workers.workers) if (worker !== zombie) worker.signal('SIGSTOP');
  world.proxies.temporal.cut();
  const probe = await startRun(world.connected, { stream: makeStream('probe'), interval: HOUR, force: true });
  await until('the zombie works again', async () =>
    (await probe.describe()).status.name === 'COMPLETED' ? true : undefined,
  );
  for (const worker of world.workers.workers) worker.signal('SIGCONT');
}

async function changeFirstRoom({ connection }: FaultWorld): Promise<void> {
  await connection.command({
    query: `INSERT INTO rooms SELECT * REPLACE (version + 1 AS version, 'changed' AS room_id)
      FROM rooms FINAL WHERE project_id = {project:String} ORDER BY finalized_at, session_id LIMIT 1`,
    query_params: { project: PROJECT },
  });
}

async function assertRight(world: FaultWorld, manifest: Manifest): Promise<void> {
  const verdict = await verifyFile(world, { manifest, project: PROJECT, interval: HOUR });
  assert.deepEqual(verdict, { problems: [], lost: 0, doubled: 0, leftUploads: 0, isLate: false });
}
