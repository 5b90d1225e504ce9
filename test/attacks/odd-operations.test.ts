// What operators do while a run is under way, and workers that do not agree with each other: a stream
// deleted, a clock set back, other destinations, another user's settings. A file is complete and equal, or
// the run fails with a clear sentence.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { innermostMessage } from '../../activities/runtime/innermost-message.ts';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import type { ExportBench } from '../export-bench.ts';
import { until } from '../../local/until.ts';
import { cli } from '../cli/stream-tools.ts';
import { makeAttackedHistory, PROJECT } from './attacked-history.ts';
import { withProfileServer } from './profile-server.ts';

const ROOMS = 300;
const DAY_MS = 86_400_000;

describe('a run', () => {
  it('of a stream that is deleted meanwhile completes its file', () => {
    const gate = makeGate();
    return withExportBench(
      async (bench) => {
        const stream = await makeRooms(bench, 'deleted');
        await createSchedule(bench.connected, stream);
        const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
        await gate.reached;
        await deleteSchedule(bench.connected, stream.name);
        gate.open();
        const { outcome, manifest } = await handle.result();
        assert.equal(outcome, 'complete');
        const again = await bench.run({ ...stream, name: bench.unique('again') }, HOUR);
        assert.deepEqual(await bench.readFile(manifest), await bench.readFile(again.manifest));
      },
      { wrapTools: gate.wrap },
    );
  });

  it('of a worker whose clock is set back in the middle completes its file, which can be verified', () => {
    let backMs = 0;
    const gate = makeGate();
    const wrapTools = (tools: StageTools) => gate.wrap({ ...tools, nowMs: () => tools.nowMs() - backMs });
    return withExportBench(
      async (bench) => {
        const stream = await makeRooms(bench, 'set-back');
        const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
        await gate.reached;
        backMs = DAY_MS;
        gate.open();
        const { outcome, manifest } = await handle.result();
        assert.equal(outcome, 'complete');
        assert.equal((await bench.readFile(manifest)).length, manifest?.raw_size_bytes);
        const key = manifest?.key ?? '';
        const verified = await cli(bench, 'verify', key, '--destination', 'local', '--deep');
        assert.equal(verified.code, 0, verified.stderr);
        assert.ok(Date.parse(manifest?.completed_at ?? '') >= Date.parse(manifest?.started_at ?? ''));
      },
      { wrapTools },
    );
  });

  it('that reaches a worker without its destination waits for one that has it', () =>
    withExportBench(
      async (bench) => {
        const without = await startTestWorker(bench.config);
        const stream = await makeRooms(bench, 'lake', { destination: 'lake' });
        const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
        await until('an attempt has failed', async () => {
          const { raw } = await handle.describe();
          return raw.pendingActivities?.find(({ lastFailure }) => lastFailure != null);
        }).finally(() => without.stop());
        const knowing = await startTestWorker(bench.configured(destinationsOf(bench, 'local,lake')));
        try {
          const { outcome, manifest } = await handle.result();
          assert.equal(outcome, 'complete');
          assert.equal(manifest?.rooms, ROOMS);
        } finally {
          await knowing.stop();
        }
      },
      { startsWorker: false },
    ));

  it('whose destination no worker knows fails with what they know, once it gives up', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('moon'), { destination: 'moon', giveUpSeconds: 5 });
      const message = await failureOf(bench.run(stream, HOUR));
      assert.match(message, /^destination: got "moon", allowed: local \(DESTINATIONS of the worker\)/);
    }));
});

describe('a run by a user with a profile', () => {
  const profiles = [
    { limit: '7', final: '1', max_block_size: '11' },
    { additional_table_filters: "{'rooms': 'version > 100'}", dialect: 'kusto' },
    { max_rows_to_read: '3' },
  ];

  it('makes the same file, or fails with a sentence that names the setting', () =>
    withProfileServer(
      profiles.map((settings) => ({ settings })),
      async ({ connection, plain, connectionOf }) => {
        await makeAttackedHistory(connection, ROOMS);
        const runAs = (user: typeof plain) =>
          withExportBench(
            async (bench) => {
              const worker = await startTestWorker(
                bench.configured({
                  CLICKHOUSE_URL: user.url,
                  CLICKHOUSE_DATABASE: user.database,
                  CLICKHOUSE_USER: user.user,
                  CLICKHOUSE_PASSWORD: user.password,
                }),
              );
              try {
                const settings = { project: PROJECT, giveUpSeconds: 10, fields: 'extended' } as const;
                const { manifest } = await bench.run(makeStream(bench.unique('profile'), settings), HOUR);
                return (await bench.readFile(manifest)).toString();
              } finally {
                await worker.stop();
              }
            },
            { startsWorker: false },
          );
        const expected = await runAs(plain);
        assert.ok((await runAs(connectionOf(0))) === expected);
        assert.ok((await runAs(connectionOf(1))) === expected);
        assert.match(await failureOf(runAs(connectionOf(2))), /max_rows_to_read = 3/);
      },
    ));
});

async function makeRooms(
  bench: ExportBench,
  stem: string,
  changes: Parameters<typeof makeStream>[1] = {},
): Promise<ReturnType<typeof makeStream>> {
  const project = bench.unique('project');
  const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
  await makeHistory(bench.connection, { rooms: ROOMS, seed: 3, projectId: project, ...span });
  return makeStream(bench.unique(stem), { project, ...changes });
}

/** Holds every batch until it is opened. */
function makeGate(): { wrap: (tools: StageTools) => StageTools; reached: Promise<void>; open: () => void } {
  const reached = makeSignal();
  const opened = makeSignal();
  return {
    reached: reached.given,
    open: opened.give,
    wrap: (tools) => ({
      ...tools,
      writers: {
        write: async (task, signal) => {
          reached.give();
          await opened.given;
          return tools.writers.write(task, signal);
        },
        close: () => tools.writers.close(),
      },
    }),
  };
}

function makeSignal(): { given: Promise<void>; give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

function destinationsOf({ stack: { store } }: ExportBench, names: string): Record<string, string> {
  return {
    DESTINATIONS: names,
    DESTINATION_LAKE_ENDPOINT: store.endpoint,
    DESTINATION_LAKE_BUCKET: store.bucket,
    DESTINATION_LAKE_ACCESS_KEY_ID: store.accessKeyId,
    DESTINATION_LAKE_SECRET_ACCESS_KEY: store.secretAccessKey,
  };
}

async function failureOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    return cause instanceof Error ? innermostMessage(cause) : String(cause);
  }
  throw new Error('the run has not failed');
}
