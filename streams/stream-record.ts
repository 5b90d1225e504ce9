// The record of a stream as its schedule stores it: the one argument of the schedule's action. Workers and
// the command line both parse it here, with the schema of the workflow's own input. So a record that fails
// here would also fail its runs.
import { scheduledRequest } from '../workflows/model/stream-shape.ts';
import { describeProblems } from '../workflows/model/problem.ts';
import type { Problem } from '../workflows/model/problem.ts';
import { fits } from '../workflows/model/shape.ts';
import { definition } from '../workflows/model/stream-shape.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';

/** A stream's schedule holds an input that no run can use, because somebody edited it by hand. */
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
 * @param name the stream's name, taken from the id of its schedule
 * @param args the arguments of the action; its own `interval` and `force` are always absent
 * @throws UnreadableStreamError when the schedule was not made by this program, or was edited into an invalid
 *   one
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
 * Parses the copy of a stream in its schedule's memo. Returns undefined when it is absent or invalid, because
 * the schedule's action is the record.
 */
export function parseKeptStream(kept: unknown): StreamDefinition | undefined {
  return fits(definition, kept) ? kept : undefined;
}
