// Follows a workflow to its end: asks for its progress, also once at the end, and says how it ended.
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { RunProgress, RunSummary } from '../workflows/model/run.ts';
import { isDeadlineExceeded } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { RunHandle } from './streams.ts';

/** Often enough to see the stages of a short run, seldom enough to cost nothing. */
const POLL_MS = 200;

interface Queried {
  query<Result>(name: string): Promise<Result>;
}

/** Of a run. Ends when the run ends; throws CommandError with the innermost cause when it failed. */
export function followRun(
  handle: Pick<RunHandle, 'workflowId' | 'result' | 'query'>,
  onProgress: (progress: RunProgress) => void,
): Promise<RunSummary> {
  const ask = () => readProgress(handle);
  return followToEnd(ask, onProgress, async () => {
    try {
      return await awaitResult(handle);
    } catch (error) {
      throw toFailedWorkflow(`run ${handle.workflowId}`, error);
    }
  });
}

/** Ends as `awaitEnd` does, which waits for the end of the workflow that is asked. */
export async function followToEnd<Progress, Result>(
  ask: () => Promise<Progress | null>,
  onProgress: (progress: Progress) => void,
  awaitEnd: () => Promise<Result>,
): Promise<Result> {
  const ended = awaitEnd().then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  for (;;) {
    const end = await Promise.race([ended, wait(POLL_MS, null)]);
    const progress = await ask();
    if (progress !== null) onProgress(progress);
    if (end === null) continue;
    if ('result' in end) return end.result;
    throw end.error;
  }
}

/**
 * The result, however long it takes: a server under load may let a call that waits for it run into its
 * deadline.
 */
export async function awaitResult<Result>(handle: { result(): Promise<Result> }): Promise<Result> {
  for (;;) {
    try {
      return await handle.result();
    } catch (error) {
      if (!isDeadlineExceeded(error)) throw error;
    }
  }
}

/** Null while no worker answers: progress is for people, the result is the truth. */
export async function readProgress<Progress = RunProgress>(handle: Queried): Promise<Progress | null> {
  try {
    return await handle.query<Progress>('progress');
  } catch {
    return null;
  }
}

/** What a workflow that failed with a failure of this type says in its details; null: it failed otherwise. */
export function detailsOfFailure(error: unknown, type: string): unknown {
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== type) return null;
  const [details] = cause.details ?? [];
  return details;
}

export function toFailedWorkflow(what: string, error: unknown): CommandError {
  return new CommandError(`${what} failed: ${innermostMessage(error)}`, EXIT.failed, { cause: error });
}

/** What happened, in the words of the stage that failed, without the layers that carried it here. */
export function innermostMessage(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure || at instanceof CancelledFailure || at instanceof TerminatedFailure)
      return at.message;
    if (at.cause === undefined) return at.message;
  }
  return String(error);
}
