// Turns a plan into a complete file: exports every range, checks that the history did not change, completes
// the upload and writes the manifest. When the upload vanished or a range was misjudged, it starts over with
// a new plan, a bounded number of times. Any other failure aborts the upload first. The file becomes visible
// at completion and never before, so readers never see a short one.
import { ApplicationFailure, CancellationScope, ContinueAsNew, log } from '@temporalio/workflow';
import { announceFile } from './announce-run.ts';
import { exportRanges } from './export-ranges.ts';
import { isSameFingerprint, sumRanges } from '../model/plan.ts';
import type { IntervalPlan } from '../model/plan.ts';
import type { CarriedRun, ExportRequest, RunSummary } from '../model/run.ts';
import type { CheckOutcome, CompletedFile, Target } from './contract.ts';
import type { Progress } from './show-progress.ts';
import { callQuickly } from './stages.ts';
import type { StageCalls } from './stages.ts';
import { FAILURE } from '../model/failure.ts';

/**
 * Stores that purge unfinished uploads do so after a day, so a run that needs five uploads has lasted most of
 * a week.
 */
const UPLOADS_MAX = 5;

/**
 * A history that still changes at the fifth check is being rewritten as a whole. Failing with that reason is
 * better than chasing it.
 */
const CHECKS_MAX = 5;

/** Shown beside the stages in the Web UI, for readers who do not know their names. */
const SUMMARY = {
  plan: 'counts the rooms and cuts them into batches',
  check: 'has the history moved since it was counted?',
  noFile: 'no rooms: the manifest alone',
  abort: 'gives up the unfinished upload',
} as const;

export interface ExportContext {
  request: ExportRequest;
  target: Target;
  startedAtMs: number;
  looksBack: boolean;
  stages: StageCalls;
  progress: Progress;
}

export async function exportFile(making: ExportContext): Promise<RunSummary> {
  const { request, target, progress, stages, startedAtMs, looksBack } = making;
  let carried = request.carried;
  let bytesScale = 1;
  let measureTexts = false;
  for (let uploadsBegun = carried?.uploadsBegun ?? 0; ;) {
    let upload = carried;
    if (upload === undefined) {
      progress.update({ state: 'planning' });
      progress.publish();
      // Not a local activity: the Web UI shows no summary for those, and people look at planning first.
      const outcome = await stages.planning.planInterval.executeWithOptions({ summary: SUMMARY.plan }, [
        { target, force: request.force ?? false, bytesScale, measureTexts },
      ]);
      if (outcome.outcome === 'already-complete')
        return summaryOf(making, 'already-complete', outcome.manifest, 0);
      const { plan, uploadId } = outcome;
      if (uploadId === null) return makeWithoutFile(making, plan);
      uploadsBegun += 1;
      const nothingMade = { parts: [], checksMade: 0, batchesRedone: 0 };
      upload = { startedAtMs, looksBack, plan, uploadId, uploadsBegun, ...nothingMade };
    }
    try {
      return await makeFromPlan(making, upload);
    } catch (error) {
      const failure = failureIn(error, [FAILURE.uploadGone, FAILURE.rangeMisjudged]);
      if (failure === undefined || uploadsBegun >= UPLOADS_MAX) throw error;
      const learnt = failure.type === FAILURE.rangeMisjudged ? failure.details?.[0] : undefined;
      if (learnt !== undefined && upload.plan.isSingleRange) measureTexts = true;
      else if (typeof learnt === 'number' && learnt > 0) bytesScale *= learnt;
      progress.update({ note: `Began again: ${failure.message}` });
      carried = undefined;
    }
  }
}

/** For an interval without rooms whose stream skips empty files: writes the manifest alone. */
async function makeWithoutFile(making: ExportContext, plan: IntervalPlan): Promise<RunSummary> {
  const { target, stages, progress, startedAtMs } = making;
  const manifest = await callQuickly(
    { quick: stages.quick.writeManifest, retried: stages.control.writeManifest },
    { target, plan, file: null, faultyRooms: 0, startedAtMs },
    { summary: SUMMARY.noFile, onSlow: progress.publish },
  );
  await announceFile(target, plan, manifest);
  return summaryOf(making, 'complete', manifest, 0);
}

async function makeFromPlan(making: ExportContext, upload: CarriedRun): Promise<RunSummary> {
  const { target, stages, progress } = making;
  const { key } = upload.plan;
  try {
    const file = await finishFile(making, upload);
    const faultyRooms = upload.parts.reduce((sum, part) => sum + part.faultyRooms, 0);
    const { plan, startedAtMs } = upload;
    const summary = `${plan.fingerprint.rooms} rooms, generation ${plan.generation}`;
    const manifest = await callQuickly(
      { quick: isShort(plan) ? stages.quick.writeManifest : null, retried: stages.control.writeManifest },
      { target, plan, file, faultyRooms, startedAtMs },
      { summary, onSlow: progress.publish },
    );
    await announceFile(target, plan, manifest);
    return summaryOf(making, 'complete', manifest, upload.batchesRedone);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await CancellationScope.nonCancellable(async () => {
      try {
        await stages.cleanup.abortUpload.executeWithOptions({ summary: SUMMARY.abort }, [
          { target, key, uploadId: upload.uploadId },
        ]);
      } catch (abortError) {
        // The first error is the one to report; the next run of this key aborts what is left.
        log.warn('could not abort the upload', { key, cause: String(abortError) });
        progress.update({
          note: 'The unfinished upload could not be aborted; the next run of this interval does it.',
        });
      }
    });
    throw error;
  }
}

