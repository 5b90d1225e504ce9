// Waits for the first of several runs to end, for a limited time: the waiting activity holds one of the
// worker's slots, and the runs need slots too. It polls, because a worker's connection cannot abandon a long
// poll before it is over.
import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { EndedRun } from '../../workflows/backfill/contract.ts';
import type { RunSummary } from '../../workflows/model/run.ts';
import { innermostMessage } from '../runtime/innermost-message.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import type { StageRun } from '../runtime/run-stage.ts';

/** After this time, other activities get the slot. */
const WAIT_MS_MAX = 20_000;

/** The shortest run takes about this long. Long runs are polled less and less often. */
const ASK_MS_FIRST = 100;
const ASK_MS_MAX = 1_000;

const ASKED_AT_ONCE = 10;

export async function awaitRuns(
  { workflowIds }: { workflowIds: string[] },
  { signal }: StageRun,
): Promise<EndedRun[]> {
  const { client } = Context.current();
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  for (let askMs = ASK_MS_FIRST; ; askMs = Math.min(ASK_MS_MAX, askMs * 1.5)) {
    const ends = await inLanes(workflowIds, ASKED_AT_ONCE, (workflowId) => endOf(client, workflowId));
    const ended = ends.filter((end) => end !== null);
    if (ended.length > 0 || Date.now() > deadlineMs) return ended;
    await wait(askMs, undefined, { signal });
  }
}

/** Null while the run is in progress. */
async function endOf(client: Client, workflowId: string): Promise<EndedRun | null> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') return null;
    if (status.name === 'COMPLETED') return { workflowId, failure: null };
    await handle.result();
    return { workflowId, failure: null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { workflowId, failure: 'Temporal no longer knows a run of this id' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { workflowId, failure: innermostMessage(error) };
  }
}

/** Waits for one run that is already in progress, on behalf of a run that was started off the grid. */
export async function awaitRun({ workflowId }: { workflowId: string }): Promise<RunSummary> {
  const handle =
    Context.current().client.workflow.getHandle<(request: unknown) => Promise<RunSummary>>(workflowId);
  return handle.result();
}
