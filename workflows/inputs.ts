// The input shape of every workflow, by its name in Temporal.
import { auditRequest } from './audit/input.ts';
import { backfillRequest } from './backfill/input.ts';
import { exportRequest } from './export/input.ts';
import {
  checkStreamsRequest,
  preflightRequest,
  findManifestRequest,
  statusRequest,
  verifyRequest,
} from './questions/input.ts';
import { watchRequest } from './watch/input.ts';
import { announcedEvent } from './webhooks/input.ts';

export const INPUTS = {
  exportInterval: exportRequest,
  checkStreams: checkStreamsRequest,
  preflight: preflightRequest,
  announceEvent: announcedEvent,
  findManifest: findManifestRequest,
  backfill: backfillRequest,
  streamStatus: statusRequest,
  watchStreams: watchRequest,
  audit: auditRequest,
  verifyFile: verifyRequest,
};
