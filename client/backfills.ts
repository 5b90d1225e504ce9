// Backfills as Temporal knows them: one workflow for each stream and range, so that who starts one twice
// joins it. Starts, finds, follows and cancels them. Nothing here prints.
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
  /** Both borders of the stream, over; `rangeProblems` says so beforehand, the workflow refuses others. */
  range: Interval;
  /** Runs at once, 1 to 50; 4 if absent. */
  concurrency?: number;
  force?: boolean;
  /** Also the intervals that the stream leaves out on purpose. */
  includesSkipped?: boolean;
  isDryRun?: boolean;
  /** Continues as new after so many intervals. */
  intervalsPerExecution?: number;
}

export interface StartedBackfill {
  handle: BackfillHandle;
  workflowId: string;
  runId: string;
  /** It was under way already. */
  isJoined: boolean;
}

/**
 * Starts the backfill of that range, or joins the one under way, whose concurrency then holds. Throws
 * CommandError when that one has another `force`, or when no worker takes it.
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

/** The backfill of that range that is under way. Throws CommandError (not found) when there is none. */
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
 * Ends when the backfill ends, and says how; intervals that failed are in its progress. Throws CommandError
 * when the backfill itself failed.
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

/** As `followBackfill`, without looking on the way. */
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
