// What runs in the worker threads: writing one batch. Errors do not keep their class on the way to the main thread, so they travel as data and
// are made again there (batch-writers.ts). Never touches the network.
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { BrokenStreamError } from '../../document/history-batches.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import { WrongOrderError } from '../../document/room-reader.ts';
import { RangeMisjudgedError, RoomTooLargeError } from './encode-errors.ts';
import { writeBatch, type BatchOptions, type WrittenBatch } from './write-batch.ts';

export interface BatchTask {
  range: ScannedRange;
  options: BatchOptions;
  output: ArrayBuffer;
}

export type BatchFailure =
  | { kind: 'broken-stream' | 'wrong-order'; message: string }
  | { kind: 'misjudged'; message: string; realOverEstimated: number }
  | { kind: 'room-too-large'; sessionId: string; roomBytes: number; bytesPlanned: number };

/** The buffers come back with every answer, so that they serve the next batch. */
export interface BatchAnswer {
  result: { written: WrittenBatch } | { failure: BatchFailure };
  range: ScannedRange;
}

/** The task's buffers are transferred in both directions. */
export function runBatchTask({ range, options, output }: BatchTask): unknown {
  const result = tryWrite(range, options, output);
  const buffers = [range.rooms.buffer, range.peers.buffer, range.totals.buffer];
  if ('written' in result) buffers.push(result.written.body.buffer);
  const answer: BatchAnswer = { result, range };
  return move({ [transferableSymbol]: buffers, [valueSymbol]: answer });
}

function tryWrite(range: ScannedRange, options: BatchOptions, output: ArrayBuffer): BatchAnswer['result'] {
  try {
    return { written: writeBatch(range, options, output) };
  } catch (error) {
    const failure = toFailure(error);
    if (failure === undefined) throw error;
    return { failure };
  }
}

function toFailure(error: unknown): BatchFailure | undefined {
  if (error instanceof RangeMisjudgedError)
    return { kind: 'misjudged', message: error.message, realOverEstimated: error.realOverEstimated };
  if (error instanceof RoomTooLargeError) {
    const { sessionId, roomBytes, bytesPlanned } = error;
    return { kind: 'room-too-large', sessionId, roomBytes, bytesPlanned };
  }
  if (error instanceof BrokenStreamError) return { kind: 'broken-stream', message: messagesOf(error) };
  if (error instanceof WrongOrderError) return { kind: 'wrong-order', message: error.message };
  return undefined;
}

function messagesOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
