// Reads a run's Temporal event history: its stages in order, and the event to which a failed run is reset.
// That event repeats the failed stage and no other. This file is pure: callers fetch the event histories.
import { defaultPayloadConverter } from '@temporalio/common';
import proto, { type temporal } from '@temporalio/proto';
import type { ExportRequest } from '../workflows/model/run.ts';

// This is a CommonJS package whose names Node cannot see before running it, so only its default export can be
// imported.
const { PENDING_ACTIVITY_STATE_STARTED } = proto.temporal.api.enums.v1.PendingActivityState;

export type History = temporal.api.history.v1.IHistory;
type Event = temporal.api.history.v1.IHistoryEvent;
type Pending = temporal.api.workflow.v1.IPendingActivityInfo;
type Timestamp = Event['eventTime'];

/** The part that is read here of what Temporal's SDK records for a local activity. */
interface LocalActivityRecord {
  activity_type: string;
  attempt: number;
  complete_time: { seconds: number; nanos: number };
}

/** The name that Temporal's SDK gives its markers of local activities. */
const LOCAL_ACTIVITY = 'core_local_activity';

export type StageState = 'waiting' | 'running' | 'done' | 'failed' | 'canceled';

/** One stage; consecutive batches form one stage. */
export interface ShownStage {
  /** The name as in the Web UI; `settle` is the wait before the first stage. */
  name: string;
  /** The activity's summary; the first one where there are several. */
  what: string | null;
  state: StageState;
  /** How many activities are in that state or beyond it; a stage of batches has several. */
  done: number;
  of: number;
  /** The highest number of attempts of any one activity. */
  attempts: number;
  startedAt: string;
  endedAt: string | null;
  lastFailure: string | null;
}

interface Step {
  name: string;
  what: string | null;
  state: StageState;
  attempts: number;
  startedMs: number;
  endedMs: number | null;
  lastFailure: string | null;
}

/**
 * Returns the stages in the order in which they began. `pending` is Temporal's list of unfinished activities.
 */
export function stagesOf(history: History, pending: readonly Pending[] = []): ShownStage[] {
  const steps = new Map<number, Step>();
  const idsOfActivities = new Map<string, number>();
  // The run's own clock is used because local activities are timed by it.
  let clockMs = 0;
  for (const event of history.events ?? []) {
    if (event.workflowTaskStartedEventAttributes != null) clockMs = toMs(event.eventTime);
    const local = toLocalStep(event, clockMs);
    if (local !== undefined) {
      clockMs = local.endedMs ?? clockMs;
      steps.set(Number(event.eventId), local);
      continue;
    }
    const started = toStep(event);
    if (started !== undefined) {
      steps.set(Number(event.eventId), started);
      const { activityId } = event.activityTaskScheduledEventAttributes ?? {};
      if (typeof activityId === 'string') idsOfActivities.set(activityId, Number(event.eventId));
    } else closeStep(steps, event);
  }
  for (const activity of pending) {
    const step = steps.get(idsOfActivities.get(activity.activityId ?? '') ?? -1);
    if (step === undefined) continue;
    step.attempts = activity.attempt ?? 1;
    if (activity.state === PENDING_ACTIVITY_STATE_STARTED) step.state = 'running';
    if (activity.lastFailure != null) step.lastFailure = activity.lastFailure.message ?? null;
  }
  return groups([...steps.values()]).map(toStage);
}

function toStep(event: Event): Step | undefined {
  const startedMs = toMs(event.eventTime);
  const shared = { attempts: 1, startedMs, endedMs: null, lastFailure: null };
  if (event.activityTaskScheduledEventAttributes != null) {
    const name = event.activityTaskScheduledEventAttributes.activityType?.name ?? '';
    return { ...shared, name, what: summaryOf(event), state: 'waiting' };
  }
  if (event.timerStartedEventAttributes != null)
    return { ...shared, name: 'settle', what: summaryOf(event), state: 'running' };
  return undefined;
}

/**
 * Reads a stage that ran as a local activity, which is recorded as a marker once it is done. Returns
 * undefined for one that failed there, because it was then called again as an activity.
 */
function toLocalStep(event: Event, startedMs: number): Step | undefined {
  const { markerName, details, failure } = event.markerRecordedEventAttributes ?? {};
  const [payload] = details?.['data']?.payloads ?? [];
  if (markerName !== LOCAL_ACTIVITY || payload === undefined || failure != null) return undefined;
  const { activity_type: name, attempt, complete_time: completed } = fromMarker(payload);
  const endedMs = Math.max(startedMs, completed.seconds * 1000 + Math.floor(completed.nanos / 1e6));
  return {
    name,
    what: summaryOf(event),
    state: 'done',
    attempts: attempt,
    startedMs,
    endedMs,
    lastFailure: null,
  };
}

