// The record of a stream as its schedule keeps it: the one argument of the action. Parsed here for workers
// and the command line alike, by the shape that the workflow's own input has to have: what is unreadable here
// is what its runs fail with.
import { scheduledRequest } from '../workflows/model/stream-shape.ts';
import { describeProblems } from '../workflows/model/problem.ts';
import type { Problem } from '../workflows/model/problem.ts';
import { fits } from '../workflows/model/shape.ts';
import { definition } from '../workflows/model/stream-shape.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';

/** The schedule of a stream holds what no run can work with: somebody edited it by hand. */
export class UnreadableStreamError extends Error {
  override readonly name = 'UnreadableStreamError';
  readonly stream: string;
  readonly problems: readonly Problem[];
  constructor(stream: string, problems: readonly Problem[]) {
    super(
      `stream "${stream}": its schedule cannot be read: ${describeProblems(problems)}; correct the input of its action in the Web UI, or room-streams stream delete ${stream} and create it again`,
    );
    this.stream = stream;
    this.problems = problems;
  }
}

/**
 * @param name of the stream, by the id of its schedule
 * @param args what the action is called with; its own `interval` and `force` are always absent
 * @throws UnreadableStreamError for a schedule that is not ours, or was edited into what is none
 */
export function parseScheduledStream(name: string, args: readonly unknown[] | undefined): StreamDefinition {
  const [input] = args ?? [];
  const problems = scheduledRequest.check(input, 'input');
  if (problems.length > 0 || !fits(scheduledRequest, input)) throw new UnreadableStreamError(name, problems);
  const { stream } = input;
  if (stream.name === name) return stream;
  const allowed = `"${name}", as the schedule's id has it`;
  throw new UnreadableStreamError(name, [{ field: 'input.stream.name', got: `"${stream.name}"`, allowed }]);
}

/**
 * Undefined where it is absent or of another shape: the memo is a copy, and the schedule's action the record.
 */
export function parseKeptStream(kept: unknown): StreamDefinition | undefined {
  return fits(definition, kept) ? kept : undefined;
}
