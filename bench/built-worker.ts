// The worker, and the command line, as operators run them: built, with its bundle made beforehand. In a
// checkout the loader of TypeScript would be measured, too.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toEnvironment } from '../local/stack-environment.ts';
import { startStack } from '../local/stack.ts';
import type { RunningStack } from '../local/stack.ts';
import { runProgram, startProgram } from '../local/run-program.ts';
import type { EndedProgram, RunningProgram } from '../local/run-program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Where the benchmarks of a checkout build: beside, not in, `dist/`, because a benchmark leaves the user's
 * own build alone.
 */
export function buildFolderOf(checkout: string): string {
  return join(checkout, '.local', 'bench-build');
}

/**
 * Builds this checkout, or another one that has its own `node_modules`. Throws with what the compiler says.
 */
export async function buildWorker(checkout = ROOT): Promise<void> {
  const script = join(checkout, 'local', 'build.mjs');
  const { code, stdout, stderr } = await runProgram(script, ['--out', buildFolderOf(checkout)]);
  if (code !== 0) throw new Error(`the build of ${checkout} failed: ${stdout}${stderr}`);
}

/**
 * Starts the built worker of this checkout, or of another one, against a running stack. The caller ends it.
 */
export function startBuiltWorker(
  stack: RunningStack,
  { checkout = ROOT, environment = {} }: { checkout?: string; environment?: Record<string, string> } = {},
): RunningProgram {
  const program = join(buildFolderOf(checkout), 'worker', 'main.js');
  return startProgram(program, [], { ...toEnvironment(stack), ...environment });
}

/**
 * With a stack of its own, made ready before its worker starts, and the built worker; `buildWorker` has to
 * come before. Ends all of it.
 */
export async function withBuiltWorker<Result>(
  makeReady: (stack: RunningStack) => Promise<unknown>,
  use: (stack: RunningStack, worker: RunningProgram) => Promise<Result>,
  environment: Record<string, string> = {},
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  const stack = await startStack({ folder });
  try {
    await makeReady(stack);
    const worker = startBuiltWorker(stack, { environment });
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
  return runProgram(join(buildFolderOf(ROOT), 'command-line', 'main.js'), args, toEnvironment(stack));
}
