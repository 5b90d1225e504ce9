// Reads a stream's current definition from its schedule. Scheduled work needs it, because its own input would
// hold an old definition.
import { Context } from '@temporalio/activity';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { InvalidRequestError } from '../runtime/stage-errors.ts';
import { readStreamState } from '../../streams/stream-schedules.ts';

export async function readDefinition({ name }: { name: string }): Promise<StreamDefinition> {
  try {
    return (await readStreamState(Context.current().client, name)).stream;
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new InvalidRequestError(
      `stream: got "${name}", which does not exist any more; room-streams audit unschedule ${name} ends its audits`,
    );
  }
}
