// After a scheduled run: which of the few intervals before have no complete file, and no run under way to make it. What terminated runs
// left unfinished under their keys is given up here, too: nobody else cleans up behind them.
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { runIdOf, type Interval } from '../workflows/model/interval.ts';
import { type LookBackOutcome, type LookBackRequest } from '../workflows/model/stages.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import { abortLeftUploads } from './abort-upload.ts';
import { keyOf } from './manifests/file-key.ts';
import { findManifestOf } from './manifests/find-cover.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

export async function lookBack(
  tools: StageTools,
  { stream, intervals }: LookBackRequest,
  run: StageRun,
): Promise<LookBackOutcome> {
  const missing: Interval[] = [];
  let uploadsAborted = 0;
  for (const interval of intervals) {
    if (await isUnderWay(Context.current().client, runIdOf(stream.name, interval))) continue;
    const target = { stream: stream.name, settings: settingsAt(stream, interval.startMs), interval };
    const opened = openDestination(tools, target.settings.destination);
    const key = keyOf(target);
    uploadsAborted += await abortLeftUploads(opened, key, run);
    if ((await findManifestOf(opened, target, run.signal)) === null) missing.push(interval);
    run.report({ looked: intervals.indexOf(interval) + 1, of: intervals.length });
  }
  return { missing, uploadsAborted };
}

export async function isUnderWay(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
