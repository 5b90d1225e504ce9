// A backfill: walks a range of past intervals, skips those that a manifest covers, and starts the runs of the
// others, a few at once, under the ids that the schedule gives them. A failed run does not stop the others.
// The workflow only decides: the store says what is complete, and the runs do the work. When it is canceled,
// it starts no more. Runs in progress continue, and the same backfill started again finds their files.
import {
  ApplicationFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import { FAILURES_NAMED_MAX, finishedOf, INTERVALS_FAILED, RANGES_NAMED_MAX } from './contract.ts';
import type { BackfillProgress, BackfillRequest, BackfillStages } from './contract.ts';
import { toBackfillPage } from './page.ts';
import { assertInput } from '../model/assert-input.ts';
import { backfillRequest } from './input.ts';
import {
  countIntervals,
  countKeptIntervals,
  intervalsIn,
  keptIntervalsIn,
  rangeProblems,
} from '../model/interval-range.ts';
import type { Interval } from '../model/interval.ts';
import { addSample, rateOf } from '../model/rate.ts';
import type { RateSample } from '../model/rate.ts';
import { RunPool } from './run-pool.ts';
import type { EndedInterval } from './run-pool.ts';
import { FAILURE } from '../model/failure.ts';

setWorkflowOptions({ failureExceptionTypes: [RangeError] }, backfill);

export const backfillProgressQuery = defineQuery<BackfillProgress>('progress');

/** Intervals that are looked up at once. A page takes a second and fits a payload. */
const PAGE_INTERVALS = 500;

/** The backfill waits for servers that are down, however long that takes. */
const stages = proxyActivities<BackfillStages>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
});

export async function backfill(request: BackfillRequest): Promise<BackfillProgress> {
  assertInput('backfill', backfillRequest, request);
  const work = new Backfill(request);
  try {
    await work.run();
  } catch (error) {
    if (isCancellation(error)) work.show({ state: 'canceled' });
    throw error;
  }
  const { progress } = work;
  if (progress.failed === 0) return progress;
  throw ApplicationFailure.create({
    type: INTERVALS_FAILED,
    message: `${progress.failed} of ${progress.total} intervals have no file: fix the reason that their runs report, then start the same backfill again. First: ${progress.failures[0]?.workflowId ?? ''}: ${progress.failures[0]?.message ?? ''}`,
    nonRetryable: true,
    details: [progress],
  });
}

class Backfill {
  progress: BackfillProgress;
  readonly #request: BackfillRequest;
  readonly #pool: RunPool;
  readonly #finishedBefore: number;
  #cursorMs: number;
  #samples: RateSample[] = [];

