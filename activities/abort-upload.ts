// Gives up unfinished uploads: the store forgets their parts, and late attempts that still write to them are refused.
import { type AbortRequest } from '../workflows/model/stages.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type OpenedDestination, type StageTools } from './stage-tools.ts';

/** The run's own upload. One that is gone already is as good as aborted. */
export async function abortUpload(tools: StageTools, request: AbortRequest, run: StageRun): Promise<void> {
  const { store } = openDestination(tools, request.target.settings.destination);
  await store.abortUpload({ key: request.key, uploadId: request.uploadId, signal: run.signal });
}

/**
 * Every unfinished upload of exactly this key, left over from runs that ended without cleaning up. Returns how many there were. Only for
 * whoever owns the interval, or where no run of it is under way.
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
