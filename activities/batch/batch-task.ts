// What the main thread and the worker threads tell each other: tasks, answers and progress. Types, and the
// places of shared memory; the main thread reads it without loading what only the threads run.
import type { FieldSet } from '../../workflows/model/stream.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import type { RoomsRange } from '../scans/scan-statements.ts';
import type { ColumnSizes } from './batch-memory.ts';
import type { BatchOptions, WrittenBatch } from './write-batch.ts';

/** What every thread of the pool gets when it starts. */
export interface ThreadData {
  connection: HistoryConnection;
  columnSizes: ColumnSizes;
}

export interface BatchTask {
  /** Null where the range is known to be empty: then nothing is read. */
  scan: { range: RoomsRange; fields: FieldSet; queryId: string } | null;
  options: BatchOptions;
  /** For the body. Nobody else uses it until the task has ended. */
  output: SharedArrayBuffer;
  /** In shared memory: see `PROGRESS`. */
  progress: Float64Array;
}

/** What the main thread and the task tell each other while it runs. */
export const PROGRESS = {
  /** The bytes of columns read so far. */
  columnBytes: 0,
  /** 1 once nobody waits for the task any more. */
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
