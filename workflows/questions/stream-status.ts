// Lets the command line ask a worker for the status of streams, because only workers open stores.
import { proxyActivities } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { statusRequest } from './input.ts';
import type { StatusAnswer, StatusReading, StatusRequest } from './status-contract.ts';

/** A person waits for the answer. A store that is down is part of the answer. */
const { readStatus } = proxyActivities<StatusReading>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 2 },
});

export async function streamStatus(request: StatusRequest): Promise<StatusAnswer> {
  assertInput('streamStatus', statusRequest, request);
  return readStatus(request);
}
