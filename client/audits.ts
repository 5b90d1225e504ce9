// Audits as Temporal knows them: a workflow for each stream and range, so that who starts one twice joins it. Nothing here prints.
import { setTimeout as wait } from 'node:timers/promises';
import {
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import { AUDIT_FOUND, auditIdOf, type AuditReport, type AuditRequest } from '../workflows/model/audit.ts';
import { describeInterval, type Interval } from '../workflows/model/interval.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import { type StreamDefinition } from '../workflows/model/stream.ts';
import { assertTaken } from './ask-worker.ts';
import { isDeadlineExceeded, type Connected } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { innermostMessage } from './follow-run.ts';

const POLL_MS = 300;

export type AuditHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: AuditRequest) => Promise<AuditReport>
>;

export interface AuditToStart {
  stream: StreamDefinition;
  /** Both borders of the stream, over; `rangeProblems` says so beforehand, the workflow refuses others. */
  range: Interval;
  repair: boolean;
  /** Continues as new after so many intervals. */
  intervalsPerExecution?: number;
}

/** Starts the audit of that range, or joins the one under way. Throws CommandError when no worker takes it. */
export async function startAudit(
  connected: Connected,
  { stream, range, repair, intervalsPerExecution }: AuditToStart,
): Promise<AuditHandle> {
  const { client, config } = connected;
  const handle = await client.workflow.start<(request: AuditRequest) => Promise<AuditReport>>('audit', {
    // One that repairs is another thing than one that looks.
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

/** Ends when the audit ends; what was found is in its report. Throws CommandError when the audit itself failed. */
export async function followAudit(
  handle: AuditHandle,
  onProgress: (report: AuditReport) => void,
): Promise<AuditReport> {
  const ended = awaitAudit(handle).then(
    (report) => ({ report }),
    (error: unknown) => ({ error }),
  );
  for (;;) {
    const report = await readReport(handle);
    if (report !== null) onProgress(report);
    const end = await Promise.race([ended, wait(POLL_MS, null)]);
    if (end === null) continue;
    if ('report' in end) return end.report;
    throw end.error;
  }
}

export async function awaitAudit(handle: AuditHandle): Promise<AuditReport> {
  for (;;) {
    try {
      return await handle.result();
    } catch (error) {
      if (isDeadlineExceeded(error)) continue;
      const report = reportIn(error);
      if (report !== null) return report;
      throw new CommandError(`${handle.workflowId} failed: ${innermostMessage(error)}`, EXIT.failed, {
        cause: error,
      });
    }
  }
}

/** Of an audit that failed because of what it found. */
function reportIn(error: unknown): AuditReport | null {
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== AUDIT_FOUND) return null;
  const [report] = cause.details ?? [];
  return report as AuditReport;
}

/** Null while no worker answers: progress is for people, the result is the truth. */
async function readReport(handle: AuditHandle): Promise<AuditReport | null> {
  try {
    return await handle.query<AuditReport>('progress');
  } catch {
    return null;
  }
}
