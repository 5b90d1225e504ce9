// A run started off the grid (a trigger in the Web UI) never exports itself. The interval belongs to the run
// whose id names it, so that no two runs export one interval at once. This file starts that run, or waits for
// it when it is already running.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { isFileOf } from '../model/cover.ts';
import type { Interval } from '../model/interval.ts';
import type { ExportRequest, RunSummary } from '../model/run.ts';
import { toStaticDetails, toStaticSummary } from '../model/stream-page.ts';
import { settingsAt } from '../model/stream.ts';
import { callStages } from './stages.ts';

/** A person waits for a triggered run, and nobody waits longer than an hour. */
const WAIT_MS = 3_600_000;

/** Returns the result of the run that owns the interval, or fails with its failure. */
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

/** Null when a run with that id is already running. */
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
