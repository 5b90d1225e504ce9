// Reads several dumps at once, each in a thread of its own, one after the other in each thread. Knows threads
// and files, nothing of what is in them. A thread that dies takes its file with it, not the import.
import { createReadStream } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { FormatName } from './formats/format-reader.ts';
import { readRecording } from './read-file.ts';
import type { ReadFile } from './read-file.ts';
import type { ThreadAnswer, ThreadJob } from './read-file-worker.ts';

export interface FileJob {
  path: string;
  spoolPath: string;
}

export type FileOutcome = { kind: 'read'; file: ReadFile } | { kind: 'failed'; message: string };

export interface ReadFilesOptions {
  format: FormatName | 'auto';
  threads: number;
  tickBytesInMemory: number;
  /** Bytes of the file at this index read so far. */
  progress: (index: number, bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Outcomes in the order of the jobs. A file that cannot be opened is an outcome, not an error. Rejects when
 * it is aborted.
 */
export async function readFiles(jobs: readonly FileJob[], options: ReadFilesOptions): Promise<FileOutcome[]> {
  const outcomes: FileOutcome[] = [];
  const threads = Math.min(options.threads, jobs.length);
  if (threads <= 1) {
    for (const [index, job] of jobs.entries()) outcomes.push(await readHere(job, index, options));
    return outcomes;
  }
  let next = 0;
  const workOff = async (): Promise<void> => {
    let thread: Worker | null = null;
    try {
      for (let index = next++; index < jobs.length; index = next++) {
        const job = jobs[index];
        if (job === undefined) return;
        options.signal?.throwIfAborted();
        thread ??= openThread();
        const { outcome, isAlive } = await readThere(thread, job, index, options);
        outcomes[index] = outcome;
        if (!isAlive) thread = null;
      }
    } finally {
      await thread?.terminate();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: threads }, workOff));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return outcomes;
}

async function readHere(job: FileJob, index: number, options: ReadFilesOptions): Promise<FileOutcome> {
  const { format, tickBytesInMemory, signal } = options;
  try {
    const file = await readRecording(createReadStream(job.path, { highWaterMark: PIECE_BYTES, signal }), {
      format,
      spoolPath: job.spoolPath,
      tickBytesInMemory,
      progress: (bytes) => options.progress(index, bytes),
    });
    return { kind: 'read', file };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

interface ThreadOutcome {
  outcome: FileOutcome;
  isAlive: boolean;
}

function readThere(
  thread: Worker,
  job: FileJob,
  index: number,
  { format, tickBytesInMemory, progress, signal }: ReadFilesOptions,
): Promise<ThreadOutcome> {
  return new Promise((resolve, reject) => {
    const listeners = new AbortController();
    const settle = (outcome: FileOutcome, isAlive: boolean): void => {
      listeners.abort();
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve({ outcome, isAlive });
    };
    const onMessage = (answer: ThreadAnswer): void => {
      if (answer.kind === 'progress') progress(index, answer.bytes);
      else settle(answer, true);
    };
    const onError = (error: unknown): void =>
      settle({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }, false);
    const onExit = (code: number): void =>
      settle({ kind: 'failed', message: `the thread that read it ended with code ${code}` }, false);
    const onAbort = (): void => {
      thread.off('exit', onExit);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the import was stopped'));
    };
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { signal: listeners.signal });
    thread.postMessage({ ...job, format, tickBytesInMemory } satisfies ThreadJob);
  });
}

const PIECE_BYTES = 1024 * 1024;

/**
 * Runs the file beside this one: JavaScript when built; from the sources TypeScript, whose loader a thread
 * must register itself.
 */
function openThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./read-file-worker.js', import.meta.url));
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const source = JSON.stringify(new URL('./read-file-worker.ts', import.meta.url).href);
  return new Worker(`import(${loader}).then(({ register }) => { register(); return import(${source}); });`, {
    eval: true,
    execArgv: [],
  });
}
