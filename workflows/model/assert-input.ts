// Every workflow validates its input before it does anything, because a person may have edited it by hand in
// the Web UI or on a command line. An invalid input fails the workflow at once. The failure names the field,
// what it got and what is allowed.
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from './failure.ts';
import { describeProblems } from './problem.ts';
import type { Shape } from './shape.ts';

/** The most problems that one message names; the rest are counted. */
const PROBLEMS_NAMED = 6;

/**
 * Validates a workflow's input. Every workflow calls this first: an invalid input that is read earlier could
 * fail the workflow task again and again, and leave the workflow running for ever.
 * @param workflow its name, for the message
 * @throws ApplicationFailure, not retried, with the problems in its details
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
