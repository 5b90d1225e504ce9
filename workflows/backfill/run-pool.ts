// Runs past intervals, a few at once, under the ids that the schedule gives them, for backfills and repairs.
// It tracks which intervals wait and which run, and returns those that ended; the caller counts them. Its
// state is plain data, so that it can be carried over continue-as-new.
import { proxyActivities } from '@temporalio/workflow';
import type { EndedRun, RunStarting, RunningInterval } from './contract.ts';
import { runIdOf } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** The pool waits for servers that are down, however long that takes. */
const stages = proxyActivities<RunStarting>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
});

export interface PoolOptions {
  stream: StreamDefinition;
  /** Re-export intervals that are complete. */
  force: boolean;
  concurrency: number;
  /** Identifies the starter, so that it forces no interval twice. */
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

  /** Starts as many runs as the concurrency allows. */
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
   * Waits for a limited time until a run ends. Intervals whose forced run was blocked by another go back into
   * the queue.
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
