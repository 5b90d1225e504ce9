// Gives up an unfinished upload: the store forgets its parts. An upload that is gone already is as good as aborted.
import { type AbortRequest } from '../workflows/model/stages.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

export async function abortUpload(tools: StageTools, request: AbortRequest, run: StageRun): Promise<void> {
  const { store } = openDestination(tools, request.target.settings.destination);
  await store.abortUpload({ key: request.key, uploadId: request.uploadId, signal: run.signal });
}
