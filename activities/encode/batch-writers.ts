// The pool of worker threads that write batches, as the main thread sees it. Buffers are transferred, never copied.
import { Piscina } from 'piscina';
import type { ScannedRange } from '../../document/history-batches.ts';
import type { BatchAnswer, BatchFailure, BatchTask } from './batch-thread.ts';
import { DamagedScanError, RangeMisjudgedError, RoomTooLargeError } from './encode-errors.ts';
import type { BatchOptions, WrittenBatch } from './write-batch.ts';

export interface BatchWriters {
  /**
   * Writes one batch in a thread of the pool. The buffers of `range` and `output` are transferred: they cannot be used afterwards.
   * @throws DamagedScanError, RangeMisjudgedError, RoomTooLargeError
   */
  write(range: ScannedRange, options: BatchOptions, output: ArrayBuffer): Promise<WrittenRange>;
  close(): Promise<void>;
}

export interface WrittenRange {
  written: WrittenBatch;
  /** The buffers of the range, for the next one. */
  range: ScannedRange;
}

/** A thread holds about 20 MB besides its buffers; starting one takes a tenth of a second, so they stay. */
export function openBatchWriters(threads: number): BatchWriters {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pool = new Piscina<BatchTask, BatchAnswer>({
    filename: new URL(`batch-thread.${extension}`, import.meta.url).href,
    name: 'runBatchTask',
    minThreads: threads,
    maxThreads: threads,
    // Batches are as many as there are slots; none is refused.
    maxQueue: Infinity,
    concurrentTasksPerWorker: 1,
  });
  return {
    async write(range, options, output) {
      const transferList = [range.rooms.buffer, range.peers.buffer, range.totals.buffer, output];
      const answer = await pool.run(
        { range, options, output },
        { transferList: transferList.filter((buffer) => buffer instanceof ArrayBuffer) },
      );
      if ('failure' in answer.result) throw toError(answer.result.failure);
      return { written: answer.result.written, range: answer.range };
    },
    close: () => pool.close(),
  };
}

function toError(failure: BatchFailure): Error {
  switch (failure.kind) {
    case 'broken-stream':
    case 'wrong-order':
      return new DamagedScanError(failure.message);
    case 'misjudged':
      return new RangeMisjudgedError(failure.message, failure.realOverEstimated);
    case 'room-too-large':
      return new RoomTooLargeError(failure);
  }
}
