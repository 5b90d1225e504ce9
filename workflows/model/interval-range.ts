// Ranges of intervals, for backfills and audits. Walks a stream's intervals under the revision in force at
// each one's start, and reports problems of a requested range. Pure; the clock is an argument.
import { intervalContaining, isBorder, lastIntervalEndedBy, toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import { settingsAt, skippedAround } from './stream.ts';
import type { StreamDefinition } from './stream.ts';

/** All intervals in order, including skipped ones. The range has to begin and end on borders. */
export function* intervalsIn(stream: StreamDefinition, range: Interval): Generator<Interval> {
  for (let { startMs } = range; startMs < range.endMs;) {
    const endMs = startMs + settingsAt(stream, startMs).everySeconds * 1000;
    if (endMs > range.endMs) return;
    yield { startMs, endMs };
    startMs = endMs;
  }
}

/** Like `intervalsIn`, without the intervals that the stream skips. It jumps over long skipped ranges. */
export function* keptIntervalsIn(stream: StreamDefinition, range: Interval): Generator<Interval> {
  let { startMs } = range;
  while (startMs < range.endMs) {
    const { everySeconds } = settingsAt(stream, startMs);
    const interval = { startMs, endMs: startMs + everySeconds * 1000 };
    if (interval.endMs > range.endMs) return;
    const around = skippedAround(stream, interval);
    if (around === undefined) yield interval;
    startMs = around === undefined ? interval.endMs : lastEndIn(stream, interval, around.endMs);
  }
}

/**
 * The number of intervals that `intervalsIn` returns. It is computed without walking, so sixty years of
 * minutes are counted as quickly as a day.
 */
export function countIntervals({ revisions }: StreamDefinition, range: Interval): number {
  let [count, atMs] = [0, range.startMs];
  for (const [index, { settings }] of revisions.entries()) {
    const heldUntilMs = Math.min(range.endMs, revisions[index + 1]?.fromMs ?? range.endMs);
    if (heldUntilMs <= atMs) continue;
    const everyMs = settings.everySeconds * 1000;
    const intervals = Math.ceil((heldUntilMs - atMs) / everyMs);
    count += intervals;
    atMs += intervals * everyMs;
  }
  // The last one may end after the range.
  return atMs > range.endMs ? count - 1 : count;
}

/** The number of intervals that `keptIntervalsIn` returns. */
export function countKeptIntervals(stream: StreamDefinition, range: Interval): number {
  let count = countIntervals(stream, range);
  for (const skipped of stream.skipped) {
    const fromMs = Math.max(skipped.startMs, range.startMs);
    const under = intervalContaining(fromMs, settingsAt(stream, fromMs));
    const startMs = under.startMs < fromMs ? under.endMs : fromMs;
    const endMs = Math.min(skipped.endMs, range.endMs);
    if (startMs < endMs) count -= countIntervals(stream, { startMs, endMs });
  }
  return count;
}

/** The last border up to `endMs` that the walk from this interval on reaches. */
function lastEndIn(stream: StreamDefinition, interval: Interval, endMs: number): number {
  return Math.max(interval.endMs, intervalContaining(endMs, settingsAt(stream, endMs - 1)).startMs);
}

/** The problems of a requested range, one sentence for each field; empty when it can be walked. */
export function rangeProblems(stream: StreamDefinition, range: Interval, nowMs: number): string[] {
  const { startMs, endMs } = range;
  const problems: string[] = [];
  if (startMs >= endMs)
    problems.push(
      `to: got ${toRfc3339(endMs)}, allowed: a time after the beginning of the range, ${toRfc3339(startMs)}`,
    );
  const fromProblem = borderProblem(stream, startMs, startMs);
  if (fromProblem !== undefined) problems.push(`from: ${fromProblem}`);
  // The interval that ends there is made under the settings of its start; borders are common to old and new
  // length.
  const toProblem = borderProblem(stream, endMs, endMs - 1);
  if (toProblem !== undefined) problems.push(`to: ${toProblem}`);
  if (endMs > nowMs) {
    const last = lastIntervalEndedBy(nowMs, settingsAt(stream, nowMs));
    problems.push(
      `to: got ${toRfc3339(endMs)}, allowed: nothing after the last interval that is over, which ended at ${toRfc3339(last.endMs)}`,
    );
  }
  return problems;
}

function borderProblem(stream: StreamDefinition, atMs: number, heldMs: number): string | undefined {
  const settings = settingsAt(stream, heldMs);
  if (isBorder(atMs, settings)) return undefined;
  const around = intervalContaining(atMs, settings);
  return `got ${toRfc3339(atMs)}, allowed: a border of the stream's intervals; the nearest are ${toRfc3339(around.startMs)} and ${toRfc3339(around.endMs)}`;
}
