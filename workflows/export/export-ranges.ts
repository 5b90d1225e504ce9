// Exports the ranges of a plan that have no part yet, a few at once. It continues as new when the event
// history grows long. Finished parts are collected in the upload's state. When one batch fails permanently,
// the others are stopped.
import { CancellationScope, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { ExportContext } from './export-file.ts';
import type { CarriedRun, ExportRequest } from '../model/run.ts';

export async function exportRanges(making: ExportContext, upload: CarriedRun): Promise<void> {
  const { progress } = making;
  const { plan } = upload;
  const done = new Set(upload.parts.map((part) => part.partNumber));
  const waiting = plan.ranges.map((_range, index) => index).filter((index) => !done.has(index + 1));
  progress.update({
    state: 'exporting',
    key: plan.key,
    generation: plan.generation,
    exportStartedAtMs: Date.now(),
  });
  showCounts(making, upload);
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const lane = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        await exportRange(making, upload, index);
        if (workflowInfo().continueAsNewSuggested) return;
      }
    };
    try {
      await Promise.all(Array.from({ length: plan.batchesAtOnce }, lane));
    } catch (error) {
      scope.cancel();
      throw error;
    }
  });
  if (waiting.length > 0) {
    await continueAsNew<(request: ExportRequest) => Promise<unknown>>({ ...making.request, carried: upload });
  }
}

async function exportRange(making: ExportContext, upload: CarriedRun, index: number): Promise<void> {
  const { target, stages } = making;
  const { plan, uploadId } = upload;
  const range = plan.ranges[index];
  if (range === undefined) throw new RangeError(`the plan has no range ${index}`);
  const request = {
    target,
    key: plan.key,
    writeId: plan.writeId,
    uploadId,
    range,
    partNumber: index + 1,
    isFirst: index === 0,
    isLast: index === plan.ranges.length - 1,
  };
  const summary = `part ${index + 1} of ${plan.ranges.length}: ${range.fingerprint.rooms} rooms`;
  upload.parts.push(await stages.batches.exportBatch.executeWithOptions({ summary }, [request]));
  showCounts(making, upload);
}

function showCounts(making: ExportContext, upload: CarriedRun): void {
  const { plan, parts, batchesRedone } = upload;
  making.progress.update({
    roomsPlanned: plan.fingerprint.rooms,
    roomsDone: parts.reduce((sum, part) => sum + part.rooms, 0),
    batchesPlanned: plan.ranges.length,
    batchesDone: parts.length,
    batchesRedone,
    rawBytesDone: parts.reduce((sum, part) => sum + part.rawBytes, 0),
  });
}
