// Where streams are: lists their schedules and asks their stores. Both take the better part of a second for a thousand streams, so the next page
// is listed while the stores are asked for this one.
import { Context } from '@temporalio/activity';
import {
  toStatus,
  type StatusAnswer,
  type StatusRequest,
  type StreamState,
  type StreamStatus,
} from '../workflows/model/status.ts';
import { readLatestIntervals } from './read-latest-intervals.ts';
import { type StageRun } from './run-stage.ts';
import { type StageTools } from './stage-tools.ts';
import { listStreamPage } from './streams/stream-schedules.ts';

/** After more than so many no further page is listed: an answer, notes and all, has to fit into one of Temporal's payloads of 2 MB. */
const ROWS_ENOUGH = 1_000;

export async function readStatus(
  tools: StageTools,
  request: StatusRequest,
  run: StageRun,
): Promise<StatusAnswer> {
  if ('states' in request) return { rows: await toRows(tools, request.states, run), rest: null };
  const { client } = Context.current();
  const rows: StreamStatus[] = [];
  let { states, rest } = await listStreamPage(client, request.from);
  for (;;) {
    const isEnough = rows.length + states.length > ROWS_ENOUGH;
    const [more, next] = await Promise.all([
      toRows(tools, states, run),
      rest === null || isEnough ? null : listStreamPage(client, rest),
    ]);
    rows.push(...more);
    run.report({ streams: rows.length });
    if (next === null) return { rows, rest };
    ({ states, rest } = next);
  }
}

async function toRows(
  tools: StageTools,
  states: readonly StreamState[],
  run: StageRun,
): Promise<StreamStatus[]> {
  const found = await readLatestIntervals(tools, states, run);
  const nowMs = tools.nowMs();
  return found.map((each) => toStatus(each, nowMs));
}
