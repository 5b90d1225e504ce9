// Inputs that a person edited by hand, as the Web UI lets anybody do: the run says so and ends, the commands
// say so in one sentence, and nothing is stored. Real servers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { createSchedule, deleteSchedule } from '../../client/streams.ts';
import { INPUTS } from '../../workflows/inputs.ts';
import { runBaseIdOf, runIdOf, scheduleIdOf } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import { cli } from './stream-tools.ts';
describe('a schedule that was edited by hand', () => {
  it('makes its run fail at once, for each kind of edit, and stores nothing', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('edited'));
      for (const [args, says] of [
        [[], /input: got nothing, allowed: an object with stream, interval/],
        [[null], /input: got null, allowed: an object/],
        [
          [{ stream: edit(stream, { everySeconds: '3600' }) }],
          /everySeconds: got "3600", allowed: whole seconds from 60 to 604800/,
        ],
        [[{ stream: edit(stream, { everySeconds: 0 }) }], /everySeconds: got 0, allowed: /],
        [[{ stream: edit(stream, { prefix: '../x/' }) }], /prefix: got "\.\.\/x\/", allowed: /],
        [
          [{ stream: { ...stream, fromMs: '2026-02-30T00:00:00Z' } }],
          /stream\.fromMs: got "2026-02-30T00:00:00Z", allowed: a time/,
        ],
        [[{ stream, interval: { startMs: '1', endMs: 2 } }], /interval\.startMs: got "1", allowed: a time/],
      ] as [args: unknown[], says: RegExp][]) {
        const failure = await failureOf(bench, 'exportInterval', runIdOf(stream.name, HOUR), args);
        assert.match(failure.message, says);
        assert.equal(failure.type, 'InvalidRequest');
      }
      for (const prefix of [stream.name, `_manifests/${stream.name}`])
        for await (const { key } of bench.store.listKeys({ prefix })) assert.fail(key);
    }));
  it('leaves no workflow running that was started without arguments', () =>
    withExportBench(async (bench) => {
      for (const workflow of Object.keys(INPUTS)) {
        const failure = await failureOf(bench, workflow, bench.unique(workflow), []);
        assert.match(
          failure.message,
          new RegExp(`^the input of ${workflow} cannot be used: input: got nothing, allowed: `),
        );
      }
    }));
  it('is reported in one sentence by describe, list and status, beside the readable streams', () =>
    withExportBench(async (bench) => {
      const [good, bad] = [makeStream(bench.unique('good')), makeStream(bench.unique('bad'))];
      for (const stream of [good, bad]) await createSchedule(bench.connected, stream);
      try {
        await editSchedule(bench, bad, [{ stream: edit(bad, { everySeconds: '3600' }) }]);
        const sentence = `stream "${bad.name}": its schedule cannot be read: input.stream.revisions[0].settings.everySeconds: got "3600", allowed: whole seconds from 60 to 604800; correct the input of its action in the Web UI, or room-streams stream delete ${bad.name} and create it again`;
        const described = await cli(bench, 'stream', 'describe', bad.name);
        assert.deepEqual(
          [described.stderr, described.code],
          [
            `${sentence}
`,
            1,
          ],
        );
        for (const command of [
          ['stream', 'update', bad.name, '--every', '2h'],
          ['stream', 'pause', bad.name],
          ['stream', 'resume', bad.name],
          ['stream', 'trigger', bad.name],
          ['run', 'show', bad.name],
          ['verify', '--stream', bad.name],
        ])
          assert.deepEqual(
            [(await cli(bench, ...command)).stderr, 1],
            [
              `${sentence}
`,
              1,
            ],
            command.join(' '),
          );
        const listed = await until('both are listed', async () => {
          const ended = await cli(bench, 'stream', 'list');
          return ended.stdout.includes(good.name) && ended.stdout.includes(bad.name) ? ended : undefined;
        });
        assert.equal(listed.code, 0);
        assert.match(listed.stdout, new RegExp(`^${bad.name} .* unreadable `, 'm'));
        assert.match(listed.stdout, new RegExp(`^${good.name} .* active `, 'm'));
        assert.ok(listed.stderr.includes(sentence), listed.stderr);
        const asJson = JSON.parse((await cli(bench, 'stream', 'list', '--json')).stdout) as {
          name?: string;
          problem?: string;
        }[];
        assert.ok(asJson.some(({ name, problem }) => name === bad.name && problem === sentence));
        for (const names of [[], [good.name, bad.name], [bad.name]]) {
          const status = await cli(bench, 'status', ...names);
          assert.equal(status.code, 0, status.stderr);
          assert.match(
            status.stdout,
            new RegExp(`^${bad.name} +unreadable +.*everySeconds: got "3600", allowed: `, 'm'),
          );
          assert.equal(new RegExp(`^${good.name} `, 'm').test(status.stdout), !(names.length === 1));
        }
        assert.equal((await cli(bench, 'stream', 'delete', bad.name)).code, 0);
        await createSchedule(bench.connected, bad);
        assert.equal((await cli(bench, 'stream', 'describe', bad.name)).code, 0);
      } finally {
        for (const { name } of [good, bad])
          await deleteSchedule(bench.connected, name).catch(() => undefined);
      }
    }));
});
/** Of another type, as a person can write it. */
function edit(stream: StreamDefinition, changes: Readonly<Record<string, unknown>>): unknown {
  const [first] = stream.revisions;
  return { ...stream, revisions: [{ fromMs: 0, settings: { ...first?.settings, ...changes } }] };
}
async function editSchedule(
  bench: ExportBench,
  { name }: StreamDefinition,
  args: readonly unknown[],
): Promise<void> {
  const handle = bench.connected.client.schedule.getHandle(scheduleIdOf(name));
  await handle.update(({ action, ...others }) => ({
    ...others,
    action: {
      type: 'startWorkflow',
      workflowType: 'exportInterval',
      workflowId: runBaseIdOf(name),
      taskQueue: action.taskQueue,
      args: [...args],
    },
  }));
}
async function failureOf(
  bench: ExportBench,
  workflow: string,
  workflowId: string,
  args: readonly unknown[],
): Promise<ApplicationFailure> {
  const { client, config } = bench.connected;
  const handle = await client.workflow.start(workflow, {
    workflowId,
    taskQueue: config.taskQueue,
    args: [...args],
    workflowExecutionTimeout: '30 seconds',
  });
  try {
    await handle.result();
  } catch (error) {
    assert.ok(
      error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure,
      String(error),
    );
    return error.cause;
  }
  return assert.fail(`${workflow} ended well`);
}
