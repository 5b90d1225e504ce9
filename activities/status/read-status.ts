// Reads the status of streams: lists their schedules and reads their stores. Each takes most of a second for
// a thousand streams, so the next page is listed while the stores are read for this one.
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { toStatus, toUnreadableStatus } from '../../workflows/questions/status-contract.ts';
import type {
  ListPlace,
  StatusAnswer,
  StatusRequest,
  StreamState,
  StreamStatus,
} from '../../workflows/questions/status-contract.ts';
import { readLatestIntervals } from './read-latest-intervals.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { listStreamPage, readStreams } from '../../streams/stream-schedules.ts';

/**
 * A page of this size is large enough to list efficiently, and small enough to start reading stores early.
 */
const PAGE = 125;

/**
 * The most streams of a page to read again. When all of them are behind, the reason is not that a person
 * edited them.
 */
const BEHIND_ASKED_MAX = 20;

export async function readStatus(
  tools: StageTools,
  request: StatusRequest,
  run: StageRun,
): Promise<StatusAnswer> {
  if ('states' in request) return { rows: await toRows(tools, request.states, run), rest: null };
  const { client } = Context.current();
  const list = (from: ListPlace, room: number) =>
    listStreamPage(client, { from, size: Math.min(PAGE, room) });
  const rows: StreamStatus[] = [];
  for (let page = await list(request.from, request.rowsMax); ;) {
    const { states, unreadable, rest } = page;
    const room = request.rowsMax - rows.length - states.length - unreadable.length;
    const [more, next] = await Promise.all([
      toRows(tools, states, run),
      rest === null || room <= 0 ? null : list(rest, room),
    ]);
    rows.push(...(await withEdited(client, more)), ...unreadable.map(toUnreadableStatus));
    run.report({ streams: rows.length });
    if (next === null) return { rows, rest };
    page = next;
  }
}

/**
 * Reads the schedules of streams that are behind once more. A person may have edited a schedule into an input
 * that its runs fail with, and the list does not show that.
 */
async function withEdited(client: Client, rows: readonly StreamStatus[]): Promise<StreamStatus[]> {
  const behind = rows.filter(({ missing }) => missing !== null && missing > 0).slice(0, BEHIND_ASKED_MAX);
  const { unreadable } = await readStreams(
    client,
    behind.map(({ stream }) => stream),
  );
  const broken = new Map(unreadable.map((each) => [each.name, each]));
  return rows.map((row) => {
    const found = broken.get(row.stream);
    return found === undefined ? row : toUnreadableStatus(found);
  });
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
