// Lets the command line ask a worker whether streams could run, because only the worker knows the
// destinations.
import { proxyActivities } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { checkStreamsRequest } from './input.ts';
import type { Stages, StreamChecks } from '../export/contract.ts';
import type { StreamDefinition } from '../model/stream.ts';

/**
 * A person waits for the answer, so a server that is down is reported and not waited for. A thousand changed
 * streams are checked in half a minute.
 */
const { checkStreams: check } = proxyActivities<Stages>({
  startToCloseTimeout: '90 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
});

export async function checkStreams(request: { streams: StreamDefinition[] }): Promise<StreamChecks> {
  assertInput('checkStreams', checkStreamsRequest, request);
  return check(request);
}
