// What every stage has in common: a heartbeat while it works, cancellation as an abort signal, and its errors
// translated to failures in one place. A stage itself knows nothing of Temporal.
import { setMaxListeners } from 'node:events';
import { CancelledFailure, Context, log, sleep } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/activity';
import { nameSettings } from '../../clickhouse/profile-settings.ts';
import type { StageTools } from './stage-tools.ts';
import { isOfHistory, isRefusal, toFailure, withMore, withoutSecrets } from './to-failure.ts';

/**
 * A fifth of the heartbeat time-out: some may be lost on the way without the attempt being taken for dead.
 */
const HEARTBEAT_MS = 2_000;

/** Long enough for a connection to be another one, short enough for a person who waits. */
const SECOND_LOOK_MS = 250;

export interface StageRun {
  /** Aborted when the run is cancelled, the attempt timed out, or the worker shuts down. */
  signal: AbortSignal;
  /** What the next heartbeat carries; shown in the Web UI as the attempt's last details. */
  report(details: Record<string, string | number>): void;
  workflowId: string;
  runId: string;
}

/**
 * What a failing stage needs: `hide` takes secrets out of its message, `history` knows which settings may be
 * the cause.
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
    // A stage within a workflow task lives as long as that task: Temporal knows no heartbeat of it.
    const timer = isLocal ? undefined : setInterval(() => context.heartbeat(details), HEARTBEAT_MS);
    // Every request in the air listens to it, and a stage may have dozens.
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
 * Where ClickHouse is the cause, the settings are named that the operator gave its user: its own words often
 * name none.
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
 * A server that refuses for good is asked once more before the run ends for it: a request that was damaged on
 * its way is refused in the same words, and a store that has just started knows no keys yet.
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
