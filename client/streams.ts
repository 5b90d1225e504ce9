// Streams as Temporal knows them: the schedule is the record, its action's input the definition. Creates, reads and removes them, and
// starts their runs. Nothing here prints.
import { randomUUID } from 'node:crypto';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { z } from 'zod';
import { runBaseIdOf, runIdOf, scheduleIdOf, type Interval } from '../workflows/model/interval.ts';
import { type ExportRequest, type RunSummary } from '../workflows/model/run.ts';
import { ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import { type StreamCheck } from '../workflows/model/stages.ts';
import { toStaticDetails, toStaticSummary } from '../workflows/model/stream-page.ts';
import { settingsAt, type StreamDefinition, type StreamSettings } from '../workflows/model/stream.ts';
import { type Connected } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** Slots missed while the server was down are all run when it wakes: a year is longer than any history that waits to be exported. */
const CATCHUP_WINDOW = '365 days';

/** A worker that has not taken a short workflow within this is not there. */
const WORKER_WAIT_MS = 10_000;

/** A thousand streams do not all fire at the full hour; never more than a tenth of the interval. */
const JITTER_SECONDS_MAX = 10;

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<
  (request: ExportRequest) => Promise<RunSummary>
>;

const settingsSchema = z.object({
  everySeconds: z.number(),
  offsetSeconds: z.number(),
  project: z.string(),
  destination: z.string(),
  prefix: z.string(),
  settleSeconds: z.number(),
  format: z.enum(['json', 'ndjson']),
  compression: z.enum(['none', 'gzip']),
  fields: z.enum(['standard', 'extended']),
  keyTemplate: z.string(),
  empty: z.enum(['write', 'skip']),
  giveUpSeconds: z.number(),
}) satisfies z.ZodType<StreamSettings>;

/** What a schedule's action is called with; its own `interval` and `force` are always absent. */
export const scheduledInput = z.object({
  stream: z.object({
    name: z.string(),
    fromMs: z.number(),
    untilMs: z.number().nullable(),
    skipped: z.array(z.object({ startMs: z.number(), endMs: z.number() })),
    revisions: z.array(z.object({ fromMs: z.number(), settings: settingsSchema })).min(1),
  }),
});

export interface StreamState {
  stream: StreamDefinition;
  paused: boolean;
  note: string | null;
  nextFireMs: number | null;
}

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
  const settings = settingsAt(stream, Date.now());
  try {
    await client.schedule.create({
      scheduleId: scheduleIdOf(stream.name),
      spec: {
        intervals: [{ every: settings.everySeconds * 1000, offset: settings.offsetSeconds * 1000 }],
        jitter: Math.min(JITTER_SECONDS_MAX, Math.floor(settings.everySeconds / 10)) * 1000,
      },
      action: {
        type: 'startWorkflow',
        workflowType: 'exportInterval',
        workflowId: runBaseIdOf(stream.name),
        taskQueue: config.taskQueue,
        args: [{ stream } satisfies ExportRequest],
        typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
        staticSummary: toStaticSummary(stream.name, settings),
        staticDetails: toStaticDetails(stream, settings),
      },
      policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCHUP_WINDOW },
      typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
    });
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
    const { action, state, info } = await client.schedule.getHandle(scheduleIdOf(name)).describe();
    const [input] = z.tuple([scheduledInput]).parse(action.args);
    return {
      stream: input.stream,
      paused: state.paused,
      note: state.note ?? null,
      nextFireMs: info.nextActionTimes[0]?.getTime() ?? null,
    };
  } catch (error) {
    throw toUnknownStream(name, error);
  }
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

/** Removes the schedule; files, manifests and runs under way stay as they are. */
export async function deleteSchedule({ client }: Connected, name: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleIdOf(name)).delete();
  } catch (error) {
    throw toUnknownStream(name, error);
  }
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
