// Ctrl-C while a command follows work that others do: the command ends, the work goes on, and the person is
// told how to find it again.
import { CommandError, EXIT } from './exit-codes.ts';

/**
 * What the work ends with; on SIGINT throws CommandError with these words at once, and nobody waits for the
 * work any more.
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
