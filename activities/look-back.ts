// After a scheduled run: which of the few intervals before have no complete file, and no run under way to make it. The uploads that terminated runs of
// these left unfinished are aborted here, too: nobody else cleans up behind them.
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { runIdOf, type Interval } from '../workflows/model/interval.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import { type LookBackOutcome, type LookBackRequest } from '../workflows/model/stages.ts';
import { settingsAt, type StreamDefinition } from '../workflows/model/stream.ts';
import { abortLeftUploads } from './abort-upload.ts';
import { keyOf } from './plan-interval.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type OpenedDestination, type StageTools } from './stage-tools.ts';

export async function lookBack(
  tools: StageTools,
  { stream, intervals }: LookBackRequest,
  run: StageRun,
): Promise<LookBackOutcome> {
  const without = await Promise.all(
    intervals.map(async (interval) =>
      (await hasManifest(tools, { stream, interval }, run)) ? [] : [interval],
    ),
  );
  const missing: Interval[] = [];
  let uploadsAborted = 0;
  for (const interval of without.flat()) {
    if (await isUnderWay(Context.current().client, runIdOf(stream.name, interval))) continue;
    const { opened, key } = placeOf(tools, { stream, interval });
    uploadsAborted += await abortLeftUploads(opened, key, run);
    missing.push(interval);
    run.report({ missing: missing.length, of: intervals.length });
  }
  return { missing, uploadsAborted };
}

interface StreamInterval {
  stream: StreamDefinition;
  interval: Interval;
}

/** Most intervals have one, and one request each says so. */
async function hasManifest(tools: StageTools, of: StreamInterval, { signal }: StageRun): Promise<boolean> {
  const { opened, key } = placeOf(tools, of);
  const { store, destination } = opened;
  return (await store.head({ key: manifestKeyOf(destination.manifestPrefix, key), signal })) !== null;
}

/** Where the file of an interval is stored, by the settings that were in force then. */
function placeOf(
  tools: StageTools,
  { stream, interval }: StreamInterval,
): { opened: OpenedDestination; key: string } {
  const target = { stream: stream.name, settings: settingsAt(stream, interval.startMs), interval };
  return { opened: openDestination(tools, target.settings.destination), key: keyOf(target) };
}

export async function isUnderWay(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
