// Retries a failed run: resets it to the failed stage, which keeps the work done before it. Where a reset is
// impossible, a new run exports the interval again. A running run is left alone, and so is a file that is
// complete under the current settings.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { runIdOf } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import type { ExportRequest } from '../workflows/model/run.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { findManifest } from './find-manifest.ts';
import type { Connected } from '../temporal/connect.ts';
import { failedStageOf, requestOf } from './run-history.ts';
import type { History } from './run-history.ts';
import { startRun } from './streams.ts';
import type { RunHandle } from './streams.ts';

export type RetryOutcome =
  | { action: 'left-alone'; state: 'complete' | 'running'; workflowId: string; runId: string | null }
  | {
      action: 'reset' | 'made-again';
      /** After a reset, the stage that is repeated; otherwise the reason why no reset was possible. */
      reason: string;
      workflowId: string;
      runId: string;
      handle: Pick<RunHandle, 'workflowId' | 'result' | 'query'>;
    };

const CHANGED = 'the settings of the stream have changed since';

export interface RunToRetry {
  /** The stream as its schedule defines it now. */
  stream: StreamDefinition;
  interval: Interval;
}

export async function retryRun(connected: Connected, run: RunToRetry): Promise<RetryOutcome> {
  const workflowId = runIdOf(run.stream.name, run.interval);
  const found = await describeRun(connected, workflowId);
  if (found === null) return retryForgotten(connected, run, workflowId);
  const { runId, status } = found;
  if (status.name === 'RUNNING') return { action: 'left-alone', state: 'running', workflowId, runId };
  const history = await connected.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const asked = requestOf(history);
  const settled = settingsAt(run.stream, run.interval.startMs);
  const isOfToday =
    asked !== undefined && isDeepStrictEqual(settingsAt(asked.stream, run.interval.startMs), settled);
  if (status.name === 'COMPLETED') {
    if (isOfToday) return { action: 'left-alone', state: 'complete', workflowId, runId };
    // The file may belong to a deleted stream of the same name. A run with the current settings checks this
    // and keeps the file if it is valid.
    return makeAgain(connected, run, { reason: CHANGED, asked: undefined });
  }
  if (status.name !== 'FAILED')
    return makeAgain(connected, run, { reason: `the run was ${status.name.toLowerCase()}`, asked });
  if (!isOfToday) return makeAgain(connected, run, { reason: CHANGED, asked });
  return resetRun(connected, run, { runId, history, asked });
}

/** Returns null when Temporal does not know the run: it never existed, or its retention has ended. */
export async function describeRun(
  { client }: Connected,
  workflowId: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function retryForgotten(
  connected: Connected,
  run: RunToRetry,
  workflowId: string,
): Promise<RetryOutcome> {
  const manifest: Manifest | null = await findManifest(connected, run);
  if (manifest !== null)
    return { action: 'left-alone', state: 'complete', workflowId, runId: manifest.run_id };
  return makeAgain(connected, run, { reason: 'Temporal knows no run of it', asked: undefined });
}

async function makeAgain(
  connected: Connected,
  { stream, interval }: RunToRetry,
  { reason, asked }: { reason: string; asked: ExportRequest | undefined },
): Promise<RetryOutcome> {
  const handle = await startRun(connected, { stream, interval, force: asked?.force ?? false });
  const { workflowId, firstExecutionRunId: runId } = handle;
  return { action: 'made-again', reason, workflowId, runId, handle };
}

async function resetRun(
  connected: Connected,
  run: RunToRetry,
  { runId, history, asked }: { runId: string; history: History; asked: ExportRequest },
): Promise<RetryOutcome> {
  const stage = failedStageOf(history);
  if (stage === null)
    return makeAgain(connected, run, { reason: 'no stage failed, but the run itself', asked });
  const { client, connection, config } = connected;
  const workflowId = runIdOf(run.stream.name, run.interval);
  const reset = await connection.workflowService.resetWorkflowExecution({
    namespace: config.namespace,
    workflowExecution: { workflowId, runId },
    reason: `room-streams run retry: ${stage.name} is done again`,
    workflowTaskFinishEventId: stage.resetEventId,
    requestId: randomUUID(),
  });
  const handle = client.workflow.getHandle<(request: ExportRequest) => ReturnType<RunHandle['result']>>(
    workflowId,
    reset.runId,
  );
  return { action: 'reset', reason: stage.name, workflowId, runId: reset.runId, handle };
}
