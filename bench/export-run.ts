// What benchmarks of whole exports have in common: made-up rooms in the embedded stack, a run of their
// interval, and the worker's peak of memory.
import { readFile } from 'node:fs/promises';
import { withTemporal } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { startRun } from '../client/streams.ts';
import { openConnection } from '../clickhouse/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { STACK_DESTINATION, toEnvironment } from '../local/stack-environment.ts';
import type { RunningStack } from '../local/stack.ts';
import { readClickHouseAdmin, readTemporalConfig } from '../config/config.ts';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import type { StreamDefinition, StreamSettings } from '../workflows/model/stream.ts';

export const PROJECT = 'bench';
const HOUR_SECONDS = 3_600;
export const INTERVAL = { startMs: Date.UTC(2026, 10, 23, 10), endMs: Date.UTC(2026, 10, 23, 11) };

export type ExportShape = Pick<StreamSettings, 'compression' | 'fields'>;

/** Applies the migrations and fills the interval; returns how long the rooms took, in seconds. */
export async function makeRooms(stack: RunningStack, rooms: number): Promise<number> {
  const admin = readClickHouseAdmin(toEnvironment(stack));
  await migrate(admin);
  const connection = openConnection(admin);
  const startedMs = performance.now();
  try {
    const span = { fromMs: INTERVAL.startMs, toMs: INTERVAL.endMs };
    await makeHistory(connection, { rooms, seed: 1, projectId: PROJECT, ...span });
  } finally {
    await connection.close();
  }
  return (performance.now() - startedMs) / 1000;
}

/** One run of the interval, also when it is complete, by whatever worker is there. */
export function exportOnce(
  stack: RunningStack,
  shape: ExportShape,
): Promise<{ manifest: Manifest; seconds: number }> {
  return withTemporal(
    async (connected) => {
      const startedMs = performance.now();
      const run = { stream: streamOf(shape), interval: INTERVAL, force: true };
      const { manifest } = await awaitResult(await startRun(connected, run));
      if (manifest === null) throw new Error('the run ended without a manifest');
      return { manifest, seconds: (performance.now() - startedMs) / 1000 };
    },
    readTemporalConfig(toEnvironment(stack)),
  );
}

/** The kernel's own high-water mark. Linux only, as the figures in the documents are. */
export async function peakMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** The stream whose interval is exported. */
export function streamOf({ compression, fields }: ExportShape): StreamDefinition {
  const settings: StreamSettings = {
    project: PROJECT,
    destination: STACK_DESTINATION,
    prefix: '',
    everySeconds: HOUR_SECONDS,
    offsetSeconds: 0,
    settleSeconds: 0,
    format: 'json',
    compression,
    fields,
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    empty: 'write',
    giveUpSeconds: HOUR_SECONDS,
  };
  const name = `bench-${compression}-${fields}`;
  return { name, fromMs: 0, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings }] };
}
