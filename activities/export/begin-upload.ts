// Opens the multipart upload of the run's file, as part of planning. An interval has one run at a time, so
// every other unfinished upload of exactly this key is left over from a run that ended without cleaning up:
// aborting it also stops whatever attempt still writes to it.
import { contentTypeOf } from '../../workflows/model/stream.ts';
import type { UploadRequest } from '../../workflows/export/contract.ts';
import { abortLeftUploads } from './abort-upload.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import type { OpenedDestination } from '../runtime/stage-tools.ts';
import { WRITE_ID_METADATA } from '../../workflows/model/manifest.ts';

export async function beginUpload(
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
