// Manages the schedules of nightly audits: each stands beside its stream's schedule and audits the preceding
// days. This file never prints.
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { auditScheduleIdOf } from '../workflows/audit/contract.ts';
import type { AuditRequest } from '../workflows/audit/contract.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

export interface NightlyAudit {
  name: string;
  /** UTC. */
  at: { hour: number; minute: number };
  backSeconds: number;
  repair: boolean;
}

/** Throws CommandError when the stream already has a nightly audit. */
export async function scheduleAudit(
  { client, config }: Connected,
  { name, at, backSeconds, repair }: NightlyAudit,
): Promise<void> {
  const attributes = new TypedSearchAttributes([{ key: ROOM_STREAM, value: name }]);
  try {
    await client.schedule.create({
      scheduleId: auditScheduleIdOf(name),
      spec: { calendars: [at], timezone: 'UTC' },
      action: {
        type: 'startWorkflow',
        workflowType: 'audit',
        workflowId: auditScheduleIdOf(name),
        taskQueue: config.taskQueue,
        args: [{ stream: name, range: { backSeconds }, repair } satisfies AuditRequest],
        typedSearchAttributes: attributes,
        staticSummary: `nightly audit${repair ? ' and repair' : ''} of stream ${name}`,
      },
      // An audit that is due while another one runs is skipped, because the next one checks the same days
      // again.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
      typedSearchAttributes: attributes,
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new CommandError(
      `audit: stream "${name}" is audited every night already; allowed: room-streams audit unschedule ${name} first`,
      EXIT.failed,
      { cause: error },
    );
  }
}

/** Returns false when the stream had no nightly audit. */
export async function unscheduleAudit({ client }: Connected, name: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(auditScheduleIdOf(name)).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
