// Lets the command line ask a worker to read a file back, because only workers have the keys of destinations.
import { proxyActivities } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { verifyRequest } from './input.ts';
import type { VerifyAnswer, Verifying, VerifyRequest } from './verify-contract.ts';

/**
 * The largest files have tens of gigabytes. Half a day is enough for a store at a megabyte a second. Another
 * worker takes over when this one dies.
 */
const { verifyFile: readBack, listDestinations } = proxyActivities<Verifying>({
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute', maximumAttempts: 10 },
});

export async function verifyFile(request: VerifyRequest): Promise<VerifyAnswer> {
  assertInput('verifyFile', verifyRequest, request);
  const known = await listDestinations();
  if (!known.includes(request.destination)) return { known };
  return readBack.executeWithOptions({ summary: request.key }, [request]);
}
