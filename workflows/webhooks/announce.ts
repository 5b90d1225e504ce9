// Announces an event from within another workflow: starts the one that delivers it and goes on. Never fails
// and never waits for a receiver; an event that is being delivered already, or was, is left alone.
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
