// Collects what `run show` displays: what Temporal knows of the run or, once Temporal has forgotten it, the
// stored manifest. describe-run.ts formats it.
import { setTimeout as wait } from 'node:timers/promises';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { runIdOf } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import { retryCommandOf } from '../workflows/model/run.ts';
import type { RunProgress, RunSummary } from '../workflows/model/run.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { runPageOf } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { findManifest } from './find-manifest.ts';
import { innermostMessage, readProgress } from './follow-workflow.ts';
import { describeRun } from './retry-run.ts';
import { stagesOf } from './run-history.ts';
import type { ShownStage } from './run-history.ts';

/**
 * A worker answers a query in milliseconds. Without a worker the server blocks the query, and the event
 * history is sufficient.
 */
const PROGRESS_WAIT_MS = 3_000;

export interface ShownRun {
  workflowId: string;
  runId: string;
  /**
   * Temporal's status. `FORGOTTEN` means that Temporal no longer knows the run and only the manifest is left.
   */
  status: string;
  startedAt: string;
  closedAt: string | null;
  page: string | null;
  progress: RunProgress | null;
  stages: ShownStage[];
  summary: RunSummary | null;
  /** The manifest of a forgotten run. */
  manifest: Manifest | null;
  /** The failure of the run; its first line says what to fix. */
  failure: string | null;
  /** The command to type once that is fixed; null unless the run failed. */
  retry: string | null;
}

/**
 * @throws CommandError (not found) when Temporal knows no run of the interval and the store has no manifest
 * for it.
 */
export async function showRun(
  connected: Connected,
  of: { stream: StreamDefinition; interval: Interval },
): Promise<ShownRun> {
  const { client, config } = connected;
  const workflowId = runIdOf(of.stream.name, of.interval);
  const description = await describeRun(connected, workflowId);
  if (description === null) return showForgotten(connected, of);
  const { runId, status, startTime, closeTime, raw } = description;
  const handle = client.workflow.getHandle<(request: unknown) => Promise<RunSummary>>(workflowId, runId);
  const isRunning = status.name === 'RUNNING';
  const [history, progress, ended] = await Promise.all([
    handle.fetchHistory(),
    Promise.race([readProgress(handle), wait(PROGRESS_WAIT_MS, null)]),
    isRunning ? NOT_ENDED : endOf(handle),
  ]);
  return {
    workflowId,
    runId,
    status: status.name,
    startedAt: startTime.toISOString(),
    closedAt: closeTime?.toISOString() ?? null,
    page: runPageOf(config, workflowId, runId),
    progress,
    stages: stagesOf(history, raw.pendingActivities ?? []),
    ...ended,
    manifest: null,
    retry: isRunning || status.name === 'COMPLETED' ? null : retryCommandOf(of.stream.name, of.interval),
  };
}

const NOT_ENDED: Pick<ShownRun, 'summary' | 'failure'> = { summary: null, failure: null };

async function endOf(handle: {
  result(): Promise<RunSummary>;
}): Promise<Pick<ShownRun, 'summary' | 'failure'>> {
  try {
    return { summary: await handle.result(), failure: null };
  } catch (error) {
    return { summary: null, failure: innermostMessage(error) };
  }
}

async function showForgotten(
  connected: Connected,
  of: { stream: StreamDefinition; interval: Interval },
): Promise<ShownRun> {
  const workflowId = runIdOf(of.stream.name, of.interval);
  const manifest = await findManifest(connected, of);
  if (manifest === null) {
    throw new CommandError(
      `run: got "${workflowId}", which Temporal does not know, and the store has no manifest of the interval; ` +
        `allowed: an interval that was begun. This one is made by: ${retryCommandOf(of.stream.name, of.interval)}`,
      EXIT.notFound,
    );
  }
  return {
    ...NOT_ENDED,
    workflowId,
    runId: manifest.run_id,
    status: 'FORGOTTEN',
    page: null,
    progress: null,
    stages: [],
    startedAt: manifest.started_at,
    closedAt: manifest.completed_at,
    manifest,
    retry: null,
  };
}
