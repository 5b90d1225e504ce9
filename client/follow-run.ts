// Follows a run to its end: asks for its progress, also once at the end, and returns how it ended.
import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { type RunProgress, type RunSummary } from '../workflows/model/run.ts';
import { isDeadlineExceeded } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { type RunHandle } from './streams.ts';

/** Often enough to see the stages of a short run, seldom enough to cost nothing. */
const POLL_MS = 200;

/** Ends when the run ends; throws CommandError with the innermost cause when it failed. */
export async function followRun(
  handle: Pick<RunHandle, 'workflowId' | 'result' | 'query'>,
  onProgress: (progress: RunProgress) => void,
): Promise<RunSummary> {
  const ended = awaitResult(handle).then(
    (summary) => ({ summary }),
    (error: unknown) => ({ error }),
  );
  for (;;) {
    const progress = await readProgress(handle);
    if (progress !== null) onProgress(progress);
    const end = await Promise.race([ended, wait(POLL_MS, null)]);
    if (end === null) continue;
    const last = await readProgress(handle);
    if (last !== null) onProgress(last);
    if ('summary' in end) return end.summary;
    throw new CommandError(`run ${handle.workflowId} failed: ${innermostMessage(end.error)}`, EXIT.failed, {
      cause: end.error,
    });
  }
}

/** The result, however long it takes: a server under load may let a call that waits for it run into its deadline. */
export async function awaitResult(handle: Pick<RunHandle, 'result'>): Promise<RunSummary> {
  for (;;) {
    try {
      return await handle.result();
    } catch (error) {
      if (!isDeadlineExceeded(error)) throw error;
    }
  }
}

/** Null while no worker answers: progress is for people, the result is the truth. */
export async function readProgress(handle: {
  query<Result>(name: string): Promise<Result>;
}): Promise<RunProgress | null> {
  try {
    return await handle.query<RunProgress>('progress');
  } catch {
    return null;
  }
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
