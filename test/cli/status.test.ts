// `room-streams status` over real schedules and a real store: what it shows comes from the store, so that it
// holds where Temporal has forgotten the runs; a store that is down is a row that says so, and no other row
// is the worse for it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { MANIFEST_BYTES_MAX } from '../../activities/manifests/manifest-record.ts';
import { runCli } from '../../client/cli.ts';
import { readStatus } from '../../client/stream-status.ts';
import { latestKeyOf } from '../../workflows/model/manifest.ts';
import { scheduleIdOf, lastIntervalEndedBy } from '../../workflows/model/interval.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, startTestWorker, withSchedules, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { startProgram } from '../../local/run-program.ts';
import { until, untilSent } from '../../local/until.ts';
import { cli } from './stream-tools.ts';

const CLI = 'bin/room-streams.mjs';
const rowsShape = z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])));

describe('status', () => {
  it('shows what is stored for each stream and which intervals are missing since', () =>
    withExportBench(async (bench) => {
      const ended = { ...makeStream(bench.unique('b-ended')), fromMs: HOUR.startMs, untilMs: HOUR.endMs };
      const late = { ...ended, name: bench.unique('c-late'), untilMs: null };
      const fresh = { ...makeStream(bench.unique('a-fresh'), { everySeconds: 86_400 }), fromMs: Date.now() };
      const streams = [ended, late, fresh];
      await withSchedules(bench, streams, async () => {
        const { manifest } = await bench.run(ended, HOUR);
        await bench.run(late, HOUR);
        const handle = bench.connected.client.schedule.getHandle(scheduleIdOf(late.name));
        const names = streams.map(({ name }) => name);
        const rows = await statusOf(bench, names);
        assert.deepEqual(
          rows.map(({ stream, state, isLate, missing, lagSeconds }) => [
            stream,
            state,
            isLate,
            missing,
            lagSeconds,
          ]),
          [
            [fresh.name, 'active', false, 0, 0],
            [ended.name, 'ended', false, 0, 0],
            [late.name, 'late', true, rows[2]?.['missing'], rows[2]?.['lagSeconds']],
          ],
        );
        const [first, second, third] = rows;
        const { lastSeconds, ...others } = second ?? {};
        assert.deepEqual(others, {
          stream: ended.name,
          project: ended.name,
          destination: 'local',
          state: 'ended',
          isLate: false,
          note: null,
          lastCompleteEnd: '2026-11-23T11:00:00Z',
          lagSeconds: 0,
          limitSeconds: 7_200,
          rooms: manifest?.rooms,
          bytes: manifest?.size_bytes,
          missing: 0,
          nextEnd: null,
          problem: null,
        });
        assert.ok(manifest !== null);
        const tookMs = Date.parse(manifest.completed_at) - Date.parse(manifest.started_at);
        assert.equal(lastSeconds, tookMs / 1000);
        assert.deepEqual([first?.['lastCompleteEnd'], first?.['rooms']], [null, null]);
        const overdueMs = Date.now() - (HOUR.endMs + 3_600_000);
        assert.ok(Math.abs(Number(third?.['lagSeconds']) - overdueMs / 1000) < 60);
        assert.ok(Math.abs(Number(third?.['missing']) - (overdueMs / 3_600_000 + 1)) <= 1);

        await untilSent(
          'the list knows that it is paused',
          () => handle.pause('the customer asked for it'),
          async () => {
            const [row] = await statusOf(bench, [late.name]);
            return row?.['state'] === 'paused' ? row : undefined;
          },
        );
        const table = await cli(bench, 'status', ...names);
        assert.equal(table.code, 0);
        const [head, ...lines] = table.stdout.trimEnd().split('\n');
        assert.match(
          head ?? '',
          /^STREAM +STATE +LAST COMPLETE +LAG +TOOK +ROOMS +SIZE +MISSING +NEXT +NOTE$/,
        );
        assert.match(lines[0] ?? '', /^a-fresh-\w+ +active +- +0s +- +- +- +0 +\d{4}-\d\d-\d\dT00:00:00Z$/);
        assert.match(
          lines[1] ?? '',
          /^b-ended-\w+ +ended +2026-11-23T11:00:00Z +0s +[\d.]+ s +0 +3 B +0 +-$/,
        );
        assert.match(
          lines[2] ?? '',
          /^c-late-\w+ +paused, late +2026-11-23T11:00:00Z +\d+d\S* +[\d.]+ s +0 +3 B +\d+ +- +the customer asked for it$/,
        );
        assert.match((await cli(bench, 'status')).stdout, new RegExp(`^${late.name} +paused, late `, 'm'));
      });
    }));

  it('finds a newest interval that was exported to an earlier destination, and names a store that is down', () =>
    withStores(async (bench) => {
      const old = { ...makeStream(bench.unique('moved')), fromMs: HOUR.startMs, untilMs: HOUR.endMs };
      await bench.run(old, HOUR);
      const moved = withDestination(old, 'other');
      const dead = { ...makeStream(bench.unique('dead'), { destination: 'dead' }), fromMs: HOUR.startMs };
      const unknown = {
        ...makeStream(bench.unique('unknown'), { destination: 'moon' }),
        fromMs: HOUR.startMs,
      };
      const gone = { ...makeStream(bench.unique('gone'), { destination: 'gone' }), fromMs: HOUR.startMs };
      await withSchedules(bench, [moved, dead, unknown, gone], async () => {
        const rows = await statusOf(bench, [moved.name, dead.name, unknown.name, gone.name]);
        const byName = new Map(rows.map((row) => [row['stream'], row]));
        const ofMoved = byName.get(moved.name);
        assert.deepEqual(
          [ofMoved?.['state'], ofMoved?.['lastCompleteEnd']],
          ['ended', '2026-11-23T11:00:00Z'],
        );
        assert.equal(ofMoved?.['destination'], 'other');
        const ofDead = byName.get(dead.name);
        assert.deepEqual(
          [ofDead?.['state'], ofDead?.['missing'], ofDead?.['lagSeconds']],
          ['unknown', null, null],
        );
        assert.match(String(ofDead?.['problem']), /^destination dead: .*ECONNREFUSED/);
        assert.match(
          String(byName.get(unknown.name)?.['problem']),
          /got "moon", allowed: local, other, dead, gone/,
        );
        const ofGone = byName.get(gone.name);
        assert.equal(ofGone?.['state'], 'unknown');
        assert.match(String(ofGone['problem']), /^destination gone: .*NoSuchBucket/);
      });
    }));

  it('reads a pointer that lacks its metadata', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('older')), fromMs: HOUR.startMs, untilMs: HOUR.endMs };
      await withSchedules(bench, [stream], async () => {
        await bench.run(stream, HOUR);
        const key = latestKeyOf('_manifests/', stream.name);
        const { pointer, ...others } = (await bench.store.head({ key }))?.metadata ?? {};
        assert.deepEqual(others, {});
        assert.ok(pointer !== undefined);
        const written = await bench.store.getObject({ key, bytesMax: MANIFEST_BYTES_MAX });
        assert.ok(written !== null);
        const said: unknown = JSON.parse(Buffer.from(pointer, 'base64url').toString('utf8'));
        assert.deepEqual(said, JSON.parse(written.body.toString('utf8')));
        const rows = await statusOf(bench, [stream.name]);
        assert.equal(rows[0]?.['lastCompleteEnd'], '2026-11-23T11:00:00Z');
        for (const metadata of [{}, { pointer: 'bm90aGluZw' }, { pointer: 'e30' }]) {
          await bench.store.putObject({
            key,
            body: written.body,
            contentType: 'application/json',
            metadata,
          });
          assert.deepEqual(await statusOf(bench, [stream.name]), rows);
        }
      });
    }));

  it('splits its answer into pages in which each stream appears once', () =>
    withExportBench(async (bench) => {
      const settings = { everySeconds: 86_400 };
      const names = ['one', 'two', 'three', 'four', 'five'].map((stem) => bench.unique(stem));
      const streams = names.map((name) => ({ ...makeStream(name, settings), fromMs: Date.now() }));
      await withSchedules(bench, streams, async () => {
        await until('all are listed once, by name, two in an answer', async () => {
          const rows = (await readStatus(bench.connected, [], 2)).map(({ stream }) => stream);
          const ours = rows.filter((name) => names.includes(name));
          assert.deepEqual(rows, [...new Set(rows)].sort());
          return ours.length === names.length ? true : undefined;
        });
      });
    }));

  it('exits with code 3 for an unknown stream, and prints no row when there are no streams', () =>
    withExportBench(
      async (bench) => {
        const ended = await cli(bench, 'status', bench.unique('nobody'));
        assert.match(ended.stderr, /^stream: got "nobody-\w+", which does not exist/);
        assert.equal(ended.code, 3);
      },
      { startsWorker: false },
    ));

  it('prints plain tables repeatedly in a pipe until it is interrupted', () =>
    withExportBench(async (bench) => {
      const stream = { ...makeStream(bench.unique('watched')), fromMs: HOUR.startMs, untilMs: HOUR.endMs };
      await withSchedules(bench, [stream], async () => {
        const program = startProgram(CLI, ['status', '--watch', stream.name], bench.environment);
        try {
          const table = (state: string, last: string) =>
            `\\S+Z {2}1 stream: 1 ${state}\\nSTREAM .*\\n${stream.name} +${state} +${last} +.*\\n\\n`;
          await program.printed(new RegExp(`^${table('late', '-')}`));
          await bench.run(stream, HOUR);
          await program.printed(new RegExp(`\\n\\n${table('ended', '2026-11-23T11:00:00Z')}`));
        } finally {
          program.kill('SIGINT');
        }
        const { code, stderr, stdout } = await program.ended;
        assert.deepEqual([code, stderr], [0, '']);
        assert.ok(!stdout.includes('\u001b'), 'nothing is drawn over in a pipe');
      });
    }));

  it('redraws in a terminal, with the streams that need attention first', () =>
    withExportBench(async (bench) => {
      const calm = { ...makeStream(bench.unique('a-calm')), fromMs: Date.now() };
      const late = { ...makeStream(bench.unique('z-late')), fromMs: HOUR.startMs };
      await withSchedules(bench, [calm, late], async () => {
        Object.assign(process.env, bench.environment);
        const screens: (readonly string[])[] = [];
        const errors: string[] = [];
        const watching = runCli(['status', '--watch', calm.name, late.name], {
          out: (text) => errors.push(text),
          err: (text) => errors.push(text),
          redraw: (lines) => screens.push(lines),
        });
        const [, head, first, second] = await until('the screen is drawn', () => Promise.resolve(screens[0]));
        process.emit('SIGINT');
        assert.equal(await watching, 0);
        assert.deepEqual(errors, []);
        assert.match(head ?? '', /^STREAM /);
        assert.match(first ?? '', new RegExp(`^${late.name} +late `));
        assert.match(second ?? '', new RegExp(`^${calm.name} +active `));
      });
    }));
});