/**
 * Repeats exporting, checking and completing until the history is unchanged since the plan and the store
 * holds every part as it was sent.
 */
async function finishFile(making: ExportContext, upload: CarriedRun): Promise<CompletedFile> {
  const { target, stages, progress } = making;
  const { key, writeId } = upload.plan;
  for (;;) {
    await exportRanges(making, upload);
    if (await redoChanged(making, upload)) continue;
    progress.update({ state: 'completing' });
    const parts = upload.parts;
    const summary = `${parts.length} ${parts.length === 1 ? 'part' : 'parts'}: visible from here on`;
    const outcome = await callQuickly(
      {
        quick: isShort(upload.plan) ? stages.quick.completeFile : null,
        retried: stages.control.completeFile,
      },
      { target, key, writeId, uploadId: upload.uploadId, parts },
      { summary, onSlow: progress.publish },
    );
    if (outcome.outcome === 'completed') return outcome.file;
    dropParts(upload, outcome.partNumbers);
    countCheck(upload, 'parts were overwritten by another attempt');
  }
}

/**
 * Whether completing is quick enough for a local activity. Stores take seconds to complete a file of many
 * parts.
 */
function isShort({ ranges }: IntervalPlan): boolean {
  return ranges.length === 1;
}

/**
 * True when ranges have to be exported again: their history changed, or their part has another number of
 * rooms than planned.
 */
async function redoChanged(making: ExportContext, upload: CarriedRun): Promise<boolean> {
  const { plan, parts } = upload;
  const { changed } = await checkRanges(making, upload);
  const redo = new Set<number>();
  for (const { index, range } of changed) {
    plan.ranges[index] = range;
    redo.add(index + 1);
  }
  for (const part of parts) {
    if (plan.ranges[part.partNumber - 1]?.fingerprint.rooms !== part.rooms) redo.add(part.partNumber);
  }
  if (redo.size === 0) return false;
  plan.fingerprint = sumRanges(plan.ranges);
  if (plan.ranges.length > 1 && plan.ranges.some((range) => range.fingerprint.rooms === 0)) {
    throw ApplicationFailure.retryable('a range of the plan has no rooms any more', FAILURE.rangeMisjudged);
  }
  dropParts(upload, [...redo]);
  countCheck(upload, 'the history of the interval changed while it was read');
  making.progress.update({ note: `History moved: ${redo.size} batches exported again.` });
  return true;
}

/**
 * A batch that covers the whole interval returns the fingerprint itself. Otherwise a separate stage reads it.
 */
async function checkRanges(
  { target, stages, progress }: ExportContext,
  { plan: { ranges }, parts }: CarriedRun,
): Promise<CheckOutcome> {
  const [range, ...others] = ranges;
  const after = parts[0]?.fingerprintAfter;
  if (range !== undefined && others.length === 0 && after !== undefined) {
    const isSame = isSameFingerprint(after, range.fingerprint);
    return { changed: isSame ? [] : [{ index: 0, range: { ...range, fingerprint: after } }] };
  }
  progress.update({ state: 'checking' });
  return stages.control.checkInterval.executeWithOptions({ summary: SUMMARY.check }, [{ target, ranges }]);
}

function dropParts(upload: CarriedRun, partNumbers: readonly number[]): void {
  upload.parts = upload.parts.filter((part) => !partNumbers.includes(part.partNumber));
  upload.batchesRedone += partNumbers.length;
}

function countCheck(upload: CarriedRun, reason: string): void {
  upload.checksMade += 1;
  if (upload.checksMade < CHECKS_MAX) return;
  throw ApplicationFailure.nonRetryable(
    `${reason}, ${CHECKS_MAX} times in a row; nothing was stored. Retry the run when the history is at rest, or lengthen the stream's settle time`,
    FAILURE.historyUnsettled,
  );
}

function summaryOf(
  making: ExportContext,
  outcome: 'complete' | 'already-complete',
  manifest: RunSummary['manifest'],
  batchesRedone: number,
): RunSummary {
  return {
    outcome,
    stream: making.target.stream,
    interval: making.progress.current.interval,
    manifest,
    batchesRedone,
  };
}

function failureIn(error: unknown, types: readonly string[]): ApplicationFailure | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure && types.includes(at.type ?? '')) return at;
  }
  return undefined;
}
