// A run's history as stages: recorded histories of runs are read as the command line reads them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import proto from '@temporalio/proto';
import { failedStageOf, requestOf, stagesOf } from '../../../client/run-history.ts';
import { readHistories } from '../../workflow/histories.ts';

describe('the stages of a run', () => {
  it('come in the order of the diagram, each done', () => {
    const stages = stagesOf(recorded('0.4.0-complete-of-several-parts'));
    assert.deepEqual(
      stages.map(({ name, state, done, of }) => [name, state, done, of]),
      [
        ['planInterval', 'done', 1, 1],
        ['exportBatch', 'done', 4, 4],
        ['checkInterval', 'done', 1, 1],
        ['completeFile', 'done', 1, 1],
        ['writeManifest', 'done', 1, 1],
      ],
    );
    for (const { startedAt, endedAt, attempts } of stages) {
      assert.ok(endedAt !== null && endedAt >= startedAt);
      assert.equal(attempts, 1);
    }
  });

  it('lack one stage when a single batch covers the interval', () => {
    const stages = stagesOf(recorded('0.4.0-complete-empty'));
    assert.deepEqual(
      stages.map(({ name }) => name),
      ['planInterval', 'exportBatch', 'completeFile', 'writeManifest'],
    );
  });

  it('begin with the wait; unfinished stages have the state that Temporal reports', () => {
    const at = (seconds: number) => ({ seconds, nanos: 5e8 });
    const history = proto.temporal.api.history.v1.History.fromObject({
      events: [
        { eventId: 1, eventTime: at(1), timerStartedEventAttributes: { timerId: '1' } },
        { eventTime: at(3), timerFiredEventAttributes: { startedEventId: 1 } },
        {
          eventId: 3,
          eventTime: at(4),
          activityTaskScheduledEventAttributes: { activityId: '7', activityType: { name: 'planInterval' } },
        },
      ],
    });
    const shared = { lastFailure: null, what: null, of: 1 };
    const settle = {
      name: 'settle',
      state: 'done',
      done: 1,
      attempts: 1,
      startedAt: '1970-01-01T00:00:01.500Z',
      endedAt: '1970-01-01T00:00:03.500Z',
      ...shared,
    };
    const plan = {
      name: 'planInterval',
      state: 'waiting',
      done: 0,
      attempts: 1,
      startedAt: '1970-01-01T00:00:04.500Z',
      endedAt: null,
      ...shared,
    };
    assert.deepEqual(stagesOf(history), [settle, plan]);
    const { PENDING_ACTIVITY_STATE_STARTED: state } = proto.temporal.api.enums.v1.PendingActivityState;
    const pending = { activityId: '7', state, attempt: 4, lastFailure: { message: 'no answer' } };
    assert.deepEqual(stagesOf(history, [pending]), [
      settle,
      { ...plan, state: 'running', attempts: 4, lastFailure: 'no answer' },
    ]);
  });

  it('consist of the wait alone when the run was canceled while it waited', () => {
    const stages = stagesOf(recorded('0.4.0-canceled-while-settling'));
    assert.deepEqual(
      stages.map(({ name, state }) => [name, state]),
      [['settle', 'canceled']],
    );
  });

  it('have their summaries and times when they ran within a workflow task', () => {
    const [plan, batch, complete, manifest, back] = stagesOf(recorded('0.4.0-complete-that-looked-back'));
    assert.deepEqual(
      [plan, batch, complete, manifest, back].map((stage) => stage?.name),
      ['planInterval', 'exportBatch', 'completeFile', 'writeManifest', 'lookBack'],
    );
    assert.equal(plan?.what, 'counts the rooms and cuts them into batches');
    const times = [plan, batch, complete, manifest, back].flatMap((stage) => [
      stage?.startedAt ?? '',
      stage?.endedAt ?? '',
    ]);
    assert.deepEqual(times, times.toSorted());
  });

  it('name the failed stage and the event after which it was scheduled', () => {
    const history = recorded('0.4.0-failed-for-good');
    const stages = stagesOf(history);
    // The plan failed within the workflow task first; that is no stage of its own.
    assert.deepEqual(
      stages.map(({ name }) => name),
      ['planInterval', 'listWebhooks'],
    );
    const [planned] = stages;
    assert.deepEqual([planned?.name, planned?.state], ['planInterval', 'failed']);
    assert.match(planned?.lastFailure ?? '', /destination: got "moon"/);
    const failed = failedStageOf(history);
    assert.equal(failed?.name, 'planInterval');
    const decided = history.events?.find(({ eventId }) => Number(eventId) === Number(failed.resetEventId));
    assert.ok(decided?.workflowTaskCompletedEventAttributes != null);
    assert.equal(requestOf(history)?.stream.name, 'lost');
  });

  it('name no event to reset to when the run did not fail', () => {
    assert.equal(failedStageOf(recorded('0.4.0-complete-empty')), null);
    assert.equal(failedStageOf(recorded('0.4.0-canceled-while-settling')), null);
  });
});

function recorded(shape: string) {
  const found = readHistories().find((each) => each.shape === shape);
  assert.ok(found !== undefined, `${shape} is recorded`);
  return found.history;
}
