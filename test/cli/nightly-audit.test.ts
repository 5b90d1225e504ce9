// Audits of every night: made, fired by their schedule, and gone with their stream.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitAudit } from '../../client/audits.ts';
import type { AuditHandle } from '../../client/audits.ts';
import { createSchedule } from '../../client/streams.ts';
import { auditScheduleIdOf } from '../../workflows/audit/contract.ts';
import type { AuditReport, AuditRequest } from '../../workflows/audit/contract.ts';
import { withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { untilSent } from '../../local/until.ts';
import { cli } from './stream-tools.ts';

describe('a nightly audit', () => {
  it('fails visibly with a remedy, repairs when configured to, and is deleted with its stream', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('nightly');
      await createSchedule(bench.connected, makeStream(name));
      const add = await cli(bench, 'audit', 'schedule', name, '--at', '03:00', '--back', '2h');
      assert.match(add.stdout, /is audited every day at 03:00 UTC, 2h back\n$/);
      const found = await fired(bench, name);
      await assert.rejects(found.result(), (error: unknown) => {
        const { message } = (error as { cause: Error }).cause;
        assert.match(
          message,
          new RegExp(
            `^2 of 2 intervals are not as they should be; repair it by: room-streams audit ${name} --from .*Z --to .*Z --repair\\. Found: 2 missing intervals\\.`,
          ),
        );
        return true;
      });
      const twice = await cli(bench, 'audit', 'schedule', name, '--at', '04:00');
      assert.match(twice.stderr, /audited every night already; allowed: room-streams audit unschedule/);
      assert.equal(twice.code, 1);
      assert.equal((await cli(bench, 'audit', 'unschedule', name)).code, 0);
      assert.equal((await cli(bench, 'audit', 'unschedule', name)).code, 3);

      const again = ['audit', 'schedule', name, '--at', '03:00', '--back', '2h', '--repair'];
      const repairing = await cli(bench, ...again);
      assert.equal(repairing.code, 0, repairing.stderr);
      const { runId } = await found.describe();
      const repaired = await awaitAudit(await fired(bench, name, runId));
      assert.equal(repaired.state, 'repaired', JSON.stringify(repaired));
      assert.equal(repaired.repaired, 2);

      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
      const schedule = bench.connected.client.schedule.getHandle(auditScheduleIdOf(name));
      await assert.rejects(schedule.describe(), /not found/i);
    }));
});

/**
 * The audit that the schedule starts when it is triggered; another run than the one before, which has the
 * same workflow id when both were started within one second. Of several, because the trigger was sent again,
 * the first: the next finds nothing left to repair.
 */
async function fired(bench: ExportBench, name: string, runIdBefore?: string): Promise<AuditHandle> {
  const { client } = bench.connected;
  const schedule = client.schedule.getHandle(auditScheduleIdOf(name));
  const { workflowId, firstExecutionRunId } = await untilSent(
    'the schedule has started an audit',
    () => schedule.trigger(),
    async () => {
      const { recentActions } = (await schedule.describe()).info;
      return recentActions
        .map(({ action }) => action.workflow)
        .find((workflow) => workflow.firstExecutionRunId !== runIdBefore);
    },
  );
  return client.workflow.getHandle<(request: AuditRequest) => Promise<AuditReport>>(
    workflowId,
    firstExecutionRunId,
  ) as AuditHandle;
}
