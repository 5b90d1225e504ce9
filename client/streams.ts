// Streams as Temporal knows them: the schedule is the record, its action's input the definition. Creates, reads and removes them, and
// starts their runs. Nothing here prints.
import { randomUUID } from 'node:crypto';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import {
  createStreamSchedule,
  listStreamStates,
  readStreamState,
  type StreamState,
} from '../activities/streams/stream-schedules.ts';
import { runIdOf, scheduleIdOf, type Interval } from '../workflows/model/interval.ts';
import { type ExportRequest, type RunSummary } from '../workflows/model/run.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import { type StreamCheck } from '../workflows/model/stages.ts';
import { toStaticDetails, toStaticSummary } from '../workflows/model/stream-page.ts';
import { settingsAt, type StreamDefinition } from '../workflows/model/stream.ts';
import { unscheduleAudit } from './audit-schedules.ts';
import { type Connected } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

export { type StreamState } from '../activities/streams/stream-schedules.ts';

/** A worker that has not taken a short workflow within this is not there. */
const WORKER_WAIT_MS = 10_000;

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: ExportRequest) => Promise<RunSummary>
>;

/** Asks a worker what is wrong with a stream. Throws CommandError when none answers. */
export async function checkStream(
  { client, config }: Connected,
  stream: StreamDefinition,
): Promise<string[]> {
  const handle = await client.workflow.start<(stream: StreamDefinition) => Promise<StreamCheck>>(
    'checkStream',
    {
      workflowId: `check-stream:${stream.name}:${randomUUID()}`,
      taskQueue: config.taskQueue,
      args: [stream],
      workflowExecutionTimeout: '1 minute',
      staticSummary: `checks whether stream ${stream.name} could run`,
    },
  );
  const timer = new AbortController();
  const late = new Promise<never>((_resolve, reject) => {
    const timeout = setTimeout(() => {
      reject(
        new CommandError(
          `no worker answered on task queue "${config.taskQueue}" within ${WORKER_WAIT_MS / 1000} s; start one, then try again`,
          EXIT.unreachable,
        ),
      );
    }, WORKER_WAIT_MS);
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  try {
    return (await Promise.race([handle.result(), late])).problems;
  } catch (error) {
    if (error instanceof CommandError) await handle.terminate('no worker took it in time');
    throw error;
  } finally {
    timer.abort();
  }
}

/** Throws CommandError when a stream of that name exists. */
export async function createSchedule({ client, config }: Connected, stream: StreamDefinition): Promise<void> {
  try {
    await createStreamSchedule(client, config.taskQueue, stream);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new CommandError(
      `stream "${stream.name}" exists already; allowed: another name, or stream delete first`,
      EXIT.failed,
      { cause: error },
    );
  }
}

/** Throws CommandError (not found) for an unknown stream. */
export async function readStream({ client }: Connected, name: string): Promise<StreamState> {
  try {
    return await readStreamState(client, name);
  } catch (error) {
    throw toUnknownStream(name, error);
  }
}

/** All streams, by name: a thousand within a second or two. */
export function listStreams({ client }: Connected): Promise<StreamState[]> {
  return listStreamStates(client);
}

/** The names of all streams, in alphabetical order. */
export async function listStreamNames({ client }: Connected): Promise<string[]> {
  const base = scheduleIdOf('');
  const names: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(base)) names.push(scheduleId.slice(base.length));
  }
  return names.sort();
}

/** Removes the schedule, and that of its nightly audit; files, manifests and runs under way stay as they are. */
export async function deleteSchedule(connected: Connected, name: string): Promise<void> {
  try {
    await connected.client.schedule.getHandle(scheduleIdOf(name)).delete();
  } catch (error) {
    throw toUnknownStream(name, error);
  }
  await unscheduleAudit(connected, name);
}

export interface RunToStart {
  stream: StreamDefinition;
  interval: Interval;
  force: boolean;
}

/** Starts the run that owns the interval, or joins it if it is under way. */
export async function startRun(
  { client, config }: Connected,
  { stream, interval, force }: RunToStart,
): Promise<RunHandle> {
  return client.workflow.start<(request: ExportRequest) => Promise<RunSummary>>('exportInterval', {
    workflowId: runIdOf(stream.name, interval),
    taskQueue: config.taskQueue,
    args: [{ stream, interval, force }],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
    ...wordsOf(stream, interval),
  });
}

/** What a person reads on the run's page. */
function wordsOf(
  stream: StreamDefinition,
  interval: Interval,
): { staticSummary: string; staticDetails: string } {
  const settings = settingsAt(stream, interval.startMs);
  return {
    staticSummary: toStaticSummary(stream.name, settings, interval),
    staticDetails: toStaticDetails(stream, settings),
  };
}

function toUnknownStream(name: string, error: unknown): unknown {
  if (!(error instanceof ScheduleNotFoundError)) return error;
  return new CommandError(
    `stream: got "${name}", which does not exist; allowed: one of room-streams stream list`,
    EXIT.notFound,
    { cause: error },
  );
}
