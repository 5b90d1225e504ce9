// Runs that a schedule starts: which interval they make does not depend on when they fire. The schedule's own
// backfill fires slots of the past now, as a server does that was down, and a trigger fires off the grid, as
// a person does in the Web UI.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { listStreamNames, readStream } from '../../client/streams.ts';
import { scheduleIdOf, runIdOf, lastIntervalEndedBy } from '../../workflows/model/interval.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { fireSlots, resultOf } from '../fire-slots.ts';
import { HOUR, withSchedules, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';

describe('a run started by its schedule', () => {
  it('exports the nominal interval even if it fires days later', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('late'));
      await withSchedules(bench, [stream], async () => {
        await fireSlots(bench.connected, stream.name, [HOUR.endMs]);
        const summary = await resultOf(bench.connected, runIdOf(stream.name, HOUR));
        assert.equal(summary.manifest?.interval_start, '2026-11-23T10:00:00Z');
        assert.equal(summary.manifest.interval_end, '2026-11-23T11:00:00Z');
        assert.match(summary.manifest.key, /late-\w+_20261123T100000Z_20261123T110000Z\.json$/);
      });
    }));

  it('hands over to the run of the last complete interval when it was triggered off the grid', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('trigger'));
      await withSchedules(bench, [stream], async () => {
        const startedMs = Date.now();
        const handle = bench.connected.client.schedule.getHandle(scheduleIdOf(stream.name));
        await handle.trigger(ScheduleOverlapPolicy.ALLOW_ALL);
        const { info } = await until('the trigger has started a run', async () => {
          const description = await handle.describe();
          return description.info.recentActions.length > 0 ? description : undefined;
        });
        const action = info.recentActions[0]?.action;
        assert.equal(action?.type, 'startWorkflow');
        const summary = await resultOf(bench.connected, action.workflow.workflowId);
        const interval = lastIntervalEndedBy(startedMs, settingsAt(stream, startedMs));
        assert.notEqual(action.workflow.workflowId, runIdOf(stream.name, interval));
        assert.equal(summary.outcome, 'handed-over');
        assert.equal(Date.parse(summary.manifest?.interval_end ?? ''), interval.endMs);
        assert.equal((await resultOf(bench.connected, runIdOf(stream.name, interval))).outcome, 'complete');
      });
    }));

  it("can be found through its stream's search attributes", () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('kept'), { format: 'ndjson', everySeconds: 900 });
      await withSchedules(bench, [stream], async () => {
        const state = await readStream(bench.connected, stream.name);
        assert.deepEqual(state.stream, stream);
        assert.equal(state.paused, false);
        assert.ok(state.nextFireMs !== null && state.nextFireMs > Date.now());
        assert.ok((await listStreamNames(bench.connected)).includes(stream.name));
      });
    }));
});
