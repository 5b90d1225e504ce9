// Second stage: one range of rooms becomes one part. ClickHouse emits finished JSON, Node moves bytes: the answer is collected into one
// bounded buffer first and uploaded then, because a slow store must not hold a query open. Nothing is uploaded before the answer is
// known to be whole: no exception in it, no truncated room.
import { log } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { PART_BYTES_MIN, type ExportedPart, type Fingerprint } from '../workflows/model/plan.ts';
import { type BatchRequest } from '../workflows/model/stages.ts';
import { RangeMisjudgedError, TruncatedAnswerError } from './encode/encode-errors.ts';
import { encodeBatch, type EncodedBatch } from './encode/encode-batch.ts';
import { fingerprintRange } from './history/fingerprint-range.ts';
import { openRooms, type OpenedRooms } from './history/open-rooms.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type BatchSizes, type StageTools } from './stage-tools.ts';

/** The size of a range is an estimate; a buffer may hold this many times the wanted size before the plan counts as misjudged. */
const BUFFER_HEAD_ROOM = 3;

export async function exportBatch(
  tools: StageTools,
  request: BatchRequest,
  run: StageRun,
): Promise<ExportedPart> {
  const { target, key, uploadId, partNumber } = request;
  const { store } = openDestination(tools, target.settings.destination);
  const batch = await readBatch(tools, request, run);
  await assertAllRooms(tools, request, { rooms: batch.rooms, signal: run.signal });
  reportFaults(request, batch);
  run.report({ stage: 'uploading', rooms: batch.rooms, bytes: batch.body.length });
  const [{ etag }, heldAfter] = await Promise.all([
    store.uploadPart({ key, uploadId, partNumber, body: batch.body, signal: run.signal }),
    readHeldAfter(tools, request, run),
  ]);
  const { rawBytes, crc32, rooms, faultyRooms } = batch;
  return {
    ...{ partNumber, etag, bytes: batch.body.length, rawBytes, crc32, rooms, faultyRooms },
    ...(heldAfter === undefined ? {} : { heldAfter }),
  };
}

/** The check of an interval that is one range, while its part is on its way: a stage of its own would take longer than both. */
async function readHeldAfter(
  tools: StageTools,
  request: BatchRequest,
  { signal }: StageRun,
): Promise<Fingerprint | undefined> {
  return request.isFirst && request.isLast ? readHeld(tools, request, signal) : undefined;
}

/** What the history holds of the range now. */
function readHeld(
  tools: StageTools,
  { target, range: { from, to } }: BatchRequest,
  signal: AbortSignal,
): Promise<Fingerprint> {
  return fingerprintRange(tools.history, { projectId: target.settings.project, from, to }, signal);
}

/**
 * Of a range that held none when it was planned. ClickHouse takes longer to plan the statement than for anything else of a short run, and most
 * intervals of most streams are empty; whether the range is empty still is what the check asks, as for every other.
 */
function noRooms(): OpenedRooms {
  return { chunks: Readable.from([]), exceptionTag: undefined, close: () => Promise.resolve() };
}

async function readBatch(tools: StageTools, request: BatchRequest, run: StageRun): Promise<EncodedBatch> {
  const { target, range, isFirst, isLast } = request;
  const { settings } = target;
  const rangeBytes = wantedBytes(tools.batches, settings.compression);
  const queryId = randomUUID();
  const rooms =
    range.fingerprint.rooms === 0
      ? noRooms()
      : await openRooms(tools.history, {
          range: { projectId: settings.project, from: range.from, to: range.to },
          fields: settings.fields,
          queryId,
          signal: run.signal,
        });
  try {
    const batch = await encodeBatch(rooms.chunks, {
      format: settings.format,
      compression: settings.compression,
      isFirst,
      isLast,
      exceptionTag: rooms.exceptionTag,
      bytesMax: rangeBytes * BUFFER_HEAD_ROOM,
      bytesPlanned: rangeBytes,
      onProgress: (done) =>
        run.report({ stage: 'reading', rooms: done.rooms, rawBytes: done.rawBytes, queryId }),
    });
    assertLongEnough(batch, request, rangeBytes);
    return batch;
  } finally {
    await rooms.close();
  }
}

/**
 * The plan says how many rooms the range has. Other than that is right only when the history moved: then the check finds it and the
 * range is exported again. Otherwise the answer was not whole, whatever it looked like.
 */
async function assertAllRooms(
  tools: StageTools,
  request: BatchRequest,
  { rooms, signal }: { rooms: number; signal: AbortSignal },
): Promise<void> {
  if (rooms === request.range.fingerprint.rooms) return;
  const held = await readHeld(tools, request, signal);
  if (held.rooms === rooms) return;
  throw new TruncatedAnswerError(`the answer has ${rooms} rooms, the history ${held.rooms}`);
}

/** Every part but a file's last must have the store's minimum; gzip parts are padded, plain ones cannot be. */
function assertLongEnough(
  batch: EncodedBatch,
  { isFirst, isLast, target }: BatchRequest,
  rangeBytes: number,
): void {
  const { format, compression } = target.settings;
  const isLastPart = isLast && (isFirst || format === 'ndjson');
  if (compression === 'gzip' || isLastPart || batch.body.length >= PART_BYTES_MIN) return;
  throw new RangeMisjudgedError(
    `a batch came out at ${batch.body.length} bytes, shorter than the ${PART_BYTES_MIN} a store accepts for a part`,
    Math.max(batch.body.length, 1) / rangeBytes,
  );
}

function reportFaults({ target, partNumber }: BatchRequest, batch: EncodedBatch): void {
  for (const fault of batch.faults) {
    log.warn('a room breaks the contract; exported with what is valid', {
      stream: target.stream,
      partNumber,
      ...fault,
    });
  }
}

function wantedBytes(sizes: BatchSizes, compression: 'none' | 'gzip'): number {
  return compression === 'gzip' ? sizes.rangeBytesGzip : sizes.rangeBytesPlain;
}
