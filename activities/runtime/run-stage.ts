// What every stage has in common: a heartbeat while it works, cancellation as an abort signal, and errors
// translated to failures in one function. A stage itself does not need to know Temporal.
import { setMaxListeners } from 'node:events';
import { CancelledFailure, Context, log, sleep } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/activity';
import { nameSettings } from '../../clickhouse/profile-settings.ts';
import type { StageTools } from './stage-tools.ts';
import { isOfHistory, isRefusal, toFailure, withMore, withoutSecrets } from './to-failure.ts';

/**
 * A fifth of the heartbeat time-out: some heartbeats may be lost without the attempt being considered dead.
 */
const HEARTBEAT_MS = 2_000;

/** Long enough for a new connection, short enough for a person who waits. */
const SECOND_LOOK_MS = 250;

export interface StageRun {
  /** Aborted when the run is cancelled, the attempt timed out, or the worker shuts down. */
  signal: AbortSignal;
  /** Sets the details of the next heartbeat. The Web UI shows them as the attempt's last details. */
  report(details: Record<string, string | number>): void;
  workflowId: string;
  runId: string;
}

/**
 * The tools needed to explain a failure: `hide` removes secrets from its message, and `history` knows which
 * settings may be the cause.
 */
export type FailureTools = Pick<StageTools, 'hide' | 'history'>;

/** Wraps a stage into an activity. */
export function runStage<Request, Result>(
  stage: (request: Request, run: StageRun) => Promise<Result>,
  tools: FailureTools,
): (request: Request) => Promise<Result> {
  return async (request) => {
    const context = Context.current();
    let details: Record<string, string | number> = {};
    const { workflowExecution, isLocal } = context.info;
    // A local activity lives as long as its workflow task, and Temporal accepts no heartbeat from it.
    const timer = isLocal ? undefined : setInterval(() => context.heartbeat(details), HEARTBEAT_MS);
    // Every pending request listens to the signal, and a stage may have dozens.
    setMaxListeners(0, context.cancellationSignal);
    const run: StageRun = {
      signal: context.cancellationSignal,
      report: (next) => (details = next),
      workflowId: workflowExecution?.workflowId ?? '',
      runId: workflowExecution?.runId ?? '',
    };
    try {
      return await retryRefusalOnce(run, () => stage(request, run));
    } catch (error) {
      if (context.cancellationSignal.aborted) {
        const reason: unknown = context.cancellationSignal.reason;
        throw reason instanceof CancelledFailure ? reason : new CancelledFailure('the stage was cancelled');
      }
      throw withoutSecrets(await explainFailure(error, tools), tools.hide);
    } finally {
      clearInterval(timer);
    }
  };
}

/**
 * When ClickHouse is the cause, appends the settings that the operator gave its user. ClickHouse's own
 * message often names none.
 */
export async function explainFailure(
  error: unknown,
  { history }: Pick<FailureTools, 'history'>,
): Promise<ApplicationFailure> {
  const failure = toFailure(error);
  if (!isOfHistory(error)) return failure;
  const named = nameSettings(await history.profileSettings(), failure.message);
  return named === undefined ? failure : withMore(failure, named);
}

/**
 * Repeats a permanently refused request once before the run fails. A request that was damaged in transit is
 * refused in the same words, and a store that has just started knows no keys yet.
 */
async function retryRefusalOnce<Result>(run: StageRun, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (run.signal.aborted || !isRefusal(error)) throw error;
    log.warn('a server refused; it is asked once more', { cause: toFailure(error).type ?? '' });
    await sleep(SECOND_LOOK_MS);
    return act();
  }
}
