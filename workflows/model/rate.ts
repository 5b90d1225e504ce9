// Computes a rate over the last minute, because older samples say nothing about the time left. Pure; times
// are arguments.

export interface RateSample {
  atMs: number;
  count: number;
}

const WINDOW_MS = 60_000;

/** Samples closer together than this are merged: a minute needs no more. */
const SAMPLE_MS = 1_000;

/** Adds a sample and removes those that are too old. The oldest one in the window stays. */
export function addSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const last = samples.at(-1);
  const before = samples.at(-2);
  const isClose = last !== undefined && before !== undefined && last.atMs - before.atMs < SAMPLE_MS;
  const kept = isClose ? samples.slice(0, -1) : samples;
  return [...kept.filter(({ atMs }) => sample.atMs - atMs <= WINDOW_MS), sample];
}

/** The rate per second; 0 when it is unknown. */
export function rateOf(samples: readonly RateSample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
  return (1000 * (last.count - first.count)) / (last.atMs - first.atMs);
}
