// Takes the grids out of a stream's schedule on which it no longer has to fire, once a change of the grid has
// taken effect.
import { Context } from '@temporalio/activity';
import { ScheduleNotFoundError } from '@temporalio/client';
import { changeStreamSchedule } from '../../streams/stream-schedules.ts';

export async function trimSchedule({ stream }: { stream: string }): Promise<void> {
  try {
    // The definition stays; what it fires on from now is written anew with every change.
    await changeStreamSchedule(Context.current().client, stream, (state) => ({ stream: state.stream }));
  } catch (error) {
    // Deleted meanwhile: it fires no more.
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