function closeStep(steps: ReadonlyMap<number, Step>, event: Event): void {
  const begun = event.activityTaskStartedEventAttributes;
  if (begun != null) {
    const step = steps.get(Number(begun.scheduledEventId));
    if (step === undefined) return;
    step.state = 'running';
    step.attempts = begun.attempt ?? 1;
    step.lastFailure = begun.lastFailure?.message ?? null;
    return;
  }
  const { id, state, failure } = endOf(event);
  const step = steps.get(id);
  if (step === undefined || state === undefined) return;
  step.state = state;
  step.endedMs = toMs(event.eventTime);
  if (failure !== undefined) step.lastFailure = failure;
}

function endOf(event: Event): { id: number; state?: StageState; failure?: string } {
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed != null) return { id: Number(completed.scheduledEventId), state: 'done' };
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  if (failed != null)
    return {
      id: Number(failed.scheduledEventId),
      state: 'failed',
      ...(failed.failure == null ? {} : { failure: innermost(failed.failure) }),
    };
  const canceled = event.activityTaskCanceledEventAttributes;
  if (canceled != null) return { id: Number(canceled.scheduledEventId), state: 'canceled' };
  const fired = event.timerFiredEventAttributes;
  if (fired != null) return { id: Number(fired.startedEventId), state: 'done' };
  const stopped = event.timerCanceledEventAttributes;
  if (stopped != null) return { id: Number(stopped.startedEventId), state: 'canceled' };
  return { id: -1 };
}

function groups(steps: readonly Step[]): Step[][] {
  const grouped: Step[][] = [];
  for (const step of steps) {
    const last = grouped.at(-1);
    if (last?.[0]?.name === step.name) last.push(step);
    else grouped.push([step]);
  }
  return grouped;
}

/** Returns the state of a group that matters most to the reader. */
const BY_WEIGHT: readonly StageState[] = ['failed', 'canceled', 'running', 'waiting', 'done'];

function toStage(steps: readonly Step[]): ShownStage {
  const [first] = steps;
  if (first === undefined) throw new RangeError('a group has one step at least');
  const state = BY_WEIGHT.find((each) => steps.some((step) => step.state === each)) ?? 'done';
  const ends = steps.map(({ endedMs }) => endedMs);
  const isOver = ends.every((endedMs) => endedMs !== null);
  return {
    name: first.name,
    what: first.what,
    state,
    done: steps.filter((step) => step.state === 'done').length,
    of: steps.length,
    attempts: Math.max(...steps.map(({ attempts }) => attempts)),
    startedAt: new Date(Math.min(...steps.map(({ startedMs }) => startedMs))).toISOString(),
    endedAt: isOver ? new Date(Math.max(...ends)).toISOString() : null,
    lastFailure: steps.findLast(({ lastFailure }) => lastFailure !== null)?.lastFailure ?? null,
  };
}

export interface FailedStage {
  name: string;
  /**
   * The event after which the stage was scheduled. A reset to it repeats the stage and everything scheduled
   * with it.
   */
  resetEventId: NonNullable<Event['eventId']>;
}

/** Returns null when the run did not fail, or when the run itself decided to fail and no stage did. */
export function failedStageOf(history: History): FailedStage | null {
  const events = history.events ?? [];
  const ended = events.find((event) => event.workflowExecutionFailedEventAttributes != null);
  for (let at = ended?.workflowExecutionFailedEventAttributes?.failure; at != null; at = at.cause) {
    const { scheduledEventId } = at.activityFailureInfo ?? {};
    if (scheduledEventId == null) continue;
    const scheduled = events.find(({ eventId }) => Number(eventId) === Number(scheduledEventId));
    const attributes = scheduled?.activityTaskScheduledEventAttributes;
    if (attributes?.workflowTaskCompletedEventId == null) return null;
    return {
      name: attributes.activityType?.name ?? '',
      resetEventId: attributes.workflowTaskCompletedEventId,
    };
  }
  return null;
}

/** Returns the input of the run; undefined when the event history lacks its beginning. */
export function requestOf(history: History): ExportRequest | undefined {
  const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload<ExportRequest>(payload);
}

function fromMarker(payload: temporal.api.common.v1.IPayload): LocalActivityRecord {
  return defaultPayloadConverter.fromPayload<LocalActivityRecord>(payload);
}

function summaryOf({ userMetadata }: Event): string | null {
  const summary = userMetadata?.summary;
  return summary == null ? null : defaultPayloadConverter.fromPayload<string>(summary);
}

function innermost(failure: temporal.api.failure.v1.IFailure): string {
  let at = failure;
  while (at.applicationFailureInfo == null && at.cause != null) at = at.cause;
  return at.message ?? '';
}

function toMs(time: Timestamp): number {
  return Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6);
}
