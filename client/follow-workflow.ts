// Follows a workflow until it ends: queries its progress, once more at the end, and returns how it ended.
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { RunProgress, RunSummary } from '../workflows/model/run.ts';
import { isDeadlineExceeded } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { RunHandle } from './streams.ts';

/** This is frequent enough to show the stages of a short run, and rare enough to cost little. */
const POLL_MS = 200;

interface Queried {
  query<Result>(name: string): Promise<Result>;
}

/**
 * Waits until a run ends.
 * @throws CommandError with the innermost cause when the run failed.
 */
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

/** Settles as `awaitEnd` does, and reports the workflow's progress until then. */
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
 * Waits for the result however long it takes. A loaded server may let a waiting call exceed its deadline, so
 * the call is repeated.
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

/** Returns null while no worker answers: progress is only informative, and the result decides. */
export async function readProgress<Progress = RunProgress>(handle: Queried): Promise<Progress | null> {
  try {
    return await handle.query<Progress>('progress');
  } catch {
    return null;
  }
}

/**
 * Returns the details of a workflow that failed with a failure of this type; null when it failed otherwise.
 */
export function detailsOfFailure(error: unknown, type: string): unknown {
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== type) return null;
  const [details] = cause.details ?? [];
  return details;
}

export function toFailedWorkflow(what: string, error: unknown): CommandError {
  return new CommandError(`${what} failed: ${innermostMessage(error)}`, EXIT.failed, { cause: error });
}

/** Returns the message of the innermost cause, without the failures that wrap it. */
export function innermostMessage(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure || at instanceof CancelledFailure || at instanceof TerminatedFailure)
      return at.message;
    if (at.cause === undefined) return at.message;
  }
  return String(error);
}

/**
 * Waits for work that continues without this command. On SIGINT throws CommandError with `words` at once and
 * stops waiting; the words say how to find the work again.
 */
export async function leaveOnInterrupt<Result>(work: Promise<Result>, words: string): Promise<Result> {
  let onInterrupt: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    onInterrupt = () => reject(new CommandError(words, EXIT.interrupted));
    process.once('SIGINT', onInterrupt);
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    if (onInterrupt !== undefined) process.removeListener('SIGINT', onInterrupt);
  }
}
