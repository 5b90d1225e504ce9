// The worker, and the command line, as operators run them: built, with its bundle made beforehand. In a checkout the loader of TypeScript would be measured, too.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toEnvironment } from '../local/stack-environment.ts';
import { startStack, type RunningStack } from '../local/stack.ts';
import { runProgram, startProgram, type EndedProgram, type RunningProgram } from '../test/run-program.ts';

/** Beside, not in, `dist/`: a benchmark leaves the user's own build alone. */
const BUILT = fileURLToPath(new URL('../.local/bench-build', import.meta.url));

/** Throws with what the compiler says. */
export async function buildWorker(): Promise<void> {
  const { code, stdout, stderr } = await runProgram('local/build.mjs', ['--out', BUILT]);
  if (code !== 0) throw new Error(`the build failed: ${stdout}${stderr}`);
}

/** With a stack of its own, made ready before its worker starts, and the built worker; `buildWorker` has to come before. Ends all of it. */
export async function withBuiltWorker<Result>(
  makeReady: (stack: RunningStack) => Promise<unknown>,
  use: (stack: RunningStack, worker: RunningProgram) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  const stack = await startStack({ folder });
  try {
    await makeReady(stack);
    const worker = startProgram(`${BUILT}/worker/main.js`, [], toEnvironment(stack));
    try {
      return await use(stack, worker);
    } finally {
      worker.kill('SIGTERM');
      await worker.ended;
    }
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same of the command line. */
export function runBuiltCli(stack: RunningStack, args: readonly string[]): Promise<EndedProgram> {
  return runProgram(`${BUILT}/command-line/main.js`, args, toEnvironment(stack));
}
