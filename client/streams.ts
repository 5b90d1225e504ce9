// Streams as Temporal knows them: the schedule is the record, its action's input the definition. Creates,
// reads and removes them, and starts their runs. Nothing here prints.
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { createStreamSchedule, listStreamStates, readStreamState } from '../streams/stream-schedules.ts';
import type { ListedStreams } from '../streams/stream-schedules.ts';
import { UnreadableStreamError } from '../streams/stream-record.ts';
import { runIdOf, scheduleIdOf } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { ExportRequest, RunSummary } from '../workflows/model/run.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import type { StreamChecks } from '../workflows/export/contract.ts';
import { toStaticDetails, toStaticSummary } from '../workflows/model/stream-page.ts';
import type { StreamState } from '../workflows/questions/status-contract.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { unscheduleAudit } from './audit-schedules.ts';
import { askWorker } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** A summary in the Web UI is a row of a list. */
const SUMMARY_CHARACTERS = 100;

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: ExportRequest) => Promise<RunSummary>
>;

/** Longer than the worker takes at most. */
const CHECK_TIMEOUT_MS = 120_000;

/**
 * Asks a worker what is wrong with streams as they would be, in their order. Throws CommandError when none
 * answers.
 */
export async function checkStreams(
  connected: Connected,
  streams: readonly StreamDefinition[],
): Promise<string[][]> {
  const { problems } = await askWorker<StreamChecks>(connected, {
    workflow: 'checkStreams',
    request: { streams },
    summary: `checks whether ${streams
      .map(({ name }) => name)
      .join(', ')
      .slice(0, SUMMARY_CHARACTERS)} could run`,
    timeoutMs: CHECK_TIMEOUT_MS,
  });
  return problems;
}

/** As `checkStreams`, of one. */
export async function checkStream(connected: Connected, stream: StreamDefinition): Promise<string[]> {
  return (await checkStreams(connected, [stream])).flat();
}

/**
 * With a `pauseNote` it is paused from the beginning. Throws CommandError when a stream of that name exists.
 */
export async function createSchedule(
  { client, config }: Connected,
  stream: StreamDefinition,
  pauseNote: string | null = null,
): Promise<void> {
  try {
    await createStreamSchedule(client, stream, { taskQueue: config.taskQueue, pauseNote });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new CommandError(
      `stream "${stream.name}" exists already; allowed: another name, or stream delete first`,
      EXIT.failed,
      { cause: error },
    );
  }
}

/** Throws CommandError for an unknown stream (not found), and for one whose schedule cannot be read. */
export async function readStream({ client }: Connected, name: string): Promise<StreamState> {
  try {
    return await readStreamState(client, name);
  } catch (error) {
    if (error instanceof UnreadableStreamError)
      throw new CommandError(error.message, EXIT.failed, { cause: error });
    throw toUnknownStream(name, error);
  }
}

/** All streams, by name: a thousand within a second or two. Those that cannot be read are listed apart. */
export function listAllStreams({ client }: Connected): Promise<ListedStreams> {
  return listStreamStates(client);
}

/** As `listAllStreams`, those that can be read. */
export async function listStreams(connected: Connected): Promise<StreamState[]> {
  return (await listAllStreams(connected)).states;
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

/**
 * Removes the schedule, and that of its nightly audit; files, manifests and runs under way stay as they are.
 */
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

/** The error for a stream that does not exist; every other error as it is. */
export function toUnknownStream(name: string, error: unknown): unknown {
  if (!(error instanceof ScheduleNotFoundError)) return error;
  return new CommandError(
    `stream: got "${name}", which does not exist; allowed: one of room-streams stream list`,
    EXIT.notFound,
    { cause: error },
  );
}
