// Aborts unfinished uploads: the store deletes their parts, and refuses late attempts that still write to
// them.
import { log } from '@temporalio/activity';
import type { AbortRequest } from '../../workflows/export/contract.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';

/** A store that does not answer an abort in this time will not answer it soon. */
const ABORT_WITHIN_MS = 5_000;

/** Aborts the run's own upload. An upload that no longer exists counts as aborted. */
export async function abortUpload(tools: StageTools, request: AbortRequest, run: StageRun): Promise<void> {
  const { store } = openDestination(tools, request.target.settings.destination);
  await store.abortUpload({ key: request.key, uploadId: request.uploadId, signal: run.signal });
}

/**
 * Aborts every unfinished upload of exactly this key. They were left by runs that ended without cleaning up.
 * Only the run that owns the interval may call this, or any caller when no run of the interval is in
 * progress.
 * @returns how many there were
 */
export async function abortLeftUploads(
  { store }: OpenedDestination,
  key: string,
  run: StageRun,
): Promise<number> {
  const uploads = await store.listUploads({ key, signal: run.signal });
  for (const uploadId of uploads) await store.abortUpload({ key, uploadId, signal: run.signal });
  return uploads.length;
}

/**
 * Aborts an upload whose id no run received, also when the stage that began it was cancelled. Never rejects:
 * the next run of the interval aborts what is left.
 */
export async function abandonUpload(
  { store }: OpenedDestination,
  { key, uploadId }: { key: string; uploadId: string },
): Promise<void> {
  try {
    await store.abortUpload({ key, uploadId, signal: AbortSignal.timeout(ABORT_WITHIN_MS) });
  } catch (error) {
    log.warn('could not abort the upload; the next run of the interval does it', {
      key,
      cause: String(error),
    });
  }
}
