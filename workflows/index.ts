// All workflows that a worker runs, by the names under which Temporal knows them. This is the entry of the workflow bundle.
export { exportInterval } from './export-interval.ts';
export { checkStreams } from './check-streams.ts';
export { preflight } from './preflight.ts';
export { announceEvent } from './announce-event.ts';
export { findManifest } from './find-manifest.ts';
export { backfill } from './backfill.ts';
export { streamStatus } from './stream-status.ts';
export { watchStreams } from './watch-streams.ts';
export { audit } from './audit.ts';
export { verifyFile } from './verify-file.ts';
