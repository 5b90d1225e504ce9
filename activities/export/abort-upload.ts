// Gives up unfinished uploads: the store forgets their parts, and late attempts that still write to them are
// refused.
import { log } from '@temporalio/activity';
import type { AbortRequest } from '../../workflows/export/contract.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';

/** A store that does not take an abort in this time will not take it soon. */
const GIVE_UP_WITHIN_MS = 5_000;

/** The run's own upload. One that is gone already is as good as aborted. */
export async function abortUpload(tools: StageTools, request: AbortRequest, run: StageRun): Promise<void> {
  const { store } = openDestination(tools, request.target.settings.destination);
  await store.abortUpload({ key: request.key, uploadId: request.uploadId, signal: run.signal });
}

/**
 * Every unfinished upload of exactly this key, left over from runs that ended without cleaning up. Returns
 * how many there were. Only for whoever owns the interval, or where no run of it is under way.
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
 * One that no run will hear of, also when the stage that began it was cancelled. Never rejects: the next run
 * of the interval aborts what is left.
 */
export async function giveUpUpload(
  { store }: OpenedDestination,
  { key, uploadId }: { key: string; uploadId: string },
): Promise<void> {
  try {
    await store.abortUpload({ key, uploadId, signal: AbortSignal.timeout(GIVE_UP_WITHIN_MS) });
  } catch (error) {
    log.warn('could not abort the upload; the next run of the interval does it', {
      key,
      cause: String(error),
    });
  }
}
