// Ranges of intervals: what a backfill makes and an audit looks at. Walks a stream's intervals under the revision in force at each one's
// start, and says what is wrong with a range that a person asks for. Pure; the clock comes in as an argument.
import { intervalContaining, isBorder, lastIntervalEndedBy, toRfc3339, type Interval } from './interval.ts';
import { settingsAt, type StreamDefinition } from './stream.ts';

/** Nineteen years of quarters of an hour; as many as a workflow can walk in a breath. */
export const INTERVALS_MAX = 700_000;

/** All of them in order, those left out on purpose, too. The range has to begin and end on borders. */
export function* intervalsIn(stream: StreamDefinition, range: Interval): Generator<Interval> {
  for (let { startMs } = range; startMs < range.endMs;) {
    const endMs = startMs + settingsAt(stream, startMs).everySeconds * 1000;
    if (endMs > range.endMs) return;
    yield { startMs, endMs };
    startMs = endMs;
  }
}

/** What is wrong with a range that a person asks for: a sentence for each field; none: it can be walked. */
export function rangeProblems(stream: StreamDefinition, range: Interval, nowMs: number): string[] {
  const { startMs, endMs } = range;
  const problems: string[] = [];
  if (startMs >= endMs)
    problems.push(
      `to: got ${toRfc3339(endMs)}, allowed: a time after the beginning of the range, ${toRfc3339(startMs)}`,
    );
  const fromProblem = borderProblem(stream, startMs, startMs);
  if (fromProblem !== undefined) problems.push(`from: ${fromProblem}`);
  // The interval that ends there is made under the settings of its start; borders are common to old and new length.
  const toProblem = borderProblem(stream, endMs, endMs - 1);
  if (toProblem !== undefined) problems.push(`to: ${toProblem}`);
  if (endMs > nowMs) {
    const last = lastIntervalEndedBy(nowMs, settingsAt(stream, nowMs));
    problems.push(
      `to: got ${toRfc3339(endMs)}, allowed: nothing after the last interval that is over, which ended at ${toRfc3339(last.endMs)}`,
    );
  }
  if (problems.length === 0 && countIntervals(stream, range) > INTERVALS_MAX)
    problems.push(`to: got a range of more than ${INTERVALS_MAX} intervals, allowed: a shorter one`);
  return problems;
}

function borderProblem(stream: StreamDefinition, atMs: number, heldMs: number): string | undefined {
  const settings = settingsAt(stream, heldMs);
  if (isBorder(atMs, settings)) return undefined;
  const around = intervalContaining(atMs, settings);
  return `got ${toRfc3339(atMs)}, allowed: a border of the stream's intervals; the nearest are ${toRfc3339(around.startMs)} and ${toRfc3339(around.endMs)}`;
}

/** At most one more than the bound. */
function countIntervals(stream: StreamDefinition, range: Interval): number {
  let count = 0;
  for (const { endMs } of intervalsIn(stream, range)) {
    count += 1;
    if (count > INTERVALS_MAX || endMs >= range.endMs) break;
  }
  return count;
}
