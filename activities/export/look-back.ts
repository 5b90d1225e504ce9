// After a scheduled run: which of the few intervals before have no file that covers them, and no run under
// way to make it. The uploads that terminated runs of these left unfinished are aborted here, too: nobody
// else cleans up behind them.
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
    // Nearly always so. A run that re-exported a complete interval and was terminated has left the manifest
    // of its predecessor, and its upload.
    if (hasFile && (lastRun === null || lastRun === 'COMPLETED')) continue;
    uploadsAborted += await abortLeftUploads(opened, keyOf(target), run);
    if (!hasFile) missing.push(target.interval);
    run.report({ missing: missing.length, of: intervals.length });
  }
  return { missing, uploadsAborted };
}

/**
 * True as well for what cannot be read: a run of that interval would fail there, and has said so to whoever
 * started it.
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

/** Of the newest run of that id; null when Temporal knows none. */
async function statusOf(client: Client, workflowId: string): Promise<string | null> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
