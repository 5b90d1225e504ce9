// Asks a worker by a short workflow: only workers know destinations and the history. Says so when none is there; a worker that has
// taken the question is waited for.
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { type Connected } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { innermostMessage } from './follow-run.ts';

/** A worker that has not taken a short workflow within this is not there. */
const WORKER_WAIT_MS = 10_000;

/** Of a workflow that no worker has looked at: that it was started, and that there is something to decide. */
const EVENTS_BEFORE_A_WORKER = 2;

export interface Question {
  /** The workflow's name. */
  workflow: string;
  request: unknown;
  /** What a person reads in the Web UI. */
  summary: string;
  /** After this the answer is worth nothing. */
  timeoutMs: number;
}

/** Throws CommandError when no worker takes the question, or when the workflow fails. */
export async function askWorker<Answer>(
  { client, config }: Connected,
  { workflow, request, summary, timeoutMs }: Question,
): Promise<Answer> {
  const handle = await client.workflow.start<(request: unknown) => Promise<Answer>>(workflow, {
    workflowId: `${workflow}:${randomUUID()}`,
    taskQueue: config.taskQueue,
    args: [request],
    workflowExecutionTimeout: timeoutMs,
    staticSummary: summary,
  });
  const timer = new AbortController();
  try {
    return await Promise.race([handle.result(), untilNobodyCame(handle, config.taskQueue, timer.signal)]);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new CommandError(innermostMessage(error), EXIT.failed, { cause: error });
  } finally {
    timer.abort();
  }
}

/** Rejects when no worker has taken the workflow in time, and ends it: nobody is to answer what nobody waits for. */
function untilNobodyCame(handle: WorkflowHandle, taskQueue: string, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const look = async (): Promise<void> => {
      const { historyLength } = await handle.describe();
      if (historyLength > EVENTS_BEFORE_A_WORKER) return;
      await handle.terminate('no worker took it in time');
      throw new CommandError(
        `no worker answered on task queue "${taskQueue}" within ${WORKER_WAIT_MS / 1000} s; start one, then try again`,
        EXIT.unreachable,
      );
    };
    const timeout = setTimeout(() => void look().catch(reject), WORKER_WAIT_MS);
    signal.addEventListener('abort', () => clearTimeout(timeout));
  });
}
