// After a scheduled run: finds which of the few intervals before it have no file that covers them and no run
// in progress. It also aborts uploads that terminated runs of these intervals left, because nothing else
// does.
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { LookBackOutcome, LookBackRequest, Target } from '../../workflows/export/contract.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { abortLeftUploads } from './abort-upload.ts';
import { keyOf } from '../manifests/file-key.ts';
import { findManifestOf } from '../manifests/find-cover.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

export async function lookBack(
  tools: StageTools,
  { stream, intervals }: LookBackRequest,
  run: StageRun,
): Promise<LookBackOutcome> {
  const { client } = Context.current();
  const looks = intervals.map(async (interval) => {
    const target = { stream: stream.name, settings: settingsAt(stream, interval.startMs), interval };
    const opened = openDestination(tools, target.settings.destination);
    const [hasFile, lastRun] = await Promise.all([
      hasManifest(opened, target, run.signal),
      statusOf(client, runIdOf(stream.name, interval)),
    ]);
    return { target, opened, hasFile, lastRun };
  });
  const missing: Interval[] = [];
  let uploadsAborted = 0;
  for (const { target, opened, hasFile, lastRun } of await Promise.all(looks)) {
    if (lastRun === 'RUNNING') continue;
    // This is nearly always the case. The exception is a terminated run that re-exported a complete interval:
    // the earlier run's manifest remains beside the unfinished upload.
    if (hasFile && (lastRun === null || lastRun === 'COMPLETED')) continue;
    uploadsAborted += await abortLeftUploads(opened, keyOf(target), run);
    if (!hasFile) missing.push(target.interval);
    run.report({ missing: missing.length, of: intervals.length });
  }
  return { missing, uploadsAborted };
}

/**
 * True also for a manifest that cannot be read: a run of that interval would fail on it, and has already
 * reported that.
 */
async function hasManifest(opened: OpenedDestination, target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    return (await findManifestOf(opened, target, signal)) !== null;
  } catch (error) {
    if (error instanceof UnreadableRecordError) return true;
    throw error;
  }
}

export async function isUnderWay(client: Client, workflowId: string): Promise<boolean> {
  return (await statusOf(client, workflowId)) === 'RUNNING';
}

/** The status of the newest run with that id; null when Temporal knows none. */
async function statusOf(client: Client, workflowId: string): Promise<string | null> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
