// `--from` and `--to` of a command: a range of a stream's intervals that is over. Refused with a sentence for
// each that is wrong.
import { rangeProblems } from '../workflows/model/interval-range.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** Epoch milliseconds. */
export interface RangeOptions {
  from: number;
  to: number;
}

/** Throws CommandError naming the nearest borders where the range does not begin or end on one. */
export function toRange(stream: StreamDefinition, { from, to }: RangeOptions, nowMs: number): Interval {
  const range = { startMs: from, endMs: to };
  const problems = rangeProblems(stream, range, nowMs);
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.usage);
  return range;
}
