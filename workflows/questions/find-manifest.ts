// Lets the command line ask a worker for the stored manifest of an interval.
import { proxyActivities } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { findManifestRequest } from './input.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Stages, Target } from '../export/contract.ts';

/** A person waits for the answer, so a store that is down is reported and not waited for. */
const { findManifest: find } = proxyActivities<Stages>({
  startToCloseTimeout: '20 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 2 },
});

export async function findManifest(target: Target): Promise<Manifest | null> {
  assertInput('findManifest', findManifestRequest, target);
  return find(target);
}
