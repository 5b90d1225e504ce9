// Waits for the person at the terminal, or a supervisor, to end the program.

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP, or when whoever read the output is gone (behind `| tee`,
 * Ctrl-C ends both at once). A second signal ends the process at once, and all it started with it.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(130);
        isStopping = true;
        resolve();
      });
    }
    for (const output of [process.stdout, process.stderr]) {
      output.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error;
        resolve();
      });
    }
  });
}
