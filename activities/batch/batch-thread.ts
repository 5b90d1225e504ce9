// Runs in the worker threads: turns one batch from scans into the body of its part. Errors lose their class
// on the way to the main thread, so they travel as data and become errors again there (batch-writers.ts). The
// thread reads ClickHouse itself: when columns passed through the main thread, its garbage collector marked
// Temporal's heap again and again. It never talks to a store.
import { ClickHouseError } from '@clickhouse/client';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { BrokenStreamError } from '../../document/history-batches.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import { WrongOrderError } from '../../document/room-reader.ts';
import { CollectorFullError } from '../scans/byte-collector.ts';
import { openHistoryClient } from '../../clickhouse/history-client.ts';
import { scanRange, toCollectors } from '../scans/scan-range.ts';
import { COLUMNS_GROWTH_MAX } from './batch-memory.ts';
import type { ColumnSizes } from './batch-memory.ts';
import {
  DamagedScanError,
  HistoryStreamError,
  RangeMisjudgedError,
  RoomTooLargeError,
} from '../scans/batch-errors.ts';
import { PROGRESS } from './batch-task.ts';
import type { BatchAnswer, BatchFailure, BatchTask, ThreadData } from './batch-task.ts';
import { writeBatch } from './write-batch.ts';
import type { WrittenBatch } from './write-batch.ts';

/** How often a task checks whether it was canceled. */
const CANCEL_CHECK_MS = 200;

let thread: BatchThread | undefined;

/** The function that the pool calls for each task. */
export async function runBatchTask(task: BatchTask): Promise<unknown> {
  thread ??= new BatchThread(workerData as ThreadData);
  try {
    const written = await thread.run(task);
    const answer: BatchAnswer = { written };
    const { buffer } = written.body;
    return buffer instanceof ArrayBuffer
      ? move({ [transferableSymbol]: [buffer], [valueSymbol]: answer })
      : answer;
  } catch (error) {
    const failure = toFailure(error);
    if (failure === undefined) throw error;
    return { failure } satisfies BatchAnswer;
  }
}

type ColumnBuffers = Record<keyof ColumnSizes, ArrayBuffer>;

/**
 * While one batch is written, the scans of another may run. Each batch therefore has its own column buffers,
 * which are reused for later batches.
 */
class BatchThread {
  readonly #client;
  readonly #columnSizes: ColumnSizes;
  readonly #free: ColumnBuffers[] = [];

  constructor({ connection, columnSizes }: ThreadData) {
    this.#client = openHistoryClient(connection);
    this.#columnSizes = columnSizes;
  }

  async run({ scan, options, output, progress }: BatchTask): Promise<WrittenBatch> {
    if (scan === null) return writeBatch(NOTHING, options, output);
    const buffers = this.#free.pop() ?? this.#newBuffers();
    try {
      return writeBatch(await this.#scan(scan, { buffers, progress, options }), options, output);
    } finally {
      this.#free.push(buffers);
    }
  }

  #newBuffers(): ColumnBuffers {
    const { rooms, peers, totals } = this.#columnSizes;
    return { rooms: new ArrayBuffer(rooms), peers: new ArrayBuffer(peers), totals: new ArrayBuffer(totals) };
  }

  async #scan(
    scan: NonNullable<BatchTask['scan']>,
    { buffers, progress, options }: { buffers: ColumnBuffers } & Pick<BatchTask, 'progress' | 'options'>,
  ): Promise<ScannedRange> {
    const collectors = toCollectors(buffers, COLUMNS_GROWTH_MAX * options.bytesPlanned);
    const canceling = new AbortController();
    const timer = setInterval(() => {
      if (progress[PROGRESS.isCanceled] === 1) canceling.abort();
    }, CANCEL_CHECK_MS);
    const onProgress = (bytes: number) => (progress[PROGRESS.columnBytes] = bytes);
    try {
      return await scanRange(this.#client, { ...scan, signal: canceling.signal, onProgress }, collectors);
    } finally {
      clearInterval(timer);
    }
  }
}

const NOTHING: ScannedRange = {
  rooms: new Uint8Array(),
  peers: new Uint8Array(),
  totals: new Uint8Array(),
};

function toFailure(error: unknown): BatchFailure | undefined {
  if (error instanceof ClickHouseError)
    return { kind: 'clickhouse', message: error.message, code: error.code, type: error.type };
  if (error instanceof RangeMisjudgedError)
    return { kind: 'misjudged', message: error.message, realOverEstimated: error.realOverEstimated };
  if (error instanceof CollectorFullError)
    return { kind: 'misjudged', message: error.message, realOverEstimated: COLUMNS_GROWTH_MAX };
  if (error instanceof RoomTooLargeError) {
    const { sessionId, roomBytes, bytesPlanned } = error;
    return { kind: 'room-too-large', sessionId, roomBytes, bytesPlanned };
  }
  if (error instanceof HistoryStreamError) return { kind: 'history-stream', message: error.message };
  if (
    error instanceof DamagedScanError ||
    error instanceof BrokenStreamError ||
    error instanceof WrongOrderError
  )
    return { kind: 'damaged', message: messagesOf(error) };
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return { kind: 'connection', message: error.message, code: error.code };
  return undefined;
}

function messagesOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
