// Stores each stream as a Temporal schedule whose action's argument is the definition. Creates, reads, lists
// and changes schedules for the command line and for workers; it prints nothing. A list of schedules returns
// memos but no arguments, so the memo holds the first definition. Once a definition has changed, a search
// attribute marks the schedule, and the schedule itself is read.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import { isBorder, runBaseIdOf, scheduleIdOf } from '../workflows/model/interval.ts';
import { firingOf } from '../workflows/model/firing.ts';
import { toInstantMs } from '../workflows/model/instant.ts';
import type { ExportRequest } from '../workflows/model/run.ts';
import { ROOM_STATE, ROOM_STREAM } from '../workflows/model/search-attributes.ts';
import { toStaticDetails, toStaticSummary } from '../workflows/model/stream-page.ts';
import type { ListPlace, StreamState, UnreadableStream } from '../workflows/questions/status-contract.ts';
import { nextEndAfter, settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { inLanes } from './in-lanes.ts';
import { parseKeptStream, parseScheduledStream, UnreadableStreamError } from './stream-record.ts';

/**
 * All slots that were missed while the server was down are run when it is back. A year is longer than any
 * history that waits to be exported.
 */
const CATCHUP_WINDOW = '365 days';

/** The mark of a schedule whose memo no longer holds its current definition. */
const REVISED = 'revised';
const REVISED_MARK = {
  [ROOM_STATE.name]: {
    ...toPayload(REVISED),
    metadata: { ...toPayload(REVISED).metadata, type: Buffer.from('Keyword') },
  },
};

/** Two writers of one schedule at once are rare, and more are rarer. */
const CHANGES_TRIED = 5;

const LIST_PAGE = 1_000;

/** This many schedules can be read in the time that a list takes. */
const ASKED_EACH_MAX = 50;

/** Schedules read at once. */
const READS_AT_ONCE = 20;

// Only the default export of this CommonJS package can be imported, because Node cannot see its names before
// it runs.
const { ScheduleSpec } = proto.temporal.api.schedule.v1;
type ScheduleMessage = proto.temporal.api.schedule.v1.ISchedule;
type ScheduleEntry = proto.temporal.api.schedule.v1.IScheduleListEntry;

/**
 * Creates the schedule, paused when there is a `pauseNote`.
 * @throws ScheduleAlreadyRunning when a stream of that name exists
 */
export async function createStreamSchedule(
  client: Client,
  stream: StreamDefinition,
  { taskQueue, pauseNote }: { taskQueue: string; pauseNote: string | null },
): Promise<void> {
  const nowMs = Date.now();
  const { grids, jitterSeconds, notBeforeMs, notAfterMs } = firingOf(stream, nowMs);
  const settings = settingsAt(stream, nowMs);
  await client.schedule.create({
    scheduleId: scheduleIdOf(stream.name),
    spec: {
      intervals: grids.map(({ everySeconds, offsetSeconds }) => ({
        every: everySeconds * 1000,
        offset: offsetSeconds * 1000,
      })),
      jitter: jitterSeconds * 1000,
      ...(notBeforeMs === null ? {} : { startAt: new Date(notBeforeMs) }),
      ...(notAfterMs === null ? {} : { endAt: new Date(notAfterMs) }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: 'exportInterval',
      workflowId: runBaseIdOf(stream.name),
      taskQueue,
      args: [{ stream } satisfies ExportRequest],
      typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
      staticSummary: toStaticSummary(stream.name, settings),
      staticDetails: toStaticDetails(stream, settings),
    },
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCHUP_WINDOW },
    typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
    memo: { stream },
    ...(pauseNote === null ? {} : { state: { paused: true, note: pauseNote } }),
  });
}

/**
 * Reads a stream from its schedule.
 * @throws ScheduleNotFoundError for an unknown stream, UnreadableStreamError for a schedule that was edited
 *   into an invalid one
 */
export async function readStreamState(client: Client, name: string): Promise<StreamState> {
  const { action, state } = await client.schedule.getHandle(scheduleIdOf(name)).describe();
  return toState(parseScheduledStream(name, action.args), state);
}

/**
 * The nominal time of the newest slot for which the schedule started a run; null when it remembers none. Only
 * slots on the stream's grid count, because a person may have started runs at any time.
 */
export async function readLastSlotMs(client: Client, stream: StreamDefinition): Promise<number | null> {
  const { info } = await client.schedule.getHandle(scheduleIdOf(stream.name)).describe();
  const base = `${runBaseIdOf(stream.name)}-`;
  const nominals = info.recentActions
    .map(({ action }) => toInstantMs(action.workflow.workflowId.slice(base.length)))
    .filter((ms) => ms !== null)
    .filter((ms) => isBorder(ms, settingsAt(stream, ms - 1)));
  return nominals.length === 0 ? null : Math.max(...nominals);
}

/** The streams of a list. A stream that cannot be read does not affect the others. */
export interface ListedStreams {
  states: StreamState[];
  unreadable: UnreadableStream[];
}

/** All streams, sorted by name. A thousand take a second or two. Very recent changes may be missing. */
export async function listStreamStates(client: Client): Promise<ListedStreams> {
  const listed: ListedStreams = { states: [], unreadable: [] };
  let from: ListPlace = null;
  do {
    const page = await listStreamPage(client, { from, size: LIST_PAGE });
    listed.states.push(...page.states);
    listed.unreadable.push(...page.unreadable);
    from = page.rest;
  } while (from !== null);
  listed.states.sort((a, b) => (a.stream.name < b.stream.name ? -1 : 1));
  listed.unreadable.sort((a, b) => (a.name < b.name ? -1 : 1));
  return listed;
}

/**
 * Reads one page of at most `size` streams, in no particular order. `rest` is the token of the next page, or
 * null after the last one. When there are few streams, each schedule is read itself: a person who edits one
 * changes its action and not its memo.
 */
export async function listStreamPage(
  client: Client,
  { from, size }: { from: ListPlace; size: number },
): Promise<ListedStreams & { rest: ListPlace }> {
  const { schedules, nextPageToken } = await client.workflowService.listSchedules({
    namespace: client.options.namespace,
    maximumPageSize: size,
    ...(from === null ? {} : { nextPageToken: Buffer.from(from, 'base64') }),
  });
  const base = scheduleIdOf('');
  const entries = schedules.filter(({ scheduleId }) => scheduleId?.startsWith(base) === true);
  const areFew = from === null && nextPageToken.length === 0 && entries.length <= ASKED_EACH_MAX;
  const states: StreamState[] = [];
  const toAsk: string[] = [];
  for (const entry of entries) {
    const kept = areFew ? undefined : keptStream(entry);
    if (kept === undefined) toAsk.push((entry.scheduleId ?? '').slice(base.length));
    else states.push(toState(kept, { paused: entry.info?.paused === true, note: entry.info?.notes }));
  }
  const read = await readStreams(client, toAsk);
  return {
    states: [...states, ...read.states],
    unreadable: read.unreadable,
    rest: nextPageToken.length === 0 ? null : Buffer.from(nextPageToken).toString('base64'),
  };
}

/** Reads streams from their schedules. Streams that were deleted meanwhile are left out. */
export async function readStreams(client: Client, names: readonly string[]): Promise<ListedStreams> {
  const listed: ListedStreams = { states: [], unreadable: [] };
  await inLanes(names, READS_AT_ONCE, async (name) => {
    try {
      listed.states.push(await readStreamState(client, name));
    } catch (error) {
      if (error instanceof UnreadableStreamError) listed.unreadable.push({ name, problem: error.message });
      else if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  });
  return listed;
}

function keptStream({ memo, searchAttributes }: ScheduleEntry): StreamDefinition | undefined {
  const state = searchAttributes?.indexedFields?.[ROOM_STATE.name];
  if (state != null && fromPayload(state) === REVISED) return undefined;
  const kept = memo?.fields?.['stream'];
  return kept == null ? undefined : parseKeptStream(fromPayload(kept));
}

function toState(
  stream: StreamDefinition,
  { paused, note }: { paused: boolean; note?: string | null | undefined },
): StreamState {
  return {
    stream,
    paused,
    note: note == null || note === '' ? null : note,
    nextFireMs: paused ? null : nextEndAfter(stream, Date.now()),
  };
}

export interface ScheduleChange {
  stream: StreamDefinition;
  /** Unchanged when absent. */
  state?: { paused: boolean; note: string };
}

/**
 * Reads the schedule and writes the result of `change`, unless that is null. Runs that start from then on
 * have the new definition. When somebody else changes the schedule at the same time, it is read and changed
 * again. So `change` may be called more than once and has to give the same result each time.
 * @throws ScheduleNotFoundError for an unknown stream, ScheduleContestedError when others keep changing it
 */
export async function changeStreamSchedule(
  client: Client,
  name: string,
  change: (state: StreamState) => ScheduleChange | null,
): Promise<StreamState> {
  const scheduleId = scheduleIdOf(name);
  for (let attempt = 1; attempt <= CHANGES_TRIED; attempt += 1) {
    const { raw, action, state } = await client.schedule.getHandle(scheduleId).describe();
    const current = toState(parseScheduledStream(name, action.args), state);
    const wanted = change(current);
    if (wanted === null) return current;
    await client.workflowService.updateSchedule({
      namespace: client.options.namespace,
      scheduleId,
      identity: client.options.identity,
      requestId: randomUUID(),
      conflictToken: raw.conflictToken ?? new Uint8Array(),
      schedule: changedSchedule(raw.schedule ?? {}, wanted),
      searchAttributes: { indexedFields: { ...raw.searchAttributes?.indexedFields, ...REVISED_MARK } },
    });
    // The server may silently drop a change whose token is no longer the newest.
    const now = await readStreamState(client, name);
    if (hasTakenEffect(now, wanted)) return now;
  }
  throw new ScheduleContestedError(name);
}

export class ScheduleContestedError extends Error {
  override readonly name = 'ScheduleContestedError';
  constructor(stream: string) {
    super(`stream "${stream}": others changed its schedule ${CHANGES_TRIED} times in a row; try again`);
  }
}

function hasTakenEffect(is: StreamState, { stream, state }: ScheduleChange): boolean {
  if (!isDeepStrictEqual(is.stream, stream)) return false;
  return state === undefined || (is.paused === state.paused && is.note === state.note);
}

/** Uses Temporal's raw messages, because only they carry the token of the version that is changed. */
function changedSchedule(schedule: ScheduleMessage, { stream, state }: ScheduleChange): ScheduleMessage {
  const nowMs = Date.now();
  const { grids, jitterSeconds, notBeforeMs, notAfterMs } = firingOf(stream, nowMs);
  const settings = settingsAt(stream, nowMs);
  return {
    ...schedule,
    spec: ScheduleSpec.fromObject({
      interval: grids.map(({ everySeconds, offsetSeconds }) => ({
        interval: { seconds: everySeconds },
        phase: { seconds: offsetSeconds },
      })),
      jitter: { seconds: jitterSeconds },
      ...(notBeforeMs === null ? {} : { startTime: { seconds: notBeforeMs / 1000 } }),
      ...(notAfterMs === null ? {} : { endTime: { seconds: notAfterMs / 1000 } }),
    }),
    action: {
      startWorkflow: {
        ...schedule.action?.startWorkflow,
        input: { payloads: [toPayload({ stream } satisfies ExportRequest)] },
        userMetadata: {
          summary: toPayload(toStaticSummary(stream.name, settings)),
          details: toPayload(toStaticDetails(stream, settings)),
        },
      },
    },
    state: { ...schedule.state, ...(state === undefined ? {} : { paused: state.paused, notes: state.note }) },
  };
}

function fromPayload(payload: proto.temporal.api.common.v1.IPayload): unknown {
  return defaultPayloadConverter.fromPayload(payload);
}

function toPayload(value: unknown): proto.temporal.api.common.v1.IPayload {
  return defaultPayloadConverter.toPayload(value);
}
