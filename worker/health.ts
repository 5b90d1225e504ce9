// Checks whether this machine's worker is alive: whether it has recently polled Temporal. Used by the image's
// health check; exits with code 0, or with 1 and one sentence. The queue of batches is not checked, because a
// healthy worker whose slots are all taken does not poll it.
import { hostname } from 'node:os';
import proto from '@temporalio/proto';
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';

// Only the default export of this CommonJS package can be imported, because Node cannot see its names before
// it runs.
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** A worker polls at least once a minute. Half a minute more allows for a busy server. */
const SILENCE_MS_MAX = 90_000;

/** @throws when Temporal cannot be reached, or no worker of this machine has polled it */
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
