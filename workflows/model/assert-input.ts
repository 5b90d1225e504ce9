// Every workflow parses its input before it does anything. A person may have edited it by hand, in a schedule of the
// Web UI or on a command line. What cannot be run fails at once, and the failure names the field, what it got and what is allowed.
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from './failure.ts';
import { describeProblems } from './problem.ts';
import type { Shape } from './shape.ts';

/** Named in one message; the rest is counted. */
const PROBLEMS_NAMED = 6;

/**
 * Throws an ApplicationFailure that is not retried, with the problems in its details, unless the input is
 * what the workflow takes. Called first by every workflow: an input that is read before could fail its task
 * again and again, and leave it running for ever.
 * @param workflow its name, for the message
 */
export function assertInput(workflow: string, shape: Pick<Shape<unknown>, 'check'>, input: unknown): void {
  const problems = shape.check(input, '');
  if (problems.length === 0) return;
  const named = problems
    .slice(0, PROBLEMS_NAMED)
    .map((problem) => ({ ...problem, field: problem.field || 'input' }));
  const more = problems.length - named.length;
  throw ApplicationFailure.create({
    type: FAILURE.invalidRequest,
    message: `the input of ${workflow} cannot be used: ${describeProblems(named)}${more > 0 ? `; and ${more} more` : ''}. Correct it where the run was started, as in the action of its schedule`,
    nonRetryable: true,
    details: [named],
  });
}
