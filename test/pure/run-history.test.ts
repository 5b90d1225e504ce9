// A run's history as stages: recorded histories of runs are read as the command line reads them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import proto from '@temporalio/proto';
import { failedStageOf, requestOf, stagesOf } from '../../client/run-history.ts';
import { readHistories } from '../workflow/histories.ts';

describe('the stages of a run', () => {
  it('are in the order of the figure, each done', () => {
    const stages = stagesOf(recorded('0.1-complete-of-several-parts'));
    assert.deepEqual(
      stages.map(({ name, state, done, of }) => [name, state, done, of]),
      [
        ['planInterval', 'done', 1, 1],
        ['beginUpload', 'done', 1, 1],
        ['exportBatch', 'done', 3, 3],
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

  it('are two fewer where one batch is the interval', () => {
    const stages = stagesOf(recorded('0.3-complete-empty'));
    assert.deepEqual(
      stages.map(({ name }) => name),
      ['planInterval', 'exportBatch', 'completeFile', 'writeManifest'],
    );
  });

  it('begin with the wait; what is not over is as Temporal says beside the history', () => {
    const at = (seconds: number) => ({ seconds, nanos: 5e8 });
    const history = proto.temporal.api.history.v1.History.fromObject({
      events: [
        { eventId: 1, eventTime: at(1), timerStartedEventAttributes: { timerId: '1' } },
        { eventTime: at(3), timerFiredEventAttributes: { startedEventId: 1 } },
        {
          ...{ eventId: 3, eventTime: at(4) },
          activityTaskScheduledEventAttributes: { activityId: '7', activityType: { name: 'planInterval' } },
        },
      ],
    });
    const shared = { lastFailure: null, what: null, of: 1 };
    const settle = {
      ...{ name: 'settle', state: 'done', done: 1, attempts: 1 },
      ...{ startedAt: '1970-01-01T00:00:01.500Z', endedAt: '1970-01-01T00:00:03.500Z', ...shared },
    };
    const plan = {
      ...{ name: 'planInterval', state: 'waiting', done: 0, attempts: 1 },
      ...{ startedAt: '1970-01-01T00:00:04.500Z', endedAt: null, ...shared },
    };
    assert.deepEqual(stagesOf(history), [settle, plan]);
    const { PENDING_ACTIVITY_STATE_STARTED: state } = proto.temporal.api.enums.v1.PendingActivityState;
    const pending = { activityId: '7', state, attempt: 4, lastFailure: { message: 'no answer' } };
    assert.deepEqual(stagesOf(history, [pending]), [
      settle,
      { ...plan, state: 'running', attempts: 4, lastFailure: 'no answer' },
    ]);
  });

  it('of a run that was canceled while it waited are none', () => {
    assert.deepEqual(stagesOf(recorded('0.1-canceled-while-settling')), []);
  });

  it('say what failed, and the event after which it was scheduled', () => {
    const history = recorded('0.1-failed-for-good');
    const [planned] = stagesOf(history);
    assert.deepEqual([planned?.name, planned?.state], ['planInterval', 'failed']);
    assert.match(planned?.lastFailure ?? '', /destination: got "moon"/);
    const failed = failedStageOf(history);
    assert.equal(failed?.name, 'planInterval');
    const decided = history.events?.find(({ eventId }) => Number(eventId) === Number(failed.resetEventId));
    assert.ok(decided?.workflowTaskCompletedEventAttributes != null);
    assert.equal(requestOf(history)?.stream.name, 'lost');
  });

  it('of a run that did not fail name none to go back to', () => {
    assert.equal(failedStageOf(recorded('0.1-complete-empty')), null);
    assert.equal(failedStageOf(recorded('0.1-canceled-while-settling')), null);
  });
});

function recorded(shape: string) {
  const found = readHistories().find((each) => each.shape === shape);
  assert.ok(found !== undefined, `${shape} is recorded`);
  return found.history;
}
