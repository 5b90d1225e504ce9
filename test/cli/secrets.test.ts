// No secret leaves the workers. A stack of its own, worker processes whose every secret is known, runs that
// complete and fail in every way: then all that Temporal holds (histories, schedules, pending attempts, the
// file of its database), all logs, what the command line printed, every object in the store and every event
// sent are searched for the secrets. That the search finds what is there is shown by a word that is.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { createSchedule, startRun } from '../../client/streams.ts';
import { migrate } from '../../history/migrate.ts';
import { findFreePorts } from '../../local/free-ports.ts';
import { toEnvironment } from '../../local/stack-environment.ts';
import { startStack } from '../../local/stack.ts';
import type { RunningStack } from '../../local/stack.ts';
import { readTemporalConfig } from '../../config/config.ts';
import { HOUR } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { runProgram, startProgram } from '../../local/run-program.ts';
import type { RunningProgram } from '../../local/run-program.ts';
import { until } from '../../local/until.ts';
import { startParrot } from './parrot.ts';
import { startReceiver } from './receiver.ts';
import type { Receiver } from './receiver.ts';
import { searchFolder, searchStore, searchTemporal } from './search-everything.ts';
import { SecretSearch } from './secret-search.ts';
import type { Secret } from './secret-search.ts';

const PLANTED = {
  clickHousePassword: 'PLANTED-clickhouse-password-7f3a',
  accessKeyId: 'PLANTEDKEYID00000001',
  secretAccessKey: 'PLANTED/secret+access+key/91c2',
  sessionToken: 'PLANTED/session+token==d81e77',
  apiKey: 'PLANTED.temporal.api.key.55ab',
  webhookPath: 'PLANTED-webhook-path-e0d1',
};

/** One destination for each way to fail, all of one worker. */
const FAILING = ['stranger', 'unknown', 'lent', 'missing', 'nowhere', 'parrot'] as const;

it(
  'no secret reaches Temporal, a log, an error, the command line, a manifest or an event',
  { timeout: 300_000 },
  () =>
    withSecretStack(async (world) => {
      const { connected, workers, search, cli } = world;
      await workers.start('sound', {});
      await workers.start('refused', { CLICKHOUSE_PASSWORD: PLANTED.clickHousePassword });
      await workers.start('lonely', { CLICKHOUSE_URL: world.deadUrl });

      const runIn = async (queue: string, name: string, destination = 'local') => {
        const stream = makeStream(name, { destination });
        const config = { ...connected.config, taskQueue: queue };
        const handle = await startRun({ ...connected, config }, { stream, interval: HOUR, force: false });
        return { stream, handle };
      };
      const good = await runIn('sound', 'good');
      assert.equal((await good.handle.result()).outcome, 'complete');
      await createSchedule(
        { ...connected, config: { ...connected.config, taskQueue: 'sound' } },
        good.stream,
      );
      const failing = [
        await runIn('refused', 'wrong-password'),
        ...(await Promise.all(
          ['stranger', 'unknown', 'missing', 'parrot'].map((name) => runIn('sound', `to-${name}`, name)),
        )),
      ];
      for (const { handle } of failing) await assert.rejects(handle.result());
      // Neither ends soon: what they failed with stands in the attempt that is under way. A session token may
      // be refused or passed over.
      const waiting = [await runIn('lonely', 'no-clickhouse'), await runIn('sound', 'to-nowhere', 'nowhere')];
      await runIn('sound', 'to-lent', 'lent');
      for (const { handle } of waiting)
        await until('an attempt has failed', async () => {
          const { raw } = await handle.describe();
          return raw.pendingActivities?.find(({ lastFailure }) => lastFailure != null);
        });
      await until('a webhook was tried in vain', () =>
        Promise.resolve(world.receiver.received.length > 2 ? true : undefined),
      );

      for (const args of [
        ['preflight', '--json'],
        ['preflight', ...FAILING],
        ['preflight', '--policy'],
        ['stream', 'list', '--json'],
        ['stream', 'describe', 'good'],
        ['stream', 'create', 'other', '--project', 'p', '--destination', 'stranger'],
        ['run', 'show', 'good', '2026-11-23T11:00:00Z', '--json'],
      ])
        await cli(args, {});
      await cli(['analyse', '--project', 'p', '--from', '2026-11-23T00:00Z', '--to', '2026-11-24T00:00Z'], {
        CLICKHOUSE_ADMIN_PASSWORD: PLANTED.clickHousePassword,
      });
      await cli(['stream', 'list'], { TEMPORAL_ADDRESS: '127.0.0.1:9' });

      await searchTemporal(connected, search);
      await workers.stop();
      for (const { queue, output } of workers.outputs()) search.look(`the log of worker ${queue}`, output);
      await searchStore(world.stack, search);
      search.look('the events', JSON.stringify(world.receiver.received));
      await world.stack.stop();
      searchFolder(join(world.stack.folder, 'temporal'), search);
      search.look('the log of Temporal', readFileSync(join(world.stack.logFolder, 'temporal.log')));

      assert.ok(search.bytes > 1_000_000, `looked through ${search.bytes} bytes only`);
      const found = [...search.found].filter((each) => !each.startsWith('control'));
      assert.deepEqual(found, []);
      for (const place of [
        'the history of export:good',
        'a schedule',
        'temporal.db',
        'worker sound',
        'room-streams preflight',
        'an object',
      ])
        assert.ok(
          [...search.found].some((each) => each.startsWith('control') && each.includes(place)),
          `the search sees nothing in ${place}`,
        );
    }),
);

