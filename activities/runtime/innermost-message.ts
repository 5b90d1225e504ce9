// Extracts the reason of a failed run in one sentence, for those who wait for it or look for a missing file.
import { ApplicationFailure } from '@temporalio/common';

/** The message of the stage's own failure, without the Temporal errors that wrap it and without its cause. */
export function innermostMessage(error: Error): string {
  for (let at: Error = error; ; at = at.cause) {
    if (at instanceof ApplicationFailure || !(at.cause instanceof Error)) return at.message;
  }
}
