// The messages between the main thread and the worker threads: tasks, answers and progress. It holds types
// and the indexes of shared memory only. So the main thread can import it without loading the code that only
// the threads run.
import type { FieldSet } from '../../workflows/model/stream.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import type { RoomsRange } from '../scans/scan-statements.ts';
import type { ColumnSizes } from './batch-memory.ts';
import type { BatchOptions, WrittenBatch } from './write-batch.ts';

/** The data that every thread of the pool gets when it starts. */
export interface ThreadData {
  connection: HistoryConnection;
  columnSizes: ColumnSizes;
}

export interface BatchTask {
  /** Null when the range is known to be empty: then nothing is read. */
  scan: { range: RoomsRange; fields: FieldSet; queryId: string } | null;
  options: BatchOptions;
  /** The buffer for the body. It belongs to the task until the task has ended. */
  output: SharedArrayBuffer;
  /** Shared memory, indexed by `PROGRESS`. */
  progress: Float64Array;
}

/**
 * The indexes of the shared progress array, by which the task and the main thread signal each other.
 */
export const PROGRESS = {
  /** The bytes of columns read so far. */
  columnBytes: 0,
  /** 1 once the main thread no longer waits for the task. */
  isCanceled: 1,
  length: 2,
} as const;

export type BatchFailure =
  | { kind: 'clickhouse'; message: string; code: string; type: string | undefined }
  | { kind: 'connection'; message: string; code: string }
  | { kind: 'history-stream' | 'damaged'; message: string }
  | { kind: 'misjudged'; message: string; realOverEstimated: number }
  | { kind: 'room-too-large'; sessionId: string; roomBytes: number; bytesPlanned: number };

export type BatchAnswer = { written: WrittenBatch } | { failure: BatchFailure };
