// The pool of worker threads that read, measure, write, compress and hash batches, as the main thread sees
// it. Bodies are never copied between threads: their memory is shared, or transferred when it had to grow.
import { ClickHouseError } from '@clickhouse/client';
import { Piscina } from 'piscina';
import { BATCHES_PER_THREAD } from './batch-memory.ts';
import { PROGRESS } from './batch-task.ts';
import type { BatchAnswer, BatchFailure, BatchTask, ThreadData } from './batch-task.ts';
import {
  DamagedScanError,
  HistoryStreamError,
  RangeMisjudgedError,
  RoomTooLargeError,
} from '../scans/batch-errors.ts';
import type { WrittenBatch } from './write-batch.ts';

export interface BatchWriters {
  /**
   * Reads and writes one batch in a thread of the pool. The body is in `task.output`, or in a separate buffer
   * when it did not fit. When the call rejects, a thread may still write into `task.output`, so it must not
   * be used again. When the signal is aborted, the scans are closed and the call rejects; ClickHouse may
   * still run the queries.
   * @throws ClickHouseError, HistoryStreamError, DamagedScanError, RangeMisjudgedError, RoomTooLargeError,
   *   ConnectionError
   */
  write(task: BatchTask, signal: AbortSignal): Promise<WrittenBatch>;
  close(): Promise<void>;
}

/** ClickHouse could not be reached, or the connection was lost. Retried. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Node's error code, such as `ECONNREFUSED`. */
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A thread allocates small, short-lived objects. The default would let garbage grow to 48 MB in each thread.
 */
const YOUNG_MB_MAX = 8;

/** Threads are kept, because starting one takes a tenth of a second. */
export function openBatchWriters(threads: number, data: ThreadData): BatchWriters {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pool = new Piscina<BatchTask, BatchAnswer>({
    filename: new URL(`batch-thread.${extension}`, import.meta.url).href,
    name: 'runBatchTask',
    minThreads: threads,
    maxThreads: threads,
    // The worker's slots already limit the number of batches, so none is refused here.
    maxQueue: Infinity,
    concurrentTasksPerWorker: BATCHES_PER_THREAD,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
    workerData: data,
  });
  return {
    async write(task, signal) {
      const { progress } = task;
      const cancel = () => (progress[PROGRESS.isCanceled] = 1);
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const answer = await pool.run(task);
        signal.throwIfAborted();
        if ('failure' in answer) throw toError(answer.failure);
        return answer.written;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    close: () => pool.close(),
  };
}

function toError(failure: BatchFailure): Error {
  switch (failure.kind) {
    case 'clickhouse': {
      const { message, code, type } = failure;
      return new ClickHouseError({ message, code, ...(type === undefined ? {} : { type }) });
    }
    case 'connection':
      return new ConnectionError(failure.message, failure.code);
    case 'history-stream':
      return new HistoryStreamError(failure.message);
    case 'damaged':
      return new DamagedScanError(failure.message);
    case 'misjudged':
      return new RangeMisjudgedError(failure.message, failure.realOverEstimated);
    case 'room-too-large':
      return new RoomTooLargeError(failure);
  }
}
