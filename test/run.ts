// `tsx test/run.ts LAYER… | FILE…`: runs test layers (unit, contract, workflow, e2e, faults, …: folders of
// this one) or single files with node's test runner. Starts one embedded stack for all files that need
// servers, in a folder of its own, and removes it afterwards.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startStack } from '../local/stack.ts';
import { writeBundle } from './bundle-file.ts';
import { TEST_BUNDLE_VARIABLE, TEST_STACK_VARIABLE } from './stack.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Files run side by side, one process each; two processors are what every machine of ours has. */
const FILES_AT_ONCE = 2;

/** A single test that takes longer than this hangs. */
const TEST_TIMEOUT_MS = 10 * 60_000;

async function main(asked: readonly string[]): Promise<number> {
  const files = asked.flatMap(filesOf);
  if (files.length === 0) throw new Error(`usage: tsx test/run.ts LAYER… | FILE…; got ${asked.join(' ')}`);
  if (files.every(isPure)) return runFiles(files, {});
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-test-'));
  const startedMs = Date.now();
  const stack = await startStack({ folder, bucket: 'test-files', exporterReads: '*.*' });
  console.log(`stack ready in ${((Date.now() - startedMs) / 1000).toFixed(1)} s, logs in ${stack.logFolder}`);
  const { clickhouse, temporal, store } = stack;
  let isPassed = false;
  try {
    const code = await runFiles(files, {
      [TEST_STACK_VARIABLE]: JSON.stringify({ clickhouse, temporal, store }),
      [TEST_BUNDLE_VARIABLE]: await writeBundle(folder),
    });
    isPassed = code === 0;
    return code;
  } finally {
    await stack.stop();
    // The logs of a failed run are wanted.
    if (isPassed) await rm(folder, { recursive: true, force: true });
  }
}

function filesOf(name: string): string[] {
  if (existsSync(name) && name.endsWith('.ts')) return [name];
  const folder = join(HERE, name);
  const found = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.ts'))
        .sort()
        .map((file) => join(folder, file))
    : [];
  if (found.length === 0)
    throw new Error(`test layer ${name}: no test files in ${relative('.', join(HERE, name))}`);
  return found;
}

function isPure(file: string): boolean {
  return relative(HERE, file).startsWith('unit');
}

function runFiles(files: readonly string[], variables: Record<string, string>): Promise<number> {
  const args = [
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--test-reporter=spec',
    ...files,
  ];
  const runner = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  return new Promise((resolve, reject) => {
    runner.once('error', reject);
    runner.once('exit', (code) => resolve(code ?? 1));
  });
}

// Ctrl-C reaches the runner, too; when it ends, the stack is stopped as after every run.
process.on('SIGINT', () => undefined);

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
