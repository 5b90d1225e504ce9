// Reads several dumps at once, each in a thread of its own, one after the other in each thread. Knows threads and files,
// nothing of what is in them.
import { createReadStream } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { FormatName } from './formats/format-reader.ts';
import { readRecording } from './read-file.ts';
import type { ReadFile } from './read-file.ts';
import type { WorkerAnswer } from './read-file-worker.ts';

export interface FileJob {
  path: string;
  spoolPath: string;
}

export type FileOutcome = { kind: 'read'; file: ReadFile } | { kind: 'failed'; message: string };

export interface ReadFilesOptions {
  format: FormatName | 'auto';
  threads: number;
  /** Bytes of the file at this index read so far. */
  progress: (index: number, bytes: number) => void;
}

/** Outcomes in the order of the jobs. A file that cannot be opened is an outcome, not an error. */
export async function readFiles(jobs: readonly FileJob[], options: ReadFilesOptions): Promise<FileOutcome[]> {
  const outcomes: FileOutcome[] = [];
  const threads = Math.min(options.threads, jobs.length);
  if (threads <= 1) {
    for (const [index, job] of jobs.entries()) outcomes.push(await readHere(job, index, options));
    return outcomes;
  }
  let next = 0;
  const workOff = async (): Promise<void> => {
    const thread = openThread();
    try {
      for (let index = next++; index < jobs.length; index = next++) {
        const job = jobs[index];
        if (job === undefined) return;
        outcomes[index] = await readThere(thread, { ...job, format: options.format }, (bytes) =>
          options.progress(index, bytes),
        );
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, workOff));
  return outcomes;
}

async function readHere(job: FileJob, index: number, options: ReadFilesOptions): Promise<FileOutcome> {
  try {
    const file = await readRecording(createReadStream(job.path, { highWaterMark: PIECE_BYTES }), {
      format: options.format,
      spoolPath: job.spoolPath,
      progress: (bytes) => options.progress(index, bytes),
    });
    return { kind: 'read', file };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function readThere(
  thread: Worker,
  job: FileJob & { format: string },
  progress: (bytes: number) => void,
): Promise<FileOutcome> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: FileOutcome): void => {
      thread.off('message', onMessage).off('error', reject);
      resolve(outcome);
    };
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.kind === 'progress') progress(answer.bytes);
      else settle(answer);
    };
    thread.on('message', onMessage).on('error', reject);
    thread.postMessage(job);
  });
}

const PIECE_BYTES = 1024 * 1024;

/** Runs the file beside this one: JavaScript when built; from the sources TypeScript, whose loader a thread must register itself. */
function openThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./read-file-worker.js', import.meta.url));
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const source = JSON.stringify(new URL('./read-file-worker.ts', import.meta.url).href);
  return new Worker(`import(${loader}).then(({ register }) => { register(); return import(${source}); });`, {
    eval: true,
    execArgv: [],
  });
}
