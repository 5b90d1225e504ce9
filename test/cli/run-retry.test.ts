// A failed run goes on: at the stage that failed, with what was done before it kept, or as a new run where
// that cannot be. What is complete or under way is left alone, and where Temporal has forgotten a run, the
// store is asked.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { StoreError } from '../../store/store-errors.ts';
import { awaitResult } from '../../client/follow-workflow.ts';
import { retryRun } from '../../client/retry-run.ts';
import { stagesOf } from '../../client/run-history.ts';
import { showRun } from '../../client/show-run.ts';
import { startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, startTestWorker, withSchedules, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import { cli } from './stream-tools.ts';

const END = '2026-11-23T11:00:00Z';

describe('run retry', () => {
  it('resets a failed run to the stage that failed, without repeating the work before it', () =>
    withFailing('completeUpload', async (bench, store) => {
      const stream = makeStream(bench.unique('reset'));
      await makeHistory(bench.connection, {
        rooms: 20,
        seed: 1,
        projectId: stream.name,
        fromMs: HOUR.startMs,
        toMs: HOUR.endMs,
      });
      await withSchedules(bench, [stream], async () => {
        await assert.rejects(bench.run(stream, HOUR));
        const shown = await cli(bench, 'run', 'show', stream.name, END);
        assert.match(shown.stdout, /^run export:reset-\w+-2026-11-23T11:00:00Z {2}FAILED\n/);
        assert.match(shown.stdout, /^ {2}planInterval +done +[\d.]+ s +1 attempt$/m);
        assert.match(shown.stdout, /^ {2}completeFile +failed +[\d.]+ s +1 attempt +.*AccessDenied/m);
        assert.match(shown.stdout, /^ {2}failed: .*AccessDenied/m);
        const retry = `room-streams run retry ${stream.name} ${END}`;
        assert.ok(shown.stdout.includes(`\n  Once that is fixed: ${retry}\n`), shown.stdout);
        assert.match(shown.stdout, /^ {2}http:\/\/127\.0\.0\.1:\d+\/namespaces\/\S+\/history$/m);

        store.isMended = true;
        const begun = store.calls('beginUpload');
        const ended = await cli(bench, ...retry.split(' ').slice(1));
        assert.equal(ended.code, 0, ended.stderr);
        assert.match(ended.stderr, /^run export:\S+ goes on with completeFile, which failed\n/);
        assert.match(ended.stdout, /^complete: 2026-11-23T10:00:00Z\.\.2026-11-23T11:00:00Z\n/);
        assert.match(ended.stdout, /\n {2}rooms +20 /);
        // The failed run gave its upload up, so that one is begun again; the reset run counted its rooms once
        // before and once for that.
        assert.equal(store.calls('beginUpload'), begun + 1);
        const handle = bench.connected.client.workflow.getHandle(runIdOf(stream.name, HOUR));
        const [first] = stagesOf(await handle.fetchHistory());
        assert.equal(first?.name, 'planInterval');
        assert.ok(
          Date.parse(first.startedAt) < (await handle.describe()).startTime.getTime(),
          'the plan is kept from before the reset',
        );

        const again = await cli(bench, 'run', 'retry', stream.name, END, '--json');
        assert.equal(again.code, 0);
        assert.deepEqual(
          { ...(JSON.parse(again.stdout) as object), runId: '' },
          { action: 'left-alone', state: 'complete', workflowId: runIdOf(stream.name, HOUR), runId: '' },
        );
      });
    }));

  it('exports the interval again when the run was terminated, and does not touch a run in progress', () =>
    withExportBench(
      async (bench) => {
        const stream = makeStream(bench.unique('terminated'));
        const { connected } = bench;
        const handle = await startRun(connected, { stream, interval: HOUR, force: false });
        const alone = await retryRun(connected, { stream, interval: HOUR });
        assert.deepEqual(alone, {
          action: 'left-alone',
          state: 'running',
          workflowId: handle.workflowId,
          runId: handle.firstExecutionRunId,
        });
        await handle.terminate('by a person');
        const worker = await startTestWorker(bench.config);
        try {
          const outcome = await retryRun(connected, { stream, interval: HOUR });
          assert.equal(outcome.action, 'made-again');
          assert.equal(outcome.reason, 'the run was terminated');
          assert.notEqual(outcome.runId, handle.firstExecutionRunId);
          assert.equal((await awaitResult(outcome.handle)).outcome, 'complete');
        } finally {
          await worker.stop();
        }
      },
      { startsWorker: false },
    ));

  it('exports the interval again under the current settings when the old settings made the run fail', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('moved'), { destination: 'moon' });
      await assert.rejects(bench.run(stream, HOUR));
      const unchanged = await retryRun(bench.connected, { stream, interval: HOUR });
      assert.equal(unchanged.action, 'reset');
      await assert.rejects(awaitResult(unchanged.handle));
      const mended = makeStream(stream.name);
      const outcome = await retryRun(bench.connected, { stream: mended, interval: HOUR });
      assert.equal(outcome.action, 'made-again');
      assert.match(outcome.reason, /settings of the stream have changed/);
      assert.equal((await awaitResult(outcome.handle)).outcome, 'complete');
    }));

  it('asks the store when Temporal has forgotten the run', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('forgotten'));
      const { manifest } = await bench.run(stream, HOUR);
      await forget(bench, stream);
      await withSchedules(bench, [stream], async () => {
        const shown = await cli(bench, 'run', 'show', stream.name, END);
        assert.equal(shown.code, 0, shown.stderr);
        assert.match(shown.stdout, /^run export:forgotten-\S+ {2}FORGOTTEN\n/);
        assert.match(
          shown.stdout,
          /says the manifest; Temporal has forgotten the run\n {2}file +test-files\//,
        );
        const plain = await showRun(bench.connected, { stream, interval: HOUR });
        assert.deepEqual(plain.manifest, manifest);
        const retried = await retryRun(bench.connected, { stream, interval: HOUR });
        assert.deepEqual(retried, {
          action: 'left-alone',
          state: 'complete',
          workflowId: runIdOf(stream.name, HOUR),
          runId: manifest?.run_id,
        });

        const never = await cli(bench, 'run', 'show', stream.name, '2026-11-23T12:00:00Z');
        assert.equal(never.code, 3);
        assert.match(
          never.stderr,
          /which Temporal does not know, and the store has no manifest of the interval/,
        );
        const made = await cli(
          bench,
          'run',
          'retry',
          stream.name,
          '2026-11-23T12:00:00Z',
          '--detach',
          '--json',
        );
        assert.equal(made.code, 0, made.stderr);
        const { action, reason } = JSON.parse(made.stdout) as Record<string, unknown>;
        assert.deepEqual([action, reason], ['made-again', 'Temporal knows no run of it']);
      });
    }));
});

