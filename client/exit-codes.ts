// What the exit code of a command says. Scripts depend on these: they may be added to, never changed.

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
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error whose message is written for the person at the terminal. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
