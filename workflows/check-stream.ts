// A short workflow by which the command line asks a worker whether a stream could run: only the worker knows the destinations.
import { proxyActivities } from '@temporalio/workflow';
import { type Stages, type StreamCheck } from './model/stages.ts';
import { type StreamDefinition } from './model/stream.ts';

/** A person waits for the answer, so a server that is down is reported, not waited for. */
const { checkStream: check } = proxyActivities<Stages>({
  startToCloseTimeout: '20 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
});

export async function checkStream(stream: StreamDefinition): Promise<StreamCheck> {
  return check(stream);
}
