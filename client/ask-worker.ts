// Asks a worker a question by starting a short workflow, because only workers know the destinations and the
// history. Reports an error when no worker takes the question in time. Once a worker has taken it, waits for
// the answer.
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { innermostMessage } from './follow-workflow.ts';

/** If no worker takes a short workflow within this time, no worker is running. */
const WORKER_WAIT_MS = 10_000;

/** How often to check whether a worker has taken the workflow. */
const LOOK_MS = 100;

/** The events of a workflow that no worker has looked at: its start and its first scheduled workflow task. */
const EVENTS_BEFORE_A_WORKER = 2;

export interface Question {
  /** The workflow's name. */
  workflow: string;
  request: unknown;
  /** The summary that the Web UI shows. */
  summary: string;
  /** After this time the answer is no longer useful. */
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
  let nobodyCame: CommandError | undefined;
  const look = async (): Promise<void> => {
    if (await isTaken(handle)) return;
    nobodyCame = nobodyAnswered(config.taskQueue);
    // The workflow is terminated because nobody waits for its answer any more; `result` below then rejects.
    await handle.terminate('no worker took it in time');
  };
  const looking = lookAfter(WORKER_WAIT_MS, look);
  try {
    return await Promise.race([handle.result(), looking.failed]);
  } catch (error) {
    if (nobodyCame !== undefined) throw nobodyCame;
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new CommandError(innermostMessage(error), EXIT.failed, { cause: error });
  } finally {
    looking.stop();
  }
}

/**
 * Waits until a worker has taken a workflow that was just started.
 * @throws CommandError when no worker takes it in time; the workflow is terminated first.
 */
export async function assertTaken({ config }: Connected, handle: WorkflowHandle): Promise<void> {
  const deadlineMs = Date.now() + WORKER_WAIT_MS;
  while (!(await isTaken(handle))) {
    if (Date.now() >= deadlineMs) {
      await handle.terminate('no worker took it in time');
      throw nobodyAnswered(config.taskQueue);
    }
    await wait(LOOK_MS);
  }
}

async function isTaken(handle: WorkflowHandle): Promise<boolean> {
  return (await handle.describe()).historyLength > EVENTS_BEFORE_A_WORKER;
}

function nobodyAnswered(taskQueue: string): CommandError {
  return new CommandError(
    `no worker answered on task queue "${taskQueue}" within ${WORKER_WAIT_MS / 1000} s; start one, then try again`,
    EXIT.unreachable,
  );
}

/** Rejects with `failed` when the check fails; otherwise never settles. */
function lookAfter(ms: number, look: () => Promise<void>): { failed: Promise<never>; stop: () => void } {
  let timeout: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(() => void look().catch(reject), ms);
  });
  return { failed, stop: () => clearTimeout(timeout) };
}
