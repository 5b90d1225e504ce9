// Manages streams in Temporal: the schedule is the record, and the input of its action is the definition.
// Creates, reads and removes streams, and starts their runs. This file never prints.
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
import { rangeProblems } from '../workflows/model/interval-range.ts';
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

/** The Web UI shows a summary as one row of a list. */
const SUMMARY_CHARACTERS = 100;

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: ExportRequest) => Promise<RunSummary>
>;

/** This is longer than the worker takes at most. */
const CHECK_TIMEOUT_MS = 120_000;

/**
 * Asks a worker to validate the given streams; the problems come back in the same order.
 * @throws CommandError when no worker answers.
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

/** Checks one stream, as `checkStreams` does. */
export async function checkStream(connected: Connected, stream: StreamDefinition): Promise<string[]> {
  return (await checkStreams(connected, [stream])).flat();
}

/**
 * Creates a stream; with a `pauseNote` it starts paused.
 * @throws CommandError when a stream of that name exists.
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

/** @throws CommandError for an unknown stream (not found), and for one whose schedule cannot be read. */
export async function readStream({ client }: Connected, name: string): Promise<StreamState> {
  try {
    return await readStreamState(client, name);
  } catch (error) {
    if (error instanceof UnreadableStreamError)
      throw new CommandError(error.message, EXIT.failed, { cause: error });
    throw toUnknownStream(name, error);
  }
}

/** Lists all streams by name, a thousand within a second or two. Unreadable streams are listed separately. */
export function listAllStreams({ client }: Connected): Promise<ListedStreams> {
  return listStreamStates(client);
}

/** Lists the readable streams of `listAllStreams`. */
export async function listStreams(connected: Connected): Promise<StreamState[]> {
  return (await listAllStreams(connected)).states;
}

/** Lists the names of all streams in alphabetical order. */
export async function listStreamNames({ client }: Connected): Promise<string[]> {
  const base = scheduleIdOf('');
  const names: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(base)) names.push(scheduleId.slice(base.length));
  }
  return names.sort();
}

/** Removes the schedule and its nightly audit. Files, manifests and runs in progress stay as they are. */
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

/** Starts the run of the interval, or joins it if it is already running. */
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

/** The details that a person reads on the run's page. */
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

/** Returns the error for a stream that does not exist; returns every other error unchanged. */
export function toUnknownStream(name: string, error: unknown): unknown {
  if (!(error instanceof ScheduleNotFoundError)) return error;
  return new CommandError(
    `stream: got "${name}", which does not exist; allowed: one of room-streams stream list`,
    EXIT.notFound,
    { cause: error },
  );
}

/** `--from` and `--to` of a command, in epoch milliseconds. */
export interface RangeOptions {
  from: number;
  to: number;
}

/**
 * Returns a range of a stream's intervals that have ended.
 * @throws CommandError that names the nearest borders when the range does not begin and end on borders.
 */
export function toRange(stream: StreamDefinition, { from, to }: RangeOptions, nowMs: number): Interval {
  const range = { startMs: from, endMs: to };
  const problems = rangeProblems(stream, range, nowMs);
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.usage);
  return range;
}