type FailingStore = { isMended: boolean; calls(method: string): number };

/**
 * A bench whose store refuses one kind of request for good, as without the right to it, until it is mended.
 */
function withFailing(
  method: keyof ObjectStore,
  use: (bench: ExportBench, store: FailingStore) => Promise<void>,
): Promise<void> {
  const counts = new Map<string, number>();
  const failing: FailingStore = { isMended: false, calls: (name) => counts.get(name) ?? 0 };
  const refuse = (store: ObjectStore): ObjectStore =>
    new Proxy(store, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name);
        if (typeof found !== 'function') return found;
        return (...args: unknown[]): unknown => {
          counts.set(String(name), (counts.get(String(name)) ?? 0) + 1);
          if (name === method && !failing.isMended) return Promise.reject(denied(method));
          return Reflect.apply(found, target, args);
        };
      },
    });
  const wrapTools = (tools: StageTools): StageTools => ({
    ...tools,
    destinations: new Map(
      [...tools.destinations].map(([name, opened]) => [name, { ...opened, store: refuse(opened.store) }]),
    ),
  });
  return withExportBench((bench) => use(bench, failing), { wrapTools });
}

function denied(operation: string): StoreError {
  const facts = { operation, code: 'AccessDenied', status: 403, key: undefined };
  return new StoreError(facts, 'Access Denied.');
}

/** As Temporal's retention does. */
async function forget(bench: ExportBench, stream: StreamDefinition): Promise<void> {
  const { connection, client, config } = bench.connected;
  const workflowId = runIdOf(stream.name, HOUR);
  await connection.workflowService.deleteWorkflowExecution({
    namespace: config.namespace,
    workflowExecution: { workflowId },
  });
  await until('the run is forgotten', async () => {
    const found = await client.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => 'gone');
    return found === 'gone' ? found : undefined;
  });
}
