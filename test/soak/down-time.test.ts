// Nobody there for a while: the worker is stopped and the Temporal server killed, both stay away over several
// intervals and come back, the server on the same database file. Every interval has its file afterwards, each
// made once. On a stack of its own, because its server dies. Intervals last a minute, the least that there
// is, so this takes four of them and the starts of the servers.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSchedule } from '../../client/streams.ts';
import { withTemporal } from '../../temporal/connect.ts';
import { migrate } from '../../history/migrate.ts';
import { openObjectStore } from '../../store/object-store.ts';
import { STACK_DESTINATION, toEnvironment } from '../../local/stack-environment.ts';
import { startStack } from '../../local/stack.ts';
import { readWorkerConfig } from '../../config/config.ts';
import { intervalContaining, toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { startTestWorker } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { storedManifestKeyOf } from '../../local/file-keys.ts';
import { until } from '../../local/until.ts';

const MINUTE_MS = 60_000;
const DATABASE = 'down_time';

/** Intervals that end while nobody is there. */
const MISSED = 3;

/** A busy machine takes its time to start servers. */
const FILE_WITHIN_MS = 120_000;

describe('a stream whose worker and server are down for several intervals', () => {
  it('has the file of every interval afterwards, each exported once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'room-streams-down-'));
    const stack = await startStack({ folder, exporterReads: '*.*' });
    try {
      const config = readWorkerConfig(toEnvironment(stack, DATABASE));
      const { url, adminUser, adminPassword } = stack.clickhouse;
      await migrate({ url, database: DATABASE, user: adminUser, password: adminPassword });
      const store = openObjectStore({
        ...stack.store,
        name: STACK_DESTINATION,
        pathStyle: true,
        manifestPrefix: '_manifests/',
      });
      const stream = makeStream('down', { everySeconds: 60 });
      const { endMs: firstEndMs } = intervalContaining(Date.now(), settingsAt(stream, 0));
      const generationOf = async (interval: Interval): Promise<number | undefined> => {
        const key = storedManifestKeyOf(stream, interval);
        const stored = await store.getObject({ key, bytesMax: 65_536 });
        if (stored === null) return undefined;
        return (JSON.parse(stored.body.toString()) as { generation: number }).generation;
      };
      const first = { startMs: firstEndMs, endMs: firstEndMs + MINUTE_MS };
      const fileOf = (interval: Interval) =>
        until(
          `the file of ${toRfc3339(interval.endMs)} is there`,
          () => generationOf(interval),
          Math.max(0, interval.endMs - Date.now()) + FILE_WITHIN_MS,
        );

      let worker = await startTestWorker(config);
      await withTemporal((connected) => createSchedule(connected, stream), config.temporal);
      await fileOf(first);
      await worker.stop();
      await stack.servers.temporal.kill();
      const missed = Array.from({ length: MISSED }, (_interval, index) => ({
        startMs: first.endMs + index * MINUTE_MS,
        endMs: first.endMs + (index + 1) * MINUTE_MS,
      }));
      const lastEndMs = first.endMs + MISSED * MINUTE_MS;
      await until(
        'the missed intervals are over',
        () => Promise.resolve(Date.now() > lastEndMs ? true : undefined),
        (MISSED + 1) * MINUTE_MS,
      );
      for (const interval of missed) assert.equal(await generationOf(interval), undefined);

      stack.servers.temporal.start();
      await stack.servers.temporal.ready();
      worker = await startTestWorker(config);
      for (const interval of [first, ...missed]) assert.equal(await fileOf(interval), 1);
      await worker.stop();
      await store.close();
    } finally {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
