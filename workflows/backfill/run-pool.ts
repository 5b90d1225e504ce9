// Runs of past intervals, a few under way at once, started under the ids that the schedule gives them: for
// backfills and repairs. Knows what waits and what runs, and hands back what ended; who uses it counts. Its
// state is plain, to be carried over continue-as-new.
import { proxyActivities } from '@temporalio/workflow';
import type { EndedRun, RunStarting, RunningInterval } from './contract.ts';
import { runIdOf } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** Servers that are down are waited for as long as it takes. */
const stages = proxyActivities<RunStarting>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
});

export interface PoolOptions {
  stream: StreamDefinition;
  /** Make intervals again that are complete. */
  force: boolean;
  concurrency: number;
  /** Names who starts, so that nothing is forced twice by one. */
  startedFor: string;
}

export interface PoolState {
  queue: Interval[];
  running: RunningInterval[];
}

export interface EndedInterval extends EndedRun {
  interval: Interval;
}

export class RunPool {
  readonly #options: PoolOptions;
  #queue: Interval[];
  #running: RunningInterval[];

  constructor(options: PoolOptions, { queue, running }: PoolState = { queue: [], running: [] }) {
    this.#options = options;
    this.#queue = queue;
    this.#running = running;
  }

  get state(): PoolState {
    return { queue: this.#queue, running: this.#running };
  }

  add(intervals: readonly Interval[]): void {
    this.#queue = [...this.#queue, ...intervals];
  }

  /** Starts as many as may be under way at once. */
  async startSome(): Promise<void> {
    const { stream, force, concurrency, startedFor } = this.#options;
    const intervals = this.#queue.slice(0, Math.max(0, concurrency - this.#running.length));
    if (intervals.length === 0) return;
    const summary = intervals.length === 1 ? 'starts a run' : `starts ${intervals.length} runs`;
    const outcomes = await stages.startRuns.executeWithOptions({ summary }, [
      { stream, intervals, force, startedFor },
    ]);
    this.#queue = this.#queue.slice(intervals.length);
    for (const [index, interval] of intervals.entries())
      this.#running.push({ interval, isInTheWay: outcomes[index] === 'in-the-way' });
  }

  /**
   * Waits, for a while at most, until one ends; those in the way of a forced run go back into the queue
   * instead.
   */
  async awaitSome(): Promise<EndedInterval[]> {
    if (this.#running.length === 0) return [];
    const byId = new Map(this.#running.map((each) => [this.#idOf(each.interval), each]));
    const summary = `waits for ${byId.size} ${byId.size === 1 ? 'run' : 'runs'}`;
    const ended = await stages.awaitRuns.executeWithOptions({ summary }, [{ workflowIds: [...byId.keys()] }]);
    const ours: EndedInterval[] = [];
    for (const run of ended) {
      const found = byId.get(run.workflowId);
      if (found === undefined) continue;
      this.#running = this.#running.filter((each) => each !== found);
      if (found.isInTheWay) this.#queue = [found.interval, ...this.#queue];
      else ours.push({ ...run, interval: found.interval });
    }
    return ours;
  }

  #idOf(interval: Interval): string {
    return runIdOf(this.#options.stream.name, interval);
  }
}
