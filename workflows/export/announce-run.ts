// Announces the outcome of a run to webhooks: the file once its manifest is written, or the failure. A
// canceled run announces nothing, because a person canceled it.
import { ApplicationFailure, log, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { announce } from '../webhooks/announce.ts';
import type { Announcements } from '../webhooks/contract.ts';
import { toRfc3339 } from '../model/interval.ts';
import type { Manifest } from '../model/manifest.ts';
import type { IntervalPlan } from '../model/plan.ts';
import type { Target } from './contract.ts';

/** This only reads a worker's configuration. It is bounded, so that it cannot keep a failed run open. */
const { listWebhooks: askWebhooks } = proxyActivities<Announcements>({
  startToCloseTimeout: '5 seconds',
  scheduleToCloseTimeout: '30 seconds',
  summary: 'does anybody want to hear of it?',
});

export async function announceFile(target: Target, plan: IntervalPlan, manifest: Manifest): Promise<void> {
  if (!plan.isAnnounced) return;
  await announce({
    id: `file.completed:${target.stream}-${manifest.interval_end}:${manifest.write_id}`,
    type: 'file.completed',
    atMs: Date.parse(manifest.completed_at),
    data: manifest,
  });
}

export async function announceFailure(target: Target, error: unknown): Promise<void> {
  if (!(await isAwaited())) return;
  const { workflowId, runId } = workflowInfo();
  const { stream, settings, interval } = target;
  await announce({
    id: `run.failed:${stream}-${toRfc3339(interval.endMs)}:${runId}`,
    type: 'run.failed',
    atMs: Date.now(),
    data: {
      stream,
      project: settings.project,
      destination: settings.destination,
      interval_start: toRfc3339(interval.startMs),
      interval_end: toRfc3339(interval.endMs),
      workflow_id: workflowId,
      run_id: runId,
      ...describeFailure(error),
    },
  });
}

/**
 * Whether any webhook wants failures. A failed run may have no plan, so a worker is asked. When the question
 * fails, webhooks are assumed to exist: the announcement looks them up again.
 */
async function isAwaited(): Promise<boolean> {
  try {
    return (await askWebhooks({ type: 'run.failed' })).length > 0;
  } catch (error) {
    log.warn('could not ask for webhooks', { cause: String(error) });
    return true;
  }
}

/** The type and message of the stage's own failure, without the Temporal errors that wrap it. */
function describeFailure(error: unknown): { error_type: string; message: string } {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure) return { error_type: at.type ?? at.name, message: at.message };
    if (at.cause === undefined) return { error_type: at.name, message: at.message };
  }
  return { error_type: 'Error', message: String(error) };
}
