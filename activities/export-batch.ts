// Second stage: one range of rooms becomes one part. The range is read as columns into buffers, a worker thread measures, writes and
// compresses it into one bounded buffer, and that is uploaded. Nothing is uploaded before it is known that all of the range was read: the
// scans ended well, and rooms, peers and track totals are as many as planned.
import { log } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { PART_BYTES_MIN, type ExportedPart, type Fingerprint } from '../workflows/model/plan.ts';
import { type BatchRequest } from '../workflows/model/stages.ts';
import type { StreamSettings } from '../workflows/model/stream.ts';
import type { ScannedRange } from '../document/history-batches.ts';
import { type BufferSet } from './encode/batch-buffers.ts';
import { RangeMisjudgedError, TruncatedAnswerError } from './encode/encode-errors.ts';
import { COLUMNS_GROWTH_MAX, type BatchSizes } from './encode/batch-memory.ts';
import { type WrittenBatch } from './encode/write-batch.ts';
import { ByteCollector, CollectorFullError } from './history/byte-collector.ts';
import { fingerprintRange } from './history/fingerprint-range.ts';
import { scanRange, type ScanBuffers } from './history/scan-range.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

export async function exportBatch(
  tools: StageTools,
  request: BatchRequest,
  run: StageRun,
): Promise<ExportedPart> {
  const { written, buffers } = await readBatch(tools, request, run);
  await assertAllRead(tools, request, { written, signal: run.signal });
  reportFaults(request, written);
  run.report({ stage: 'uploading', rooms: written.rooms, bytes: written.body.length });
  const [{ etag }, heldAfter] = await Promise.all([
    uploadBody(tools, request, { written, signal: run.signal }),
    readHeldAfter(tools, request, run),
  ]);
  tools.buffers.giveBack(buffers);
  const { body, rawBytes, crc32, rooms, faultyRooms } = written;
  return {
    partNumber: request.partNumber,
    etag,
    bytes: body.length,
    rawBytes,
    crc32,
    rooms,
    faultyRooms,
    ...(heldAfter === undefined ? {} : { heldAfter }),
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

/** The batch, and its buffers, which can be given back once the body has been sent. */
async function readBatch(
  tools: StageTools,
  request: BatchRequest,
  run: StageRun,
): Promise<{ written: WrittenBatch; buffers: BufferSet }> {
  const { settings } = request.target;
  const bytesPlanned = plannedBytes(tools.batches, settings.compression);
  const buffers = tools.buffers.take();
  const scanned = await scan(tools, request, { run, bytesPlanned, buffers });
  const { fields, format, compression } = settings;
  const { isFirst, isLast } = request;
  run.report({
    stage: 'writing',
    columnBytes: scanned.rooms.length + scanned.peers.length + scanned.totals.length,
  });
  const { written, range } = await tools.writers.write(
    scanned,
    { fields, format, compression, isFirst, isLast, bytesPlanned },
    buffers.output,
  );
  assertLongEnough(written, request, bytesPlanned);
  return {
    written,
    buffers: {
      rooms: bufferOf(range.rooms),
      peers: bufferOf(range.peers),
      totals: bufferOf(range.totals),
      output: bufferOf(written.body),
    },
  };
}

function bufferOf({ buffer }: Uint8Array): ArrayBuffer {
  return buffer instanceof ArrayBuffer ? buffer : new ArrayBuffer(0);
}

/**
 * The columns of the range. One that had no rooms when it was planned is not read: whether it is empty still is what the check asks, as for
 * every other, and most intervals of most streams are empty.
 */
async function scan(
  tools: StageTools,
  { target: { settings }, range }: BatchRequest,
  { run, bytesPlanned, buffers }: { run: StageRun; bytesPlanned: number; buffers: BufferSet },
): Promise<ScannedRange> {
  const budget = { bytesMax: COLUMNS_GROWTH_MAX * bytesPlanned, bytesUsed: 0 };
  const collectors: ScanBuffers = {
    rooms: new ByteCollector(buffers.rooms, budget),
    peers: new ByteCollector(buffers.peers, budget),
    totals: new ByteCollector(buffers.totals, budget),
  };
  if (range.fingerprint.rooms === 0)
    return { rooms: collectors.rooms.bytes, peers: collectors.peers.bytes, totals: collectors.totals.bytes };
  const queryId = randomUUID();
  try {
    return await scanRange(
      tools.history,
      {
        range: { projectId: settings.project, from: range.from, to: range.to },
        fields: settings.fields,
        queryId,
        signal: run.signal,
        onProgress: (columnBytes) => run.report({ stage: 'reading', columnBytes, queryId }),
      },
      collectors,
    );
  } catch (error) {
    if (error instanceof CollectorFullError) throw new RangeMisjudgedError(error.message, COLUMNS_GROWTH_MAX);
    throw error;
  }
}

/**
 * The plan says how many rooms, peers and track totals the range has. Others are right only when the history moved: then the check finds it
 * and the range is exported again. Otherwise the answers were not whole, whatever they looked like.
 */
async function assertAllRead(
  tools: StageTools,
  request: BatchRequest,
  { written, signal }: { written: WrittenBatch; signal: AbortSignal },
): Promise<void> {
  if (isAllOf(written, request.range.fingerprint)) return;
  const held = await readHeld(tools, request, signal);
  if (isAllOf(written, held)) return;
  throw new TruncatedAnswerError(`the scans have ${countsOf(written)}; the history has ${countsOf(held)}`);
}

interface Counts {
  rooms: number;
  peers: number;
  totals: number;
}

function isAllOf(a: Counts, b: Counts): boolean {
  return a.rooms === b.rooms && a.peers === b.peers && a.totals === b.totals;
}

function countsOf({ rooms, peers, totals }: Counts): string {
  return `${rooms} rooms, ${peers} peers and ${totals} track totals`;
}

/** Every part but a file's last must have the store's minimum; gzip parts are padded, plain ones cannot be. */
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