  constructor(request: BackfillRequest) {
    this.#request = request;
    const { carried, stream, force, concurrency } = request;
    const startedFor = workflowInfo().firstExecutionRunId;
    this.progress = carried?.progress ?? newProgress(request);
    this.#pool = new RunPool({ stream, force, concurrency, startedFor }, carried?.runs);
    this.#cursorMs = carried?.cursorMs ?? request.range.startMs;
    this.#finishedBefore = finishedOf(this.progress);
    setHandler(backfillProgressQuery, () => this.progress);
    this.show({});
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#isLongEnough()) await this.#continueAsNew();
      if (this.#pool.state.queue.length === 0) await this.#fillQueue();
      await this.#pool.startSome();
      this.show({});
      for (const ended of await this.#pool.awaitSome()) this.#count(ended);
      this.show({});
      const { queue, running } = this.#pool.state;
      if (queue.length + running.length === 0 && this.#cursorMs >= this.#request.range.endMs) break;
    }
    this.show({ state: this.progress.failed > 0 ? 'failed' : 'complete' });
  }

  show(change: Partial<BackfillProgress>): void {
    const progress = {
      ...this.progress,
      ...change,
      running: this.#pool.state.running.length,
      updatedAtMs: Date.now(),
    };
    const finished = finishedOf(progress);
    this.#samples = addSample(this.#samples, { atMs: progress.updatedAtMs, count: finished });
    const rate = rateOf(this.#samples);
    this.progress = {
      ...progress,
      ratePerSecond: Number(rate.toFixed(rate < 10 ? 2 : 0)),
      secondsLeft: rate === 0 ? null : Math.ceil((progress.total - finished) / rate),
    };
    setCurrentDetails(toBackfillPage(this.progress));
  }

  #isLongEnough(): boolean {
    const { intervalsPerExecution } = this.#request;
    if (workflowInfo().continueAsNewSuggested) return true;
    return (
      intervalsPerExecution !== undefined &&
      finishedOf(this.progress) - this.#finishedBefore >= intervalsPerExecution
    );
  }

  async #continueAsNew(): Promise<never> {
    return continueAsNew<typeof backfill>({
      ...this.#request,
      carried: {
        progress: { ...this.progress, continued: this.progress.continued + 1 },
        cursorMs: this.#cursorMs,
        runs: this.#pool.state,
      },
    });
  }

  /** Reads the next page of intervals and queues those to be exported. */
  async #fillQueue(): Promise<void> {
    const { stream, range, force, includesSkipped, isDryRun } = this.#request;
    const page: Interval[] = [];
    const walk = includesSkipped ? intervalsIn : keptIntervalsIn;
    for (const interval of walk(stream, { startMs: this.#cursorMs, endMs: range.endMs })) {
      page.push(interval);
      if (page.length === PAGE_INTERVALS) break;
    }
    this.#cursorMs = page.length === PAGE_INTERVALS ? (page.at(-1)?.endMs ?? range.endMs) : range.endMs;
    if (page.length === 0) return;
    const wanted = force ? page : await this.#findUncovered(page);
    const { skipped, missing, missingRanges } = this.progress;
    this.show({
      skipped: skipped + page.length - wanted.length,
      ...(isDryRun
        ? { missing: missing + wanted.length, missingRanges: addRanges(missingRanges, wanted) }
        : {}),
    });
    if (!isDryRun) this.#pool.add(wanted);
  }

  #findUncovered(intervals: Interval[]): Promise<Interval[]> {
    const { stream } = this.#request;
    const summary = `${intervals.length} intervals: which are complete already?`;
    return stages.findUncovered.executeWithOptions({ summary }, [{ stream, intervals }]);
  }

  #count({ interval, workflowId, failure }: EndedInterval): void {
    const { done, failed, failures } = this.progress;
    if (failure === null) {
      this.show({ done: done + 1 });
      return;
    }
    const named = [...failures, { interval, workflowId, message: failure }];
    this.show({ failed: failed + 1, failures: named.slice(0, FAILURES_NAMED_MAX) });
  }
}

function newProgress(request: BackfillRequest): BackfillProgress {
  const { stream, range, force, concurrency, includesSkipped, isDryRun } = request;
  const problems = rangeProblems(stream, range, Date.now());
  if (problems.length > 0) throw ApplicationFailure.nonRetryable(problems.join('; '), FAILURE.invalidRequest);
  const total = (includesSkipped ? countIntervals : countKeptIntervals)(stream, range);
  return {
    stream: stream.name,
    range,
    force,
    concurrency,
    isDryRun,
    state: 'running',
    total,
    done: 0,
    skipped: 0,
    failed: 0,
    running: 0,
    missing: 0,
    missingRanges: [],
    failures: [],
    ratePerSecond: 0,
    secondsLeft: null,
    startedAtMs: Date.now(),
    updatedAtMs: Date.now(),
    continued: 0,
  };
}

/** Merges neighbours into one range. Beyond the bound, intervals are only counted. */
function addRanges(ranges: readonly Interval[], intervals: readonly Interval[]): Interval[] {
  const all = [...ranges];
  for (const { startMs, endMs } of intervals) {
    const last = all.at(-1);
    if (last?.endMs === startMs) all[all.length - 1] = { startMs: last.startMs, endMs };
    else if (all.length < RANGES_NAMED_MAX) all.push({ startMs, endMs });
  }
  return all;
}
