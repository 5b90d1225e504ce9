// Second stage: one range of rooms becomes one part. A worker thread reads the range as columns, measures,
// writes and compresses it into one bounded buffer, which this thread uploads. Nothing is uploaded before the
// whole range is known to be read: the scans ended well, and the counts of rooms, peers and track totals are
// as planned.
import { log } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { describeCounts, hasSameCounts, PART_BYTES_MIN } from '../../workflows/model/plan.ts';
import type { ExportedPart, Fingerprint } from '../../workflows/model/plan.ts';
import type { BatchRequest } from '../../workflows/export/contract.ts';
import type { StreamSettings } from '../../workflows/model/stream.ts';
import { RangeMisjudgedError, TruncatedAnswerError } from '../scans/batch-errors.ts';
import { PROGRESS } from '../batch/batch-task.ts';
import type { BatchSizes } from '../batch/batch-memory.ts';
import type { WrittenBatch } from '../batch/write-batch.ts';
import { fingerprintRange } from '../scans/fingerprint-range.ts';
import { scanQueryIds } from '../scans/scan-statements.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

export async function exportBatch(
  tools: StageTools,
  request: BatchRequest,
  run: StageRun,
): Promise<ExportedPart> {
  const written = await readBatch(tools, request, run);
  assertLongEnough(written, request, plannedBytes(tools.batches, request.target.settings.compression));
  await assertAllRead(tools, request, { written, signal: run.signal });
  reportFaults(request, written);
  run.report({ stage: 'uploading', rooms: written.rooms, bytes: written.body.length });
  const [{ etag }, fingerprintAfter] = await Promise.all([
    uploadBody(tools, request, { written, signal: run.signal }),
    readFingerprintAfter(tools, request, run),
  ]);
  tools.buffers.giveBack(written.body.buffer);
  const { body, rawBytes, crc32, rooms, faultyRooms } = written;
  return {
    partNumber: request.partNumber,
    etag,
    bytes: body.length,
    rawBytes,
    crc32,
    rooms,
    faultyRooms,
    ...(fingerprintAfter === undefined ? {} : { fingerprintAfter }),
  };
}

function uploadBody(
  tools: StageTools,
  { target, key, uploadId, partNumber }: BatchRequest,
  { written: { body, md5 }, signal }: { written: WrittenBatch; signal: AbortSignal },
): Promise<{ etag: string }> {
  const { store } = openDestination(tools, target.settings.destination);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return store.uploadPart({ key, uploadId, partNumber, body: bytes, md5, signal });
}

/**
 * For an interval of one range: reads the fingerprint again while the part is being uploaded. A separate
 * check stage would take longer than both.
 */
async function readFingerprintAfter(
  tools: StageTools,
  request: BatchRequest,
  { signal }: StageRun,
): Promise<Fingerprint | undefined> {
  return request.isFirst && request.isLast ? readFingerprint(tools, request, signal) : undefined;
}

/** The fingerprint of the range as the history holds it now. */
function readFingerprint(
  tools: StageTools,
  { target, range: { from, to } }: BatchRequest,
  signal: AbortSignal,
): Promise<Fingerprint> {
  return fingerprintRange(tools.history, { projectId: target.settings.project, from, to }, signal);
}

/** How often the thread's progress is read for the next heartbeat. */
const PROGRESS_MS = 1_000;

/**
 * Reads and writes the batch in a worker thread. A range that had no rooms when it was planned is not read,
 * because most intervals of most streams are empty. The check finds out whether it is still empty, as for
 * every other range.
 */
async function readBatch(
  tools: StageTools,
  { target: { settings }, range, isFirst, isLast }: BatchRequest,
  run: StageRun,
): Promise<WrittenBatch> {
  const { fields, format, compression, project: projectId } = settings;
  const queryId = randomUUID();
  const scan =
    range.fingerprint.rooms === 0
      ? null
      : { range: { projectId, from: range.from, to: range.to }, fields, queryId };
  const options = {
    fields,
    format,
    compression,
    isFirst,
    isLast,
    bytesPlanned: plannedBytes(tools.batches, compression),
  };
  const progress = new Float64Array(new SharedArrayBuffer(PROGRESS.length * Float64Array.BYTES_PER_ELEMENT));
  const report = () =>
    run.report({ stage: 'reading', columnBytes: progress[PROGRESS.columnBytes] ?? 0, queryId });
  report();
  const timer = setInterval(report, PROGRESS_MS);
  try {
    return await tools.writers.write({ scan, options, output: tools.buffers.take(), progress }, run.signal);
  } catch (error) {
    // Otherwise the server keeps running the queries until it notices the closed connection.
    if (scan !== null) await tools.history.killQueries(scanQueryIds(queryId));
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Compares the counts of rooms, peers and track totals with the plan's. Other counts are right only when the
 * history has changed: then the check finds it and the range is exported again. Otherwise the answers were
 * incomplete.
 * @throws TruncatedAnswerError
 */
async function assertAllRead(
  tools: StageTools,
  request: BatchRequest,
  { written, signal }: { written: WrittenBatch; signal: AbortSignal },
): Promise<void> {
  if (hasSameCounts(written, request.range.fingerprint)) return;
  const current = await readFingerprint(tools, request, signal);
  if (hasSameCounts(written, current)) return;
  throw new TruncatedAnswerError(
    `the scans have ${describeCounts(written)}; the history has ${describeCounts(current)}`,
  );
}

/**
 * Every part but the last must have the store's minimum size. Gzip parts are padded; plain ones cannot be.
 */
function assertLongEnough(
  { body }: WrittenBatch,
  { isFirst, isLast, target }: BatchRequest,
  bytesPlanned: number,
): void {
  const { format, compression } = target.settings;
  const isLastPart = isLast && (isFirst || format === 'ndjson');
  if (compression === 'gzip' || isLastPart || body.length >= PART_BYTES_MIN) return;
  throw new RangeMisjudgedError(
    `a batch came out at ${body.length} bytes, shorter than the ${PART_BYTES_MIN} a store accepts for a part`,
    Math.max(body.length, 1) / bytesPlanned,
  );
}

function reportFaults({ target, partNumber }: BatchRequest, { faults }: WrittenBatch): void {
  for (const { codes, sessionId } of faults) {
    log.warn('a room breaks the contract; exported with what is valid', {
      stream: target.stream,
      partNumber,
      codes: codes.join(','),
      sessionId,
    });
  }
}

function plannedBytes(sizes: BatchSizes, compression: StreamSettings['compression']): number {
  return compression === 'gzip' ? sizes.rangeBytesGzip : sizes.rangeBytesPlain;
}
