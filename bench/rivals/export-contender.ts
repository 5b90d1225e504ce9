// Our export as a contender: one run of the interval, plan to manifest, through Temporal, by a built worker
// in a process of its own. Starts the run and awaits its result, nothing else, so that it does not matter how
// the worker makes the file.
import { z } from 'zod';
import type { RunningProgram } from '../../local/run-program.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import { buildWorker, startBuiltWorker } from '../built-worker.ts';
import { exportOnce } from '../export-run.ts';
import { startBaselineRuns } from './baseline-runs.ts';
import type { Contender, StartedProgram } from './contender.ts';
import type { RivalsStack } from './rivals-stack.ts';
import type { Compression } from './sql-statements.ts';

export interface StartedExport extends StartedProgram {
  /** Of the last run; throws before the first. */
  manifest: () => FileOfRun;
}

/** What is read from a manifest: these names have been the same in every version. */
const fileOfRunSchema = z.object({
  key: z.string(),
  rooms: z.number(),
  parts: z.number(),
  size_bytes: z.number(),
  raw_size_bytes: z.number(),
});

export type FileOfRun = Pick<Manifest, keyof z.infer<typeof fileOfRunSchema>>;

interface Shared {
  rivals: RivalsStack;
  rooms: number;
  compression: Compression;
}

/** Builds this checkout and starts its worker. */
export async function startOurs(of: Shared): Promise<StartedExport> {
  await buildWorker();
  const { stack } = of.rivals;
  const worker = startBuiltWorker(stack);
  return toStarted(of, worker, {
    name: 'ours',
    what: 'our whole run, plan to manifest, through Temporal',
    export: async () =>
      (await exportOnce(stack, { compression: of.compression, fields: 'standard' })).manifest,
  });
}

/**
 * The same of another commit, by its own code on a task queue of its own.
 * @param checkout A git worktree of that commit with its own `node_modules`.
 */
export async function startBaseline(of: Shared, checkout: string): Promise<StartedExport> {
  await buildWorker(checkout);
  const { stack } = of.rivals;
  const runs = await startBaselineRuns(stack, { checkout, compression: of.compression });
  const worker = startBuiltWorker(stack, { checkout, environment: runs.environment });
  return toStarted(of, worker, {
    name: 'baseline',
    what: `the same run by the build of ${checkout}`,
    export: runs.exportOnce,
  });
}

function toStarted(
  { rivals: { servers }, rooms }: Shared,
  worker: RunningProgram,
  { name, what, export: runExport }: { name: string; what: string; export: () => Promise<unknown> },
): StartedExport {
  let last: FileOfRun | undefined;
  // A run without a worker would wait for as long as the benchmark lives.
  const workerEnded = worker.ended.then(({ code, stdout, stderr }): never => {
    throw new Error(`the worker of ${name} ended with code ${code ?? 'none'}: ${stdout}${stderr}`);
  });
  workerEnded.catch(() => undefined);
  const contender: Contender = {
    name,
    what,
    rooms,
    processes: { ...servers, worker: worker.pid },
    run: async () => {
      last = fileOfRunSchema.parse(await Promise.race([runExport(), workerEnded]));
      return { rawBytes: last.raw_size_bytes, key: last.key };
    },
  };
  return {
    contender,
    manifest: () => {
      if (last === undefined) throw new Error(`${name} has not run yet`);
      return last;
    },
    stop: async () => {
      worker.kill('SIGTERM');
      await worker.ended;
    },
  };
}