/**
 * A bench whose worker knows two more destinations: one that works, with manifests of its own, and one where
 * nothing listens.
 */
function withStores(use: (bench: ExportBench) => Promise<void>): Promise<void> {
  return withExportBench(
    async (bench) => {
      const like = (name: string): Record<string, string> =>
        Object.fromEntries(
          Object.entries(bench.environment)
            .filter(([key]) => key.startsWith('DESTINATION_LOCAL_'))
            .map(([key, value]) => [key.replace('LOCAL', name), value]),
        );
      const worker = await startTestWorker(
        bench.configured({
          ...like('OTHER'),
          ...like('DEAD'),
          ...like('GONE'),
          DESTINATIONS: 'local,other,dead,gone',
          DESTINATION_OTHER_MANIFEST_PREFIX: '_others/',
          DESTINATION_DEAD_ENDPOINT: 'http://127.0.0.1:9',
          DESTINATION_GONE_BUCKET: 'no-such-bucket-here',
        }),
      );
      try {
        await use(bench);
      } finally {
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}

function withDestination(stream: StreamDefinition, destination: string): StreamDefinition {
  const settings = { ...settingsAt(stream, 0), destination };
  const { startMs: fromMs } = lastIntervalEndedBy(Date.now(), settings);
  return { ...stream, revisions: [...stream.revisions, { fromMs, settings }] };
}

async function statusOf(bench: ExportBench, names: readonly string[]): Promise<z.infer<typeof rowsShape>> {
  const ended = await cli(bench, 'status', ...names, '--json');
  assert.equal(ended.code, 0, ended.stderr);
  return rowsShape.parse(JSON.parse(ended.stdout));
}
