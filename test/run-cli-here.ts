// The command line in the process of a test: far quicker than a process of its own, and the same but for what
// a terminal is.
import { runCli } from '../client/cli.ts';
import type { EndedProgram } from '../local/run-program.ts';

/** The environment stays as it was set: what a test file runs next has one of its own, or none. */
export async function runCliHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<EndedProgram> {
  Object.assign(process.env, environment);
  const written = { stdout: '', stderr: '' };
  const code = await runCli(args, {
    out: (text) => (written.stdout += `${text}\n`),
    err: (text) => (written.stderr += `${text}\n`),
  });
  return { code, ...written };
}
