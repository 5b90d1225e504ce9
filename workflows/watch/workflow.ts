// The watch: started by its own schedule every few minutes, looks at all streams, tells who is late, and
// pauses those whose intervals fail one after another. Exports know nothing of it and wait for nothing of it.
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { announce } from '../webhooks/announce.ts';
import { assertInput } from '../model/assert-input.ts';
import { watchRequest, watchMemory } from './input.ts';
import { fits } from '../model/shape.ts';
import type { WatchMemory, Watching, WatchRequest } from './contract.ts';

/** A look that takes longer is over when the next one begins. */
const watching = proxyActivities<Watching>({
  startToCloseTimeout: '4 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 5 },
});

const NOTHING: WatchMemory = { latest: {}, told: {}, pausedAtMs: {} };

/** Ends with what the next look has to know. */
export async function watchStreams(request: WatchRequest): Promise<WatchMemory> {
  assertInput('watchStreams', watchRequest, request);
  const { lastResult } = workflowInfo();
  const before = fits(watchMemory, lastResult) ? lastResult : NOTHING;
  const summary = 'which streams are late, and whose runs fail?';
  const { late, toPause, memory } = await watching.watchStreams.executeWithOptions({ summary }, [
    { ...request, memory: before },
  ]);
  await Promise.all(late.map(announce));
  for (const plan of toPause) {
    const isPaused = await watching.pauseStream.executeWithOptions({ summary: `stream ${plan.stream}` }, [
      plan,
    ]);
    if (!isPaused) continue;
    memory.pausedAtMs[plan.stream] = Date.now();
    if (plan.event !== null) await announce(plan.event);
  }
  return memory;
}
