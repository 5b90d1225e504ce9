// What a run failed with, in one sentence, for those who wait for it or look for why it left no file.
import { ApplicationFailure } from '@temporalio/common';

/**
 * In the words of the stage that failed, without the layers that carried it here, and without what it was
 * made from.
 */
export function innermostMessage(error: Error): string {
  for (let at: Error = error; ; at = at.cause) {
    if (at instanceof ApplicationFailure || !(at.cause instanceof Error)) return at.message;
  }
}
