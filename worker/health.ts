// Whether the worker of this machine is at work: Temporal has heard it ask for work lately. For the image's
// health check: exit code 0, or 1 and one sentence. The queue of batches is not looked at: a worker whose
// slots are all taken does not ask for more, and is well.
import { hostname } from 'node:os';
import proto from '@temporalio/proto';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';

// A CommonJS package whose names Node cannot see before it runs: only its default export can be imported.
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** A worker asks anew at least every minute; half of one more for a busy server. */
const SILENCE_MS_MAX = 90_000;

/** Throws when Temporal cannot be reached, or has not heard of a worker of this machine. */
async function assertHealthy({ connection, config }: Connected): Promise<void> {
  const { namespace, taskQueue } = config;
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  // The SDK names a worker by its process and its host.
  const ours = pollers.filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
  const heardMs = ours.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  if (!heardMs.some((atMs) => Date.now() - atMs <= SILENCE_MS_MAX))
    throw new Error(`no worker on ${hostname()} has asked for work of task queue ${taskQueue} lately`);
}

withTemporal(assertHealthy).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
