// What people get for bad input at the command line and in a run: one clear sentence, the exit code that
// scripts rely on, nothing half-made.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listStreamNames, readStream } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { RANGES_MAX } from '../../workflows/model/plan.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { fileKeyOf } from '../../local/file-keys.ts';
import { runProgram } from '../../local/run-program.ts';
import { cli, createArgs } from './stream-tools.ts';

const CLI = 'bin/room-streams.mjs';

/** Nothing listens on the port of the discard service. */
const NOWHERE = '127.0.0.1:9';

describe('the command line', () => {
  it('reports that a stream does not exist: exit code 3', () =>
    withExportBench(
      async (bench) => {
        const range = ['--from', '2026-11-23T00:00Z', '--to', '2026-11-24T00:00Z'];
        for (const command of [
          ['stream', 'describe', 'nobody'],
          ['stream', 'update', 'nobody', '--every', '1h'],
          ['stream', 'pause', 'nobody'],
          ['stream', 'resume', 'nobody'],
          ['stream', 'trigger', 'nobody'],
          ['stream', 'delete', 'nobody'],
          ['run', 'show', 'nobody'],
          ['run', 'retry', 'nobody', '2026-11-23T10:00Z'],
          ['status', 'nobody'],
          ['backfill', 'nobody', ...range],
          ['audit', 'nobody', ...range],
          ['audit', 'schedule', 'nobody', '--at', '03:00'],
          ['verify', '--stream', 'nobody', '--end', '2026-11-23T10:00Z'],
        ]) {
          const ended = await cli(bench, ...command);
          assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
          assert.match(
            ended.stderr,
            /^stream: got "nobody", which does not exist; allowed: one of room-streams stream list/,
          );
          assert.equal(ended.code, 3, command.join(' '));
        }
      },
      { startsWorker: false },
    ));

  it('reports that no Temporal answers: exit code 4', async () => {
    const ended = await runProgram(CLI, ['stream', 'list'], { TEMPORAL_ADDRESS: NOWHERE });
    assert.match(
      ended.stderr,
      /^Temporal does not answer at 127\.0\.0\.1:9 \(TEMPORAL_ADDRESS\); is it running\?\n$/,
    );
    assert.equal(ended.code, 4);
  });

  it('reports that no ClickHouse answers: exit code 4', async () => {
    const range = ['--project', 'p', '--from', '2026-11-23T10:00Z', '--to', '2026-11-23T11:00Z'];
    for (const command of [['migrate'], ['migrate', '--no-temporal'], ['analyse', ...range]]) {
      const ended = await runProgram(CLI, command, { CLICKHOUSE_URL: `http://${NOWHERE}` });
      assert.equal(ended.stderr, `no ClickHouse answers at http://${NOWHERE} (ECONNREFUSED)\n`);
      assert.equal(ended.code, 4);
    }
  });

  it('reports that ClickHouse refuses the administrator: exit code 2', () =>
    withExportBench(
      async (bench) => {
        const variables = { ...bench.environment, CLICKHOUSE_ADMIN_PASSWORD: 'a-wrong-password' };
        const ended = await runProgram(CLI, ['migrate'], variables);
        assert.match(
          ended.stderr,
          /^ClickHouse at \S+ refuses user \w+: the name or the password is wrong\n$/,
        );
        assert.equal(ended.code, 2);
      },
      { startsWorker: false },
    ));

  it('reports that no worker answers, and creates nothing: exit code 4', () =>
    withExportBench(
      async (bench) => {
        const name = bench.unique('lonely');
        const ended = await cli(bench, ...createArgs(name));
        assert.match(
          ended.stderr,
          /^no worker answered on task queue "bench_\w+" within 10 s; start one, then try again\n$/,
        );
        assert.equal(ended.code, 4);
        assert.ok(!(await listStreamNames(bench.connected)).includes(name));
      },
      { startsWorker: false },
    ));

  it('reports every problem of a stream at once, and creates nothing: exit code 2', () =>
    withExportBench(
      async (bench) => {
        const args = createArgs('Bad_Name', ['--every', '59s', '--key-template', '{prefix}{when}.{ext}']);
        const ended = await cli(bench, ...args);
        assert.equal(ended.code, 2);
        assert.match(ended.stderr, /name: got "Bad_Name", allowed: \[a-z\]\[a-z0-9-\]\{0,62\}/);
        assert.match(ended.stderr, /every: got 59 s, allowed: whole seconds from 60 to 604800/);
        assert.match(ended.stderr, /key-template: got .* unknown placeholder \{when\}/);
        assert.match(ended.stderr, /key-template: got .* two intervals of 59 s could get the same key/);
      },
      { startsWorker: false },
    ));

  it('reports what is wrong with a change of a stream, and changes nothing: exit code 2', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('changed');
      assert.equal((await cli(bench, ...createArgs(name))).code, 0);
      for (const [option, value, says] of [
        ['--project', '', /project: got "", allowed: the id of a project/],
        ['--destination', 'moon', /destination: got "moon", allowed: local/],
        ['--prefix', '/x', /prefix: got "\/x", allowed: what keys begin with/],
        ['--key-template', '{when}', /unknown placeholder \{when\}/],
        ['--every', '59s', /every: got 59 s, allowed: whole seconds from 60 to 604800/],
        ['--offset', '2h', /offset: got 7200 s, allowed: whole seconds from 0 to 3599/],
        ['--jitter', '2h', /jitter: got 7200 s, allowed: whole seconds from 0 to 3600/],
        ['--until', '2020-01-01T00:00:00Z', /until: got 2020-01-01T00:00:00Z, allowed: /],
        ['--at', '2020-01-01T00:00:00Z', /^(at|update): got /],
      ] as const) {
        const ended = await cli(bench, 'stream', 'update', name, option, value);
        assert.match(ended.stderr, says);
        assert.equal(ended.code, 2, ended.stderr);
      }
      assert.equal((await readStream(bench.connected, name)).stream.revisions.length, 1);
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
    }));

  it('names the destinations that the worker knows when one is unknown', () =>
    withExportBench(async (bench) => {
      const ended = await cli(bench, ...createArgs(bench.unique('nowhere'), ['--destination', 'moon']));
      assert.match(ended.stderr, /destination: got "moon", allowed: local \(DESTINATIONS of the worker\)/);
      assert.equal(ended.code, 2);
    }));

  it('reports that the bucket of a destination is missing', () =>
    withBrokenWorker({ DESTINATION_LOCAL_BUCKET: 'no-such-bucket' }, async (bench) => {
      const ended = await cli(bench, ...createArgs(bench.unique('no-bucket')));
      assert.match(ended.stderr, /destination: got "local", whose bucket cannot be used: .*NoSuchBucket/);
      assert.equal(ended.code, 2);
      await assert.rejects(bench.run(makeStream(bench.unique('missing')), HOUR), deepMessage(/NoSuchBucket/));
    }));

  it("reports a run that failed at once because ClickHouse's password is wrong, and does not show the password", () =>
    withBrokenWorker({ CLICKHOUSE_PASSWORD: 'a-wrong-password' }, async (bench) => {
      const failing = bench.run(makeStream(bench.unique('password')), HOUR);
      await assert.rejects(failing, (error: unknown) => {
        assert.match(messagesOf(error), /CLICKHOUSE_USER or CLICKHOUSE_PASSWORD is wrong/);
        assert.doesNotMatch(messagesOf(error), /a-wrong-password/);
        return true;
      });
    }));

  it('reports a plan with too many batches for one run, says what to change, and begins no upload', () =>
    withExportBench(
      async (bench) => {
        const stream = makeStream(bench.unique('too-many'));
        const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
        await makeHistory(bench.connection, {
          rooms: RANGES_MAX + 500,
          seed: 7,
          projectId: stream.name,
          ...span,
        });
        await assert.rejects(
          bench.run(stream, HOUR),
          deepMessage(/got \d+ batches, allowed: 3000; shorten the stream's interval, compress it, or raise/),
        );
        assert.deepEqual(await bench.store.listUploads({ key: fileKeyOf(stream, HOUR) }), []);
      },
      { batches: { rangeBytesPlain: 100 } },
    ));

  it('refuses times without a zone and invalid intervals, and names the nearest valid interval', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('borders');
      assert.equal((await cli(bench, ...createArgs(name))).code, 0);
      const zoneless = await cli(bench, 'stream', 'trigger', name, '--end', '2026-11-23T10:00:00');
      assert.match(zoneless.stderr, /allowed: a time with its zone/);
      assert.equal(zoneless.code, 2);
      const off = await cli(bench, 'stream', 'trigger', name, '--end', '2026-11-23T10:30:00Z');
      assert.match(off.stderr, /the nearest are 2026-11-23T10:00:00Z and 2026-11-23T11:00:00Z/);
      assert.equal(off.code, 2);
      const future = await cli(bench, 'stream', 'trigger', name, '--end', '2999-01-01T00:00:00Z');
      assert.match(future.stderr, /allowed: an interval that is over/);
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
    }));

  it('answers an unknown command or option with the nearest existing one: exit code 2', async () => {
    const unknown = await runProgram(CLI, ['straem', 'list']);
    assert.match(unknown.stderr, /unknown command 'straem'[\s\S]*Did you mean stream\?/);
    assert.equal(unknown.code, 2);
    const option = await runProgram(CLI, ['stream', 'list', '--jsno']);
    assert.match(option.stderr, /unknown option '--jsno'[\s\S]*Did you mean --json\?/);
    assert.equal(option.code, 2);
  });
});

/** A bench whose worker was configured with something wrong. */
function withBrokenWorker(
  broken: Readonly<Record<string, string>>,
  use: (bench: ExportBench) => Promise<void>,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      const worker = await startTestWorker(bench.configured(broken));
      try {
        await use(bench);
      } finally {
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}

function deepMessage(pattern: RegExp): (error: unknown) => true {
  return (error) => {
    assert.match(messagesOf(error), pattern);
    return true;
  };
}

function messagesOf(error: unknown): string {
  const messages: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) messages.push(at.message);
  return messages.join('\n');
}
