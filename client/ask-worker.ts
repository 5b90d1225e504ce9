// Asks a worker by a short workflow: only workers know destinations and the history. Says so when none is
// there; a worker that has taken the question is waited for.
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { innermostMessage } from './follow-workflow.ts';

/** A worker that has not taken a short workflow within this is not there. */
const WORKER_WAIT_MS = 10_000;

/** How often it is looked whether a worker has come. */
const LOOK_MS = 100;

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
  let nobodyCame: CommandError | undefined;
  const look = async (): Promise<void> => {
    if (await isTaken(handle)) return;
    nobodyCame = nobodyAnswered(config.taskQueue);
    // Nobody is to answer what nobody waits for; the result below rejects by it.
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
 * Waits until a worker has taken a workflow that was just started; throws CommandError, and ends the
 * workflow, when none does in time.
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

/** Rejects `failed` when looking fails; otherwise it stays as it is. */
function lookAfter(ms: number, look: () => Promise<void>): { failed: Promise<never>; stop: () => void } {
  let timeout: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(() => void look().catch(reject), ms);
  });
  return { failed, stop: () => clearTimeout(timeout) };
}
