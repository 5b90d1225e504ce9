// How little a crash costs: a worker killed at nine tenths of a file of forty batches, and the batches
// exported again are at most those that were under way. Counted from Temporal's own record of the run, and
// printed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitResult } from '../../client/follow-workflow.ts';
import { startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { countBatches } from './count-batches.ts';
import { withFaultWorld } from './fault-world.ts';
import { verifyFile } from './verify-file.ts';

const PROJECT = 'forty';
const AT_ONCE = 2;

/** About 300 rooms make a raw megabyte. */
const ROOMS = 12_900;
const BATCHES_MIN = 40;

describe('a worker killed after nine tenths of a file', () => {
  it('costs at most the batches in progress', async () => {
    const variables = { BATCH_MB_GZIP: '1', BATCHES_AT_ONCE: `${AT_ONCE}` };
    await withFaultWorld({ store: 'seaweedfs', workers: 1, variables }, async (world) => {
      const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
      await makeHistory(world.connection, { rooms: ROOMS, seed: 5, projectId: PROJECT, ...span });
      const [worker] = world.workers.workers;
      assert.ok(worker !== undefined);
      const killed = worker.arm({ point: 'after-query', passes: BATCHES_MIN * 0.9, signal: 'SIGKILL' });
      const stream = makeStream(PROJECT, { compression: 'gzip' });
      const run = await startRun(world.connected, { stream, interval: HOUR, force: false });
      const ended = run.result().then(() => {
        throw new Error('the run ended before the kill: it has too few batches');
      });
      await Promise.race([killed, ended]);
      const { manifest } = await awaitResult(run);
      assert.ok(manifest !== null);
      const { completed, attempts } = await countBatches(run);
      console.log(
        `${completed} batches, killed at batch ${BATCHES_MIN * 0.9}, ${attempts - completed} run again, ${AT_ONCE} at once`,
      );
      assert.ok(completed >= BATCHES_MIN, `${completed} batches`);
      assert.ok(attempts > completed, 'nothing was run again: the kill came too late');
      assert.ok(attempts - completed <= AT_ONCE, `${attempts - completed} batches were run again`);
      const verdict = await verifyFile(world, { manifest, project: PROJECT, interval: HOUR });
      assert.deepEqual(verdict.problems, []);
    });
  });
});
