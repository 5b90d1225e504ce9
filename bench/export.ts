// `npm run bench -- --rooms N [--compression gzip] [--fields extended] [--runs K]`: exports one interval of made-up rooms through the whole embedded stack, with the worker
// as a process of its own, and prints rooms/s, MB/s and the peak of the worker's resident memory. Above the bound the exit code is 1.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withTemporal } from '../client/connect.ts';
import { awaitResult } from '../client/follow-run.ts';
import { startRun } from '../client/streams.ts';
import { openConnection } from '../history/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { STACK_DESTINATION, toEnvironment } from '../local/stack-environment.ts';
import { startStack, type RunningStack } from '../local/stack.ts';
import { startProgram } from '../test/run-program.ts';
import { readClickHouseAdmin, readTemporalConfig } from '../worker/config.ts';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import type { StreamDefinition, StreamSettings } from '../workflows/model/stream.ts';

/** What a worker may take, in MB, with the default batches. */
const MEMORY_MB_MAX = 400;

const PROJECT = 'bench';
const HOUR_MS = 3_600_000;
const INTERVAL = { startMs: Date.UTC(2026, 10, 23, 10), endMs: Date.UTC(2026, 10, 23, 11) };

interface BenchOptions {
  rooms: number;
  runs: number;
  compression: StreamSettings['compression'];
  fields: StreamSettings['fields'];
}

async function main(options: BenchOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  const stack = await startStack({ folder });
  try {
    const madeSeconds = await makeRooms(stack, options.rooms);
    console.log(
      `made ${options.rooms} rooms in ${madeSeconds.toFixed(1)} s (${Math.round(options.rooms / madeSeconds)} rooms/s)`,
    );
    const worker = startProgram('worker/main.ts', [], toEnvironment(stack));
    try {
      await runAll(stack, options);
      const peakMb = await peakMemoryMb(worker.pid);
      console.log(`worker: peak resident memory ${peakMb.toFixed(0)} MB, allowed ${MEMORY_MB_MAX} MB`);
      return peakMb <= MEMORY_MB_MAX ? 0 : 1;
    } finally {
      worker.kill('SIGTERM');
      await worker.ended;
    }
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeRooms(stack: RunningStack, rooms: number): Promise<number> {
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

async function runAll(stack: RunningStack, options: BenchOptions): Promise<void> {
  await withTemporal(
    async (connected) => {
      for (let run = 1; run <= options.runs; run += 1) {
        const startedMs = performance.now();
        const handle = await startRun(connected, {
          stream: streamOf(options),
          interval: INTERVAL,
          force: true,
        });
        const { manifest } = await awaitResult(handle);
        if (manifest === null) throw new Error('the run ended without a manifest');
        printRun(run, manifest, (performance.now() - startedMs) / 1000);
      }
    },
    readTemporalConfig(toEnvironment(stack)),
  );
}

function printRun(run: number, manifest: Manifest, seconds: number): void {
  const { rooms, raw_size_bytes: raw, size_bytes: stored, parts } = manifest;
  console.log(
    `run ${run}: ${rooms} rooms in ${seconds.toFixed(1)} s: ${Math.round(rooms / seconds)} rooms/s, ` +
      `${(raw / 1e6 / seconds).toFixed(1)} MB/s raw; ${(raw / 1e6).toFixed(0)} MB raw, ${(stored / 1e6).toFixed(0)} MB stored in ${parts} parts`,
  );
}

function streamOf({ compression, fields }: BenchOptions): StreamDefinition {
  const settings: StreamSettings = {
    project: PROJECT,
    destination: STACK_DESTINATION,
    prefix: '',
    everySeconds: HOUR_MS / 1000,
    offsetSeconds: 0,
    settleSeconds: 0,
    format: 'json',
    compression,
    fields,
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    empty: 'write',
    giveUpSeconds: 3_600,
  };
  const name = `bench-${compression}-${fields}`;
  return { name, fromMs: 0, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings }] };
}

/** The kernel's own high-water mark. Linux only, as the figures in the documents are. */
async function peakMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

function parseOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '200000' },
      runs: { type: 'string', default: '1' },
      compression: { type: 'string', default: 'none' },
      fields: { type: 'string', default: 'standard' },
    },
  });
  return {
    rooms: Number(values.rooms),
    runs: Number(values.runs),
    compression: values.compression === 'gzip' ? 'gzip' : 'none',
    fields: values.fields === 'extended' ? 'extended' : 'standard',
  };
}

main(parseOptions()).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
