// Programs of the product as a person runs them: as processes, with their output and exit code.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

export interface EndedProgram {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningProgram {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves once its standard output matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Nobody reads its standard output from here on. */
  hangUp(): void;
  ended: Promise<EndedProgram>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Starts a TypeScript file of the project, or the command line with `bin/room-streams.mjs`. */
export function startProgram(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningProgram {
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, file, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  let hasEnded = false;
  const ended = new Promise<EndedProgram>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      hasEnded = true;
      resolve({ code, ...output });
    });
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    printed: (pattern) =>
      until(`${file} prints ${String(pattern)}`, () => {
        const found = pattern.exec(output.stdout);
        if (found === null && hasEnded)
          return Promise.reject(new Error(`${file} ended with: ${output.stdout}${output.stderr}`));
        return Promise.resolve(found ?? undefined);
      }),
    kill: (signal) => void child.kill(signal),
    hangUp: () => void child.stdout.destroy(),
    ended,
  };
}

export function runProgram(...of: Parameters<typeof startProgram>): Promise<EndedProgram> {
  return startProgram(...of).ended;
}
