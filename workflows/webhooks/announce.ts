// Announces an event from another workflow by starting the workflow that delivers it. Never fails, and never
// waits for a receiver. An event that was already announced is not announced again.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { log, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { announcementIdOf, describeEvent } from './contract.ts';
import type { AnnouncedEvent } from './contract.ts';

export async function announce(event: AnnouncedEvent): Promise<void> {
  try {
    await startChild<(event: AnnouncedEvent) => Promise<unknown>>('announceEvent', {
      workflowId: announcementIdOf(event),
      args: [event],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      staticSummary: describeEvent(event),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    log.warn('could not announce an event', { event: event.id, cause: String(error) });
  }
}
