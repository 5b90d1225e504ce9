// The exit codes of the commands. Scripts depend on them: codes may be added, but never changed.

import type { FindingKind } from '../workflows/audit/contract.ts';

export const EXIT = {
  done: 0,
  /** An operation was tried and failed; the message says why. */
  failed: 1,
  /** The command or the configuration is wrong; nothing was tried. */
  usage: 2,
  /** The requested object does not exist. */
  notFound: 3,
  /** No worker, or no server, answered in time. */
  unreachable: 4,
  /** Ctrl-C ended the command while it was following work; the work continues. */
  interrupted: 130,
  /**
   * The reader of the output closed the pipe, as `head` does. Shells report this code for a program ended by
   * SIGPIPE.
   */
  unread: 141,
} as const;

/**
 * Problems that `audit` or `verify` found and nobody repaired: 32 plus one bit for each kind. Each
 * combination has its own code. 33 is a missing interval, 34 a missing file, and 36 a file that differs from
 * its manifest. 40 is a changed history and 48 an unreadable manifest. For example, 35 is a missing interval
 * and a missing file.
 */
export const FOUND = 32;

const FOUND_BITS: Readonly<Record<FindingKind, number>> = {
  'missing-interval': 1,
  'missing-file': 2,
  'file-differs': 4,
  'history-changed': 8,
  'unreadable-manifest': 16,
};

export type ExitCode = (typeof EXIT)[keyof typeof EXIT] | FoundCode;

/** The result is between 33 and 63. */
export type FoundCode = number & { readonly isFound: true };

/** The list has at least one kind. */
export function foundCodeOf(kinds: Iterable<FindingKind>): FoundCode {
  let code = FOUND;
  for (const kind of kinds) code |= FOUND_BITS[kind];
  return code as FoundCode;
}

/** An error whose message is written for the person at the terminal. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
