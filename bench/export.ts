// `npm run bench -- --rooms N [--compression gzip] [--fields extended] [--runs K]`: exports one interval of made-up rooms through the whole embedded stack, with the worker
// as a process of its own, and prints rooms/s, MB/s and the peak of the worker's resident memory. Above the bound the exit code is 1.
import { parseArgs } from 'node:util';
import { type RunningStack } from '../local/stack.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { exportOnce, makeRooms, peakMemoryMb, type ExportShape } from './export-run.ts';

/** What a worker may take, in MB, with the default batches. */
const MEMORY_MB_MAX = 400;

interface BenchOptions extends ExportShape {
  rooms: number;
  runs: number;
}

async function main(options: BenchOptions): Promise<number> {
  await buildWorker();
  return withBuiltWorker(
    async (stack) => {
      const madeSeconds = await makeRooms(stack, options.rooms);
      console.log(
        `made ${options.rooms} rooms in ${madeSeconds.toFixed(1)} s (${Math.round(options.rooms / madeSeconds)} rooms/s)`,
      );
    },
    async (stack, worker) => {
      await runAll(stack, options);
      const peakMb = await peakMemoryMb(worker.pid);
      console.log(`worker: peak resident memory ${peakMb.toFixed(0)} MB, allowed ${MEMORY_MB_MAX} MB`);
      return peakMb <= MEMORY_MB_MAX ? 0 : 1;
    },
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
