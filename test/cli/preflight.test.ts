// The preflight as an operator runs it: a real worker on a real store and history, and ones with something
// wrong. What it tries leaves nothing behind: the bucket is listed before and after, unfinished uploads
// included.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { createSchedule, deleteSchedule } from '../../client/streams.ts';
import { startTestWorker, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { runCliHere } from '../run-cli-here.ts';
import { cli } from './stream-tools.ts';

const lineShape = z.object({ name: z.string(), outcome: z.string(), got: z.string(), allowed: z.string() });
const reportShape = z.object({
  destinations: z.array(z.object({ name: z.string(), bucket: z.string(), lines: z.array(lineShape) })),
  history: z.array(lineShape),
});

describe('preflight', () => {
  it("reports no problem with a working setup, checks the streams' prefixes, and leaves nothing behind", () =>
    withExportBench(async (bench) => {
      const prefix = `${bench.unique('rooms')}/`;
      const stream = makeStream(bench.unique('preflight'), { prefix });
      await createSchedule(bench.connected, stream);
      try {
        const before = await keysOf(bench);
        const ended = await cli(bench, 'preflight', 'local');
        assert.equal(ended.code, 0, ended.stdout + ended.stderr);
        assert.match(ended.stdout, /^destination local, bucket test-files\n {2}ok {6}bucket /);
        for (const what of [
          'begin upload',
          'upload part',
          'list uploads',
          'abort upload',
          'late part',
          'complete',
        ])
          for (const where of [prefix, '_manifests/'])
            assert.match(ended.stdout, new RegExp(`^ {2}ok +${where}: ${what} `, 'm'), what);
        for (const what of [
          'put',
          'get',
          'put with If-None-Match: \\*',
          'put with If-Match of another',
          'put with If-Match',
        ])
          assert.match(ended.stdout, new RegExp(`^ {2}ok +_manifests/: ${what} `, 'm'));
        assert.match(ended.stdout, /^ {2}ok +delete /m);
        assert.match(ended.stdout, /^history\n {2}ok +ClickHouse version /m);
        assert.deepEqual(await keysOf(bench), before);
      } finally {
        await deleteSchedule(bench.connected, stream.name);
      }
    }));

  it('prints the minimal policy, with the bucket and the prefixes filled in', () =>
    withExportBench(async (bench) => {
      const ended = await cli(bench, 'preflight', 'local', '--policy', '--prefix', 'rooms/');
      assert.equal(ended.code, 0, ended.stderr);
      const policy = z
        .object({ Statement: z.array(z.object({ Sid: z.string(), Resource: z.array(z.string()) })) })
        .parse(JSON.parse(ended.stdout));
      const [bucket, objects] = policy.Statement;
      assert.deepEqual(bucket?.Resource, ['arn:aws:s3:::test-files']);
      assert.ok(objects !== undefined);
      assert.ok(objects.Resource.includes('arn:aws:s3:::test-files/rooms/*'));
      assert.ok(objects.Resource.includes('arn:aws:s3:::test-files/_manifests/*'));
    }));

  it('reports the problems of each destination separately, also as JSON: exit code 1', () =>
    withBrokenWorker(
      (bench) => ({
        DESTINATIONS: 'local,missing,nowhere,stranger',
        ...destination(bench, 'MISSING', { BUCKET: 'no-such-bucket' }),
        ...destination(bench, 'NOWHERE', { ENDPOINT: 'http://127.0.0.1:9' }),
        ...destination(bench, 'STRANGER', { SECRET_ACCESS_KEY: 'a-wrong-secret' }),
        CLICKHOUSE_PASSWORD: 'a-wrong-password',
      }),
      async (bench) => {
        const ended = await cli(bench, 'preflight', '--json');
        assert.equal(ended.code, 1);
        assert.match(ended.stderr, /^4 checks failed$/m);
        const report = reportShape.parse(JSON.parse(ended.stdout));
        const failed = new Map(
          report.destinations.map(({ name, lines }) => [
            name,
            lines.filter(({ outcome }) => outcome === 'failed').map(({ got }) => got),
          ]),
        );
        assert.deepEqual(failed.get('local'), []);
        assert.match(failed.get('missing')?.[0] ?? '', /NoSuchBucket/);
        assert.match(failed.get('nowhere')?.[0] ?? '', /ECONNREFUSED/);
        assert.match(failed.get('stranger')?.[0] ?? '', /SignatureDoesNotMatch/);
        assert.deepEqual(
          report.history.map(({ outcome, got }) => [outcome, got]),
          [['failed', 'CLICKHOUSE_USER or CLICKHOUSE_PASSWORD is wrong']],
        );
        assert.doesNotMatch(ended.stdout + ended.stderr, /a-wrong-/);
      },
    ));

  it('names the existing destinations when one is unknown: exit code 3', () =>
    withExportBench(async (bench) => {
      const ended = await cli(bench, 'preflight', 'moon');
      assert.equal(ended.stderr, 'destination: got "moon", allowed: local (DESTINATIONS of the worker)\n');
      assert.equal(ended.code, 3);
    }));

  it('reports that no worker answers: exit code 4', () =>
    withExportBench(
      async (bench) => {
        const ended = await cli(bench, 'preflight');
        assert.match(ended.stderr, /^no worker answered on task queue "bench_\w+" within 10 s; start one/);
        assert.equal(ended.code, 4);
      },
      { startsWorker: false },
    ));

  for (const [args, sentence] of [
    [['--prefix', '/rooms'], /--prefix.*got "\/rooms", allowed: what keys begin with/],
    [['--prefix'], /--prefix.*argument missing/],
    [['--polciy'], /unknown option '--polciy'\n\(Did you mean --policy\?\)/],
  ] as const)
    it(`answers ${args.join(' ')} with what is allowed: exit code 2`, async () => {
      const ended = await runCliHere(['preflight', ...args]);
      assert.match(ended.stderr, sentence);
      assert.equal(ended.code, 2);
    });
});

async function keysOf(bench: ExportBench): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of bench.store.listKeys({ prefix: '' }))
    if (key.includes('preflight')) keys.push(key);
  return keys;
}

function withBrokenWorker(
  broken: (bench: ExportBench) => Readonly<Record<string, string>>,
  use: (bench: ExportBench) => Promise<void>,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      const worker = await startTestWorker(bench.configured(broken(bench)));
      try {
        await use(bench);
      } finally {
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}

/** The variables of one more destination on the stack's store, some of them changed. */
function destination(
  { stack: { store } }: ExportBench,
  name: string,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const values = {
    ENDPOINT: store.endpoint,
    BUCKET: store.bucket,
    ACCESS_KEY_ID: store.accessKeyId,
    SECRET_ACCESS_KEY: store.secretAccessKey,
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`DESTINATION_${name}_${key}`, value]),
  );
}
