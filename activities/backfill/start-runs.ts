// Starts the runs of some intervals under the ids that the schedule gives them, so that no interval is
// exported twice at once. A run that is already in progress counts as started. There are two exceptions: the
// interval is to be re-exported, or the run has other settings, as one of a deleted stream of the same name.
// Such a run has to end first.
import { isDeepStrictEqual } from 'node:util';
import { Context } from '@temporalio/activity';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, TypedSearchAttributes } from '@temporalio/common';
import type { StartOutcome, StartRequest } from '../../workflows/backfill/contract.ts';
import { coverFieldsOf } from '../../workflows/model/cover.ts';
import { INPUTS } from '../../workflows/inputs.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { ExportRequest, RunSummary } from '../../workflows/model/run.ts';
import { ROOM_STREAM } from '../../workflows/model/search-attributes.ts';
import { fits } from '../../workflows/model/shape.ts';
import { toStaticDetails, toStaticSummary } from '../../workflows/model/stream-page.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import type { StreamSettings } from '../../workflows/model/stream.ts';
import { inLanes } from '../../streams/in-lanes.ts';

/** A server starts a few tens of workflows a second, however many are requested at once. */
const STARTS_AT_ONCE = 8;

export async function startRuns(request: StartRequest): Promise<StartOutcome[]> {
  const { client } = Context.current();
  return inLanes(request.intervals, STARTS_AT_ONCE, (interval) => startOne(client, request, interval));
}

async function startOne(client: Client, request: StartRequest, interval: Interval): Promise<StartOutcome> {
  const { stream, force, startedFor } = request;
  const workflowId = runIdOf(stream.name, interval);
  // An earlier attempt may have started it and lost the answer.
  if (force && (await starterOf(client, workflowId)) === startedFor) return 'running';
  const settings = settingsAt(stream, interval.startMs);
  try {
    await client.workflow.start<(request: ExportRequest) => Promise<RunSummary>>('exportInterval', {
      workflowId,
      taskQueue: Context.current().info.taskQueue,
      args: [{ stream, interval, force }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      memo: { [STARTED_FOR]: startedFor },
      typedSearchAttributes: new TypedSearchAttributes([{ key: ROOM_STREAM, value: stream.name }]),
      staticSummary: toStaticSummary(stream.name, settings, interval),
      staticDetails: toStaticDetails(stream, settings),
    });
    return 'running';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (force) return 'in-the-way';
    return (await isOfSettings(client, workflowId, { settings, interval })) ? 'running' : 'in-the-way';
  }
}

/**
 * Whether the newest run with that id was requested for the same file. True also when Temporal no longer
 * knows the run, because it then blocks nothing.
 */
async function isOfSettings(
  client: Client,
  workflowId: string,
  { settings, interval }: { settings: StreamSettings; interval: Interval },
): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  });
  const [payload] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  if (payload === undefined) return true;
  const asked = defaultPayloadConverter.fromPayload(payload);
  // A run whose input was edited by hand fails by itself.
  if (!fits(INPUTS.exportInterval, asked)) return false;
  const { stream } = asked;
  const fieldsOf = (of: StreamSettings) => coverFieldsOf({ stream: stream.name, settings: of, interval }, '');
  return isDeepStrictEqual(fieldsOf(settingsAt(stream, interval.startMs)), fieldsOf(settings));
}

/** The memo field that names who started a run. */
const STARTED_FOR = 'startedFor';

/** Undefined when there is no such run, or its memo names nobody. */
async function starterOf(client: Client, workflowId: string): Promise<unknown> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).memo?.[STARTED_FOR];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
