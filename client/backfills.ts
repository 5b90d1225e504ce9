// Starts, finds, follows and cancels backfills. Each stream and range has one workflow, so starting the same
// backfill twice joins the first one. This file never prints.
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, TypedSearchAttributes } from '@temporalio/common';
import { backfillIdOf, CONCURRENCY_DEFAULT, INTERVALS_FAILED } from '../workflows/backfill/contract.ts';
import type { BackfillProgress, BackfillRequest } from '../workflows/backfill/contract.ts';
import { describeInterval } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { assertTaken } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import {
  awaitResult,
  detailsOfFailure,
  followToEnd,
  readProgress,
  toFailedWorkflow,
} from './follow-workflow.ts';

export type BackfillHandle = WorkflowHandle<(request: BackfillRequest) => Promise<BackfillProgress>>;

export interface BackfillToStart {
  stream: StreamDefinition;
  /**
   * Both bounds are borders of the stream and have passed. `rangeProblems` checks this beforehand; the
   * workflow refuses other ranges.
   */
  range: Interval;
  /** How many runs execute at the same time: 1 to 50, 4 by default. */
  concurrency?: number;
  force?: boolean;
  /** Also exports the intervals that the stream leaves out on purpose. */
  includesSkipped?: boolean;
  isDryRun?: boolean;
  /** The workflow continues as new after this many intervals. */
  intervalsPerExecution?: number;
}

export interface StartedBackfill {
  handle: BackfillHandle;
  workflowId: string;
  runId: string;
  /** The backfill was already running. */
  isJoined: boolean;
}

/**
 * Starts the backfill of that range, or joins the running one, which keeps its own concurrency.
 * @throws CommandError when the running one has another `force`, or when no worker takes it.
 */
export async function startBackfill(connected: Connected, asked: BackfillToStart): Promise<StartedBackfill> {
  const { client, config } = connected;
  const { stream, range, isDryRun = false, intervalsPerExecution } = asked;
  const workflowId = `${isDryRun ? 'dry-run-of-' : ''}${backfillIdOf(stream.name, range)}`;
  const request: BackfillRequest = {
    stream,
    range,
    concurrency: asked.concurrency ?? CONCURRENCY_DEFAULT,
    force: asked.force ?? false,
    includesSkipped: asked.includesSkipped ?? false,
    isDryRun,
    ...(intervalsPerExecution === undefined ? {} : { intervalsPerExecution }),
  };
  try {
    const handle = await client.workflow.start<(request: BackfillRequest) => Promise<BackfillProgress>>(
      'backfill',
      {
        workflowId,
        taskQueue: config.taskQueue,
        args: [request],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
        staticSummary: `${isDryRun ? 'dry run of a ' : ''}backfill of stream ${stream.name}, ${describeInterval(range)}`,
      },
    );
    await assertTaken(connected, handle);
    return { handle, workflowId, runId: handle.firstExecutionRunId, isJoined: false };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return joinBackfill(connected, { workflowId, force: request.force });
}

async function joinBackfill(
  { client }: Connected,
  { workflowId, force }: { workflowId: string; force: boolean },
): Promise<StartedBackfill> {
  const handle: BackfillHandle = client.workflow.getHandle(workflowId);
  const { runId } = await handle.describe();
  const progress = await readProgress<BackfillProgress>(handle);
  if (progress !== null && progress.force !== force)
    throw new CommandError(
      `force: got ${force}, but ${workflowId} is under way ${progress.force ? 'with' : 'without'} --force; allowed: the same, or cancel that one first`,
      EXIT.usage,
    );
  return { handle, workflowId, runId, isJoined: true };
}

/**
 * Returns the running backfill of that range.
 * @throws CommandError (not found) when there is none.
 */
export async function findBackfill(
  { client }: Connected,
  stream: string,
  range: Interval,
): Promise<StartedBackfill> {
  const workflowId = backfillIdOf(stream, range);
  const handle: BackfillHandle = client.workflow.getHandle(workflowId);
  try {
    const { runId, status } = await handle.describe();
    if (status.name === 'RUNNING') return { handle, workflowId, runId, isJoined: true };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  throw new CommandError(
    `backfill: no backfill of ${stream}, ${describeInterval(range)}, is under way; without --follow or --cancel the same command starts it`,
    EXIT.notFound,
  );
}

/**
 * Waits until the backfill ends and returns how it ended; its progress holds the intervals that failed.
 * @throws CommandError when the backfill itself failed.
 */
export function followBackfill(
  handle: BackfillHandle,
  onProgress: (progress: BackfillProgress) => void,
): Promise<BackfillProgress> {
  return followToEnd(
    () => readProgress<BackfillProgress>(handle),
    onProgress,
    () => awaitBackfill(handle),
  );
}

/** Waits like `followBackfill`, but does not query the progress. */
export async function awaitBackfill(handle: BackfillHandle): Promise<BackfillProgress> {
  try {
    return await awaitResult(handle);
  } catch (error) {
    const isCanceled = error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
    const progress = isCanceled
      ? await readProgress<BackfillProgress>(handle)
      : (detailsOfFailure(error, INTERVALS_FAILED) as BackfillProgress | null);
    if (progress !== null) return progress;
    throw toFailedWorkflow(handle.workflowId, error);
  }
}
