// The watch: its own schedule starts it every few minutes. It checks all streams, reports which are late, and
// pauses those whose intervals fail one after another. Exports do not depend on it.
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { announce } from '../webhooks/announce.ts';
import { assertInput } from '../model/assert-input.ts';
import { watchRequest, watchMemory } from './input.ts';
import { fits } from '../model/shape.ts';
import type { WatchMemory, Watching, WatchRequest } from './contract.ts';

/** A check that takes longer ends when the next one begins. */
const watching = proxyActivities<Watching>({
  startToCloseTimeout: '4 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 5 },
});

const NOTHING: WatchMemory = { latest: {}, reported: {}, pausedAtMs: {} };

/** Returns the memory for the next check. */
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
