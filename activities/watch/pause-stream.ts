// Pauses a stream for the watch, with a note that gives the reason. When it runs again after a crash, it
// finds its own note and succeeds.
import { Context } from '@temporalio/activity';
import { ScheduleNotFoundError } from '@temporalio/client';
import { scheduleIdOf } from '../../workflows/model/interval.ts';
import type { PausePlan } from '../../workflows/watch/contract.ts';
import { readStreamState } from '../../streams/stream-schedules.ts';

/** False when somebody else has paused or deleted the stream meanwhile. */
export async function pauseStream({ stream, note }: PausePlan): Promise<boolean> {
  const { client } = Context.current();
  try {
    const before = await readStreamState(client, stream);
    if (before.paused) return before.note === note;
    await client.schedule.getHandle(scheduleIdOf(stream)).pause(note);
    const after = await readStreamState(client, stream);
    if (after.paused) return after.note === note;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
  // The server accepts a patch before it takes effect, and may lose one of two. So the schedule is read
  // again, and patched again if necessary.
  throw new NotPausedError(`stream ${stream}: Temporal took the pause, but it has no effect yet`);
}

export class NotPausedError extends Error {
  override readonly name = 'NotPausedError';
}
