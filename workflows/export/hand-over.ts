// A run started off the grid (a trigger in the Web UI) never exports by itself: the interval belongs to the
// run whose id names it, so that no two runs make one interval at once. This file starts that run, or waits
// for it if it is already there.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { isFileOf } from '../model/cover.ts';
import type { Interval } from '../model/interval.ts';
import type { ExportRequest, RunSummary } from '../model/run.ts';
import { toStaticDetails, toStaticSummary } from '../model/stream-page.ts';
import { settingsAt } from '../model/stream.ts';
import { callStages } from './stages.ts';

/** A trigger is a person waiting: an hour is longer than any of them does. */
const WAIT_MS = 3_600_000;

/** Ends with what the owner ends with; fails as it fails. */
export async function handOver(
  request: ExportRequest,
  interval: Interval,
  owner: string,
): Promise<RunSummary> {
  const settings = settingsAt(request.stream, interval.startMs);
  const covered = { stream: request.stream.name, settings, interval };
  log.info('handing over to the run that owns the interval', { owner });
  for (;;) {
    const summary = (await startOwner(request, { interval, owner })) ?? (await awaitOwner(owner));
    if (isFileOf(summary.manifest, covered)) return { ...summary, outcome: 'handed-over' };
    log.warn('that run was one of another stream of this name; starting the own one', { owner });
  }
}

/** Null when a run of that id is under way. */
async function startOwner(
  request: ExportRequest,
  { interval, owner }: { interval: Interval; owner: string },
): Promise<RunSummary | null> {
  const settings = settingsAt(request.stream, interval.startMs);
  try {
    const child = await startChild<(request: ExportRequest) => Promise<RunSummary>>('exportInterval', {
      workflowId: owner,
      args: [{ ...request, interval }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: toStaticSummary(request.stream.name, settings, interval),
      staticDetails: toStaticDetails(request.stream, settings),
    });
    return await child.result();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

function awaitOwner(owner: string): Promise<RunSummary> {
  const { control } = callStages(Date.now(), Date.now() + WAIT_MS);
  return control.awaitRun.executeWithOptions({ summary: `waits for ${owner}` }, [{ workflowId: owner }]);
}
