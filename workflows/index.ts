// All workflows that a worker runs, exported under their names in Temporal. This is the entry of the workflow
// bundle.
export { exportInterval } from './export/workflow.ts';
export { checkStreams } from './questions/check-streams.ts';
export { preflight } from './questions/preflight.ts';
export { announceEvent } from './webhooks/workflow.ts';
export { findManifest } from './questions/find-manifest.ts';
export { backfill } from './backfill/workflow.ts';
export { streamStatus } from './questions/stream-status.ts';
export { watchStreams } from './watch/workflow.ts';
export { audit } from './audit/workflow.ts';
export { verifyFile } from './questions/verify-file.ts';
