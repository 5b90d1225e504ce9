// Every recorded history is replayed by the workflows of today: a decision that differs would break runs
// under way when a worker is upgraded.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { readHistories } from './histories.ts';

const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

describe('the replay of recorded event histories', async () => {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath });

  for (const { shape, workflowId, history } of readHistories()) {
    it(`accepts a run that was ${shape}`, async () => {
      await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    });
  }

  it('fails for a workflow that decides differently', async () => {
    const [first] = readHistories();
    assert.ok(first !== undefined);
    const { workflowId, history } = first;
    // Under another id the run hands over instead of planning.
    await assert.rejects(Worker.runReplayHistory({ workflowBundle }, history, `${workflowId}-other`), {
      name: 'DeterminismViolationError',
    });
  });
});
