// The worker, and the command line, as operators run them: built, with its bundle made beforehand. In a checkout the loader of TypeScript would be measured, too.
import { fileURLToPath } from 'node:url';
import { toEnvironment } from '../local/stack-environment.ts';
import { type RunningStack } from '../local/stack.ts';
import { runProgram, startProgram, type EndedProgram, type RunningProgram } from '../test/run-program.ts';

/** Beside, not in, `dist/`: a benchmark leaves the user's own build alone. */
const BUILT = fileURLToPath(new URL('../.local/bench-build', import.meta.url));

/** Throws with what the compiler says. */
export async function buildWorker(): Promise<void> {
  const { code, stdout, stderr } = await runProgram('local/build.mjs', ['--out', BUILT]);
  if (code !== 0) throw new Error(`the build failed: ${stdout}${stderr}`);
}

/** `buildWorker` has to come before. */
export function startBuiltWorker(stack: RunningStack): RunningProgram {
  return startProgram(`${BUILT}/worker/main.js`, [], toEnvironment(stack));
}

/** The same of the command line. */
export function runBuiltCli(stack: RunningStack, args: readonly string[]): Promise<EndedProgram> {
  return runProgram(`${BUILT}/client/main.js`, args, toEnvironment(stack));
}
