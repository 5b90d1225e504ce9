// First stage: checks whether the interval is already complete, cuts its rooms into ranges, reads the
// fingerprint of each, and begins the upload meanwhile. Every later stage follows the plan that it returns.
import { hasNoFileWhenEmpty, RANGES_MAX, rangeOf, sumRanges } from '../../workflows/model/plan.ts';
import type { PlannedRange, RoomRange } from '../../workflows/model/plan.ts';
import type { PlanOutcome, PlanRequest, UploadRequest } from '../../workflows/export/contract.ts';
import { WRITE_ID_METADATA } from '../../workflows/model/manifest.ts';
import { contentTypeOf } from '../../workflows/model/stream.ts';
import { abortLeftUploads, abandonUpload } from './abort-upload.ts';
import { cutRanges, isSurelyOneRange } from '../scans/cut-ranges.ts';
import { fingerprintRange } from '../scans/fingerprint-range.ts';
import { keyOf } from '../manifests/file-key.ts';
import { findCover } from '../manifests/find-cover.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { InvalidRequestError } from '../runtime/stage-errors.ts';
import { openDestination, webhooksFor } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';

/** Fingerprint queries are short. Two at once hide their round trips without loading the server. */
const FINGERPRINTS_AT_ONCE = 2;

export async function planInterval(
  tools: StageTools,
  request: PlanRequest,
  run: StageRun,
): Promise<PlanOutcome> {
  const { target } = request;
  const opened = openDestination(tools, target.settings.destination);
  const key = keyOf(target);
  const { manifest, found, manifestEtag, storedHead } = await findCover(opened, target, run.signal);
  if (manifest !== null && !request.force) {
    // A terminated forced run may have left its upload. This run begins none, so nothing else would abort it.
    await abortLeftUploads(opened, key, run);
    return { outcome: 'already-complete', manifest };
  }
  const writeId = tools.newId();
  const replacesObject = storedHead !== null;
  const planning = planRanges(tools, request, run);
  const begin = async (): Promise<string | null> => {
    // Where the file depends on whether there are rooms, nothing is begun before they are counted.
    const dependsOnRooms = hasNoFileWhenEmpty(target.settings, { replacesObject });
    if (dependsOnRooms && sumRanges((await planning).ranges).rooms === 0) return null;
    return beginUpload(opened, { target, key, writeId }, run);
  };
  const [{ ranges, isSingleRange }, uploadId] = await bothOrNone(planning, begin(), (begun) =>
    abandonUpload(opened, { key, uploadId: begun }),
  );
  return {
    outcome: 'planned',
    plan: {
      key,
      writeId,
      generation: (found?.generation ?? 0) + 1,
      supersedes: found?.write_id ?? null,
      manifestEtag,
      replacesObject,
      ranges,
      isSingleRange,
      fingerprint: sumRanges(ranges),
      batchesAtOnce: tools.batches.atOnce,
      isAnnounced: webhooksFor(tools, 'file.completed').length > 0,
    },
    uploadId,
  };
}

/**
 * Waits for both. When either rejects, an upload that was begun meanwhile is abandoned, and the error is
 * thrown.
 */
async function bothOrNone<Planned>(
  planning: Promise<Planned>,
  beginning: Promise<string | null>,
  abandon: (uploadId: string) => Promise<void>,
): Promise<[Planned, string | null]> {
  const [, begun] = await Promise.allSettled([planning, beginning]);
  try {
    return [await planning, await beginning];
  } catch (error) {
    if (begun.status === 'fulfilled' && begun.value !== null) await abandon(begun.value);
    throw error;
  }
}

/**
 * Begins the multipart upload of the run's file. An interval has one run at a time, so every other unfinished
 * upload of this key was left by a run that ended without cleaning up. Aborting it also stops any attempt
 * that still writes to it.
 */
async function beginUpload(
  opened: OpenedDestination,
  { target, key, writeId }: UploadRequest,
  run: StageRun,
): Promise<string> {
  await abortLeftUploads(opened, key, run);
  const metadata = { [WRITE_ID_METADATA]: writeId, 'workflow-id': run.workflowId, 'run-id': run.runId };
  return opened.store.beginUpload({
    key,
    contentType: contentTypeOf(target.settings),
    metadata,
    signal: run.signal,
  });
}

async function planRanges(
  tools: StageTools,
  request: PlanRequest,
  run: StageRun,
): Promise<{ ranges: PlannedRange[]; isSingleRange: boolean }> {
  const { settings, interval } = request.target;
  const rangeBytes =
    settings.compression === 'gzip' ? tools.batches.rangeBytesGzip : tools.batches.rangeBytesPlain;
  const cut = {
    projectId: settings.project,
    interval,
    fields: settings.fields,
    rangeBytes,
    bytesScale: request.bytesScale,
  };
  const fingerprintOf = (range: RoomRange) =>
    fingerprintRange(tools.history, { ...range, projectId: settings.project }, run.signal);
  const whole = await fingerprintOf(rangeOf(interval));
  const one = [{ ...rangeOf(interval), fingerprint: whole }];
  if (!request.measureTexts && isSurelyOneRange(whole, cut)) return { ranges: one, isSingleRange: true };
  const bounds = await cutRanges(tools.history, cut, run.signal);
  if (bounds.length > RANGES_MAX) {
    throw new InvalidRequestError(
      `interval: got ${bounds.length} batches, allowed: ${RANGES_MAX}; shorten the stream's interval, compress it, or raise BATCH_MB_PLAIN and BATCH_MB_GZIP of the workers`,
    );
  }
  if (bounds.length === 1) return { ranges: one, isSingleRange: false };
  const ranges: PlannedRange[] = [];
  for (let at = 0; at < bounds.length; at += FINGERPRINTS_AT_ONCE) {
    const some = bounds.slice(at, at + FINGERPRINTS_AT_ONCE);
    const read = some.map(async (range) => ({ ...range, fingerprint: await fingerprintOf(range) }));
    ranges.push(...(await Promise.all(read)));
    run.report({ ranges: ranges.length, of: bounds.length });
  }
  return { ranges, isSingleRange: false };
}
