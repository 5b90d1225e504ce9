// What the exit code of a command says. Scripts depend on these: they may be added to, never changed.

import type { FindingKind } from '../workflows/audit/contract.ts';

export const EXIT = {
  done: 0,
  /** Something was tried and failed; the text says what. */
  failed: 1,
  /** The command or the configuration is wrong; nothing was tried. */
  usage: 2,
  /** What was asked for does not exist. */
  notFound: 3,
  /** No worker, or no server, answered in time. */
  unreachable: 4,
  /** Ctrl-C while following: what was followed goes on. */
  interrupted: 130,
  /** Whoever read the output went away, as `head` does; as shells report a program that SIGPIPE ended. */
  unread: 141,
} as const;

/**
 * What `audit` and `verify` found and nobody repaired: 32, and one bit for each kind of it, so that several
 * at once can be told from the code: 33 a missing interval, 34 a missing file, 36 a file that differs from
 * its manifest, 40 a changed history, 48 an unreadable manifest; 35 is a missing interval and a missing file.
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

/** One of 33 to 63. */
export type FoundCode = number & { readonly isFound: true };

/** At least one kind. */
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
