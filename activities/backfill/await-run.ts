// Waits for a run that is under way already, for one that was started off the grid and may not work beside
// it.
import { Context } from '@temporalio/activity';
import type { RunSummary } from '../../workflows/model/run.ts';

export async function awaitRun({ workflowId }: { workflowId: string }): Promise<RunSummary> {
  const handle =
    Context.current().client.workflow.getHandle<(request: unknown) => Promise<RunSummary>>(workflowId);
  return handle.result();
}
