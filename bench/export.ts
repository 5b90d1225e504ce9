// `npm run bench -- --rooms N [--compression gzip] [--fields extended] [--runs K]`: exports one interval of
// made-up rooms through the whole embedded stack, with the worker as a process of its own, and prints
// rooms/s, MB/s, the peak of the worker's resident memory, how long its event loop was held up, and how many
// rows ClickHouse read. The exit code is 1 when a bound is broken.
import { parseArgs } from 'node:util';
import type { RunningStack } from '../local/stack.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { openEventLoopProbe } from './event-loop-delay.ts';
import { exportOnce, makeRooms, peakMemoryMb } from './export-run.ts';
import type { ExportShape } from './export-run.ts';
import { readRowsRead } from './rows-read.ts';

/** What a worker may take, in MB, with the default batches. */
const MEMORY_MB_MAX = 400;

/**
 * The main thread has Temporal's heartbeats and the sockets: this long it may be held up in one of a hundred
 * turns.
 */
const EVENT_LOOP_MS_MAX = 50;

/** All batches together may read so many times the rows of the interval. */
const READ_RATIO_MAX = 1.1;

interface BenchOptions extends ExportShape {
  rooms: number;
  runs: number;
}

async function main(options: BenchOptions): Promise<number> {
  await buildWorker();
  const probe = openEventLoopProbe();
  return withBuiltWorker(
    async (stack) => {
      const madeSeconds = await makeRooms(stack, options.rooms);
      console.log(
        `made ${options.rooms} rooms in ${madeSeconds.toFixed(1)} s (${Math.round(options.rooms / madeSeconds)} rooms/s)`,
      );
    },
    async (stack, worker) => {
      const delays = await probe.measure(worker.pid, () => runAll(stack, options));
      const peakMb = await peakMemoryMb(worker.pid);
      const { rowsRead, rowsOfInterval } = await readRowsRead(stack);
      const readRatio = rowsRead / options.runs / rowsOfInterval;
      console.log(`worker: peak resident memory ${peakMb.toFixed(0)} MB, allowed ${MEMORY_MB_MAX} MB`);
      console.log(
        `worker: event loop held up for ${delays.p99Ms.toFixed(1)} ms (99th percentile, allowed ${EVENT_LOOP_MS_MAX} ms), ${delays.maxMs.toFixed(0)} ms at most`,
      );
      console.log(
        `ClickHouse: each export read ${readRatio.toFixed(3)} times the interval's ${rowsOfInterval} rows, allowed ${READ_RATIO_MAX}`,
      );
      const isWithin =
        peakMb <= MEMORY_MB_MAX && delays.p99Ms < EVENT_LOOP_MS_MAX && readRatio <= READ_RATIO_MAX;
      return isWithin ? 0 : 1;
    },
    probe.environment,
  );
}

async function runAll(stack: RunningStack, options: BenchOptions): Promise<void> {
  for (let run = 1; run <= options.runs; run += 1) {
    const { manifest, seconds } = await exportOnce(stack, options);
    printRun(run, manifest, seconds);
  }
}

function printRun(run: number, manifest: Manifest, seconds: number): void {
  const { rooms, raw_size_bytes: raw, size_bytes: stored, parts } = manifest;
  console.log(
    `run ${run}: ${rooms} rooms in ${seconds.toFixed(1)} s: ${Math.round(rooms / seconds)} rooms/s, ` +
      `${(raw / 1e6 / seconds).toFixed(1)} MB/s raw; ${(raw / 1e6).toFixed(0)} MB raw, ${(stored / 1e6).toFixed(0)} MB stored in ${parts} parts`,
  );
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
