// The run: exports one interval of one stream as one file. It follows the figure in ARCHITECTURE.md: find the
// interval, wait until it has settled, plan, export batches, check, complete, write the manifest. It only
// decides; activities do all input and output. It never chooses an interval by the clock, and never handles
// rooms or credentials.
import {
  ApplicationFailure,
  ContinueAsNew,
  isCancellation,
  log,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { announceFailure } from './announce-run.ts';
import { projectsOf } from '../model/cover.ts';
import { isStrayFire } from '../model/firing.ts';
import { handOver } from './hand-over.ts';
import { lookBack } from './look-back.ts';
import { exportFile } from './export-file.ts';
import { assertInput } from '../model/assert-input.ts';
import { exportRequest } from './input.ts';
import { isBorder, lastIntervalEndedBy, runIdOf } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import { SCHEDULED_START_TIME } from '../model/search-attributes.ts';
import { retryCommandOf } from '../model/run.ts';
import type { ExportRequest, RunSummary } from '../model/run.ts';
import type { Target } from './contract.ts';
import { settingsAt, settingsEndingAt } from '../model/stream.ts';
import type { StreamSettings } from '../model/stream.ts';
import { showProgress } from './show-progress.ts';
import { callStages } from './stages.ts';
import { finishOffGridRun } from './off-grid-run.ts';
import { FAILURE } from '../model/failure.ts';

// A RangeError fails the run. Temporal would otherwise retry the workflow task for ever.
setWorkflowOptions({ failureExceptionTypes: [RangeError] }, exportInterval);

export async function exportInterval(request: ExportRequest): Promise<RunSummary> {
  assertInput('exportInterval', exportRequest, request);
  const nominalMs = workflowInfo().typedSearchAttributes.get(SCHEDULED_START_TIME)?.getTime();
  const isScheduled = request.interval === undefined && nominalMs !== undefined;
  if (isScheduled && isStrayFire(request.stream, nominalMs))
    return finishOffGridRun(request.stream, nominalMs);

  const { interval, settings } = findInterval(request, nominalMs);
  const owner = runIdOf(request.stream.name, interval);
  if (workflowInfo().workflowId !== owner) return handOver(request, interval, owner);

  const looksBack = request.carried?.looksBack ?? request.interval === undefined;
  const startedAtMs = request.carried?.startedAtMs ?? Date.now();
  const progress = showProgress(request.stream.name, interval, startedAtMs);
  const projects = projectsOf(request.stream);
  const target = { stream: request.stream.name, settings, interval, projects };
  const settledAtMs = interval.endMs + settings.settleSeconds * 1000;
  const stages = callStages(Date.now(), Math.max(settledAtMs, startedAtMs) + settings.giveUpSeconds * 1000);
  try {
    if (settledAtMs > Date.now()) {
      progress.publish();
      await sleep(settledAtMs - Date.now(), {
        summary: `settling for ${settings.settleSeconds} s after the interval's end`,
      });
    }
    const summary = await exportFile({
      request: { ...request, interval },
      target,
      startedAtMs,
      looksBack,
      stages,
      progress,
    });
    progress.update({ state: summary.outcome });
    if (looksBack) await lookBack(request.stream, interval);
    return summary;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const isCanceled = isCancellation(error);
    const failure = isCanceled ? error : withRetryCommand(error, target);
    progress.update({ state: isCanceled ? 'canceled' : 'failed', note: messageOf(failure) });
    log.warn('run ended without a complete file', {
      stream: target.stream,
      interval,
      cause: messageOf(error),
    });
    if (!isCanceled) await announceFailure(target, error);
    throw failure;
  }
}

/** Appends the retry command to the failure: its first line names the problem, its last line the command. */
function withRetryCommand(error: unknown, { stream, interval }: Target): ApplicationFailure {
  return ApplicationFailure.create({
    message: `${messageOf(error)}\nOnce that is fixed: ${retryCommandOf(stream, interval)}`,
    type: typeOf(error),
    nonRetryable: true,
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

function typeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure) return at.type ?? at.name;
    if (at.cause === undefined) return at.name;
  }
  return 'Error';
}

/**
 * The interval that this run exports, and the settings in force for it. It is the interval of the request, or
 * the one that ends at the schedule's nominal time. A run started off the grid (a trigger) takes the last
 * complete interval before that time.
 */
function findInterval(
  request: ExportRequest,
  nominalMs: number | undefined,
): { interval: Interval; settings: StreamSettings } {
  const { stream } = request;
  if (request.interval !== undefined) {
    const settings = settingsAt(stream, request.interval.startMs);
    assertOnGrid(request.interval, settings);
    return { interval: request.interval, settings };
  }
  if (nominalMs === undefined) {
    throw ApplicationFailure.nonRetryable(
      "interval: got none, and no schedule started this run; allowed: an interval in the request, or a start by the stream's schedule",
      FAILURE.invalidRequest,
    );
  }
  const { endMs } = lastIntervalEndedBy(nominalMs, settingsAt(stream, nominalMs - 1));
  return settingsEndingAt(stream, endMs);
}

function assertOnGrid(interval: Interval, settings: StreamSettings): void {
  const isWhole = interval.endMs - interval.startMs === settings.everySeconds * 1000;
  if (isWhole && isBorder(interval.startMs, settings)) return;
  throw ApplicationFailure.nonRetryable(
    `interval: got [${interval.startMs}, ${interval.endMs}) ms; allowed: ${settings.everySeconds} s from a border of the stream's grid`,
    FAILURE.invalidRequest,
  );
}

/** The message of the stage's own failure, without the Temporal errors that wrap it. */
function messageOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure || at.cause === undefined) return at.message;
  }
  return String(error);
}
