// Starts and follows audits. Each stream and range has one workflow, so starting the same audit twice joins
// the first one. This file never prints.
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { AUDIT_FOUND, auditIdOf } from '../workflows/audit/contract.ts';
import type { AuditReport, AuditRequest } from '../workflows/audit/contract.ts';
import { describeInterval } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { assertTaken } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';
import {
  awaitResult,
  detailsOfFailure,
  followToEnd,
  readProgress,
  toFailedWorkflow,
} from './follow-workflow.ts';

export type AuditHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: AuditRequest) => Promise<AuditReport>
>;

export interface AuditToStart {
  stream: StreamDefinition;
  /**
   * Both bounds are borders of the stream and have passed. `rangeProblems` checks this beforehand; the
   * workflow refuses other ranges.
   */
  range: Interval;
  repair: boolean;
  /** The workflow continues as new after this many intervals. */
  intervalsPerExecution?: number;
}

/**
 * Starts the audit of that range, or joins the one that is running.
 * @throws CommandError when no worker takes it.
 */
export async function startAudit(
  connected: Connected,
  { stream, range, repair, intervalsPerExecution }: AuditToStart,
): Promise<AuditHandle> {
  const { client, config } = connected;
  const handle = await client.workflow.start<(request: AuditRequest) => Promise<AuditReport>>('audit', {
    // An audit that repairs must not join one that only checks, so the two have different workflow ids.
    workflowId: `${auditIdOf(stream.name, range)}${repair ? '-repair' : ''}`,
    taskQueue: config.taskQueue,
    args: [
      { stream, range, repair, ...(intervalsPerExecution === undefined ? {} : { intervalsPerExecution }) },
    ],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
    staticSummary: `audit${repair ? ' and repair' : ''} of stream ${stream.name}, ${describeInterval(range)}`,
  });
  await assertTaken(connected, handle);
  return handle;
}

/**
 * Waits until the audit ends; the report holds what it found.
 * @throws CommandError when the audit itself failed.
 */
export function followAudit(
  handle: AuditHandle,
  onProgress: (report: AuditReport) => void,
): Promise<AuditReport> {
  return followToEnd(
    () => readProgress<AuditReport>(handle),
    onProgress,
    () => awaitAudit(handle),
  );
}

/** Waits like `followAudit`, but does not query the progress. */
export async function awaitAudit(handle: AuditHandle): Promise<AuditReport> {
  try {
    return await awaitResult(handle);
  } catch (error) {
    const report = detailsOfFailure(error, AUDIT_FOUND) as AuditReport | null;
    if (report !== null) return report;
    throw toFailedWorkflow(handle.workflowId, error);
  }
}