interface World {
  stack: RunningStack;
  connected: Connected;
  workers: Workers;
  search: SecretSearch;
  receiver: Receiver;
  deadUrl: string;
  /** Whatever comes of it is searched. */
  cli: (args: readonly string[], changes: Readonly<Record<string, string>>) => Promise<void>;
}

async function withSecretStack(use: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'room-streams-secrets-'));
  const stack = await startStack({ folder, exporterReads: '*.*' });
  const receiver = await startReceiver((attempt) => ({ status: attempt % 2 === 0 ? 500 : 204 }));
  const parrot = await startParrot();
  try {
    const [deadPort] = await findFreePorts(1);
    const deadUrl = `http://127.0.0.1:${deadPort}`;
    const environment = toSecretEnvironment(stack, { receiver, deadUrl, parrotUrl: parrot.url });
    const { clickhouse } = stack;
    const admin = { url: clickhouse.url, user: clickhouse.adminUser, password: clickhouse.adminPassword };
    await migrate({ ...admin, database: 'room_history' });
    const search = new SecretSearch(secretsOf(stack, receiver));
    const workers = new Workers(environment);
    try {
      await withTemporal(
        (connected) =>
          use({
            stack,
            connected,
            workers,
            search,
            receiver,
            deadUrl,
            cli: async (args, changes) => {
              const own = { ...environment, TEMPORAL_TASK_QUEUE: 'sound', ...changes };
              const { stdout, stderr } = await runProgram('bin/room-streams.mjs', args, own);
              assert.notEqual(stdout + stderr, '', args.join(' '));
              search.look(`room-streams ${args[0] ?? ''}`, stdout + stderr);
            },
          }),
        readTemporalConfig(environment),
      );
    } finally {
      await workers.stop();
    }
  } finally {
    await parrot.close();
    await receiver.close();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function secretsOf({ clickhouse, store }: RunningStack, receiver: Receiver): Secret[] {
  return [
    { name: 'control', value: '2026-11-23T10:00:00Z' },
    { name: 'control', value: 'test-files' },
    { name: 'control', value: 'destination' },
    { name: 'exporter password', value: clickhouse.exporterPassword, user: clickhouse.exporterUser },
    { name: 'admin password', value: clickhouse.adminPassword, user: clickhouse.adminUser },
    { name: 'secret access key', value: store.secretAccessKey },
    { name: 'webhook secret', value: receiver.secret.slice('whsec_'.length) },
    ...Object.entries(PLANTED).map(([name, value]) => ({ name: `planted ${name}`, value })),
  ];
}

function toSecretEnvironment(
  stack: RunningStack,
  { receiver, deadUrl, parrotUrl }: { receiver: Receiver; deadUrl: string; parrotUrl: string },
): Record<string, string> {
  const environment = toEnvironment(stack);
  const destination = (name: string, changes: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({
        ENDPOINT: stack.store.endpoint,
        BUCKET: stack.store.bucket,
        ACCESS_KEY_ID: stack.store.accessKeyId,
        SECRET_ACCESS_KEY: stack.store.secretAccessKey,
        ...changes,
      }).map(([field, value]) => [`DESTINATION_${name}_${field}`, value]),
    );
  const { accessKeyId, secretAccessKey, sessionToken, apiKey, webhookPath } = PLANTED;
  return {
    ...environment,
    TEMPORAL_API_KEY: apiKey,
    DESTINATIONS: ['local', ...FAILING].join(','),
    ...destination('STRANGER', { SECRET_ACCESS_KEY: secretAccessKey }),
    ...destination('UNKNOWN', { ACCESS_KEY_ID: accessKeyId }),
    ...destination('LENT', { SESSION_TOKEN: sessionToken }),
    ...destination('MISSING', { BUCKET: 'no-such-bucket' }),
    ...destination('NOWHERE', { ENDPOINT: deadUrl }),
    ...destination('PARROT', {
      ENDPOINT: parrotUrl,
      SESSION_TOKEN: sessionToken,
      ACCESS_KEY_ID: accessKeyId,
    }),
    WEBHOOKS: 'good,dead',
    WEBHOOK_GOOD_URL: `${receiver.url}/${webhookPath}`,
    WEBHOOK_GOOD_SECRET: receiver.secret,
    WEBHOOK_DEAD_URL: `${deadUrl}/${webhookPath}`,
    WEBHOOK_DEAD_SECRET: receiver.secret,
  };
}

/** Worker processes, each on a queue of its own. */
class Workers {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #running = new Map<string, RunningProgram>();

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  async start(queue: string, changes: Readonly<Record<string, string>>): Promise<void> {
    const environment = { ...this.#environment, TEMPORAL_TASK_QUEUE: queue, ...changes };
    const worker = startProgram('worker/main.ts', [], environment);
    this.#running.set(queue, worker);
    await until(`worker ${queue} is at work`, () =>
      Promise.resolve(/worker started/.test(worker.stderr() + worker.stdout()) ? true : undefined),
    );
  }

  async stop(): Promise<void> {
    for (const worker of this.#running.values()) worker.kill('SIGTERM');
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  outputs(): { queue: string; output: string }[] {
    return [...this.#running].map(([queue, worker]) => ({
      queue,
      output: worker.stdout() + worker.stderr(),
    }));
  }
}
