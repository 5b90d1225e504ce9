// Programs that the project fetches or builds for itself, kept in a folder that git ignores, one folder for
// each version: from a Python wheel, from a Go module, or from an archive of the vendor. Made aside and moved
// into place in one step, so that two processes at the same work find nothing or all of it.
import { execFile } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

export interface KeptProgram {
  /** Folder of the version: `seaweedfs-4.48`. */
  id: string;
  /** The file's name: `weed`. */
  program: string;
  /** Where all of them are kept; the project's own folder if not given. */
  folder?: string;
}

const PROGRAMS = fileURLToPath(new URL('../.local/programs/', import.meta.url));

/**
 * Wheels and archives are 50 to 150 MB, a Go build takes minutes: a quarter of an hour is a very slow
 * machine.
 */
const MAKE_TIMEOUT_MS = 15 * 60_000;

/** From a wheel, `name==version`, whose program stands on its own. */
export function keepFromPython(kept: KeptProgram, requirement: string): Promise<string> {
  return keep(kept, async (aside) => {
    await run('python3', ['-m', 'venv', aside]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement];
    await run(join(aside, 'bin', 'python3'), pip);
    return join(aside, 'bin', kept.program);
  });
}

/** From a Go module, `path@version`. */
export function keepFromGo(kept: KeptProgram, module: string): Promise<string> {
  return keep(kept, async (aside) => {
    await run('go', ['install', module], { GOBIN: aside });
    return join(aside, kept.program);
  });
}

/** From the vendor: a `.tar.gz` that holds the program, or the program itself. */
export function keepFromDownload(kept: KeptProgram, url: string): Promise<string> {
  return keep(kept, async (aside) => {
    const isArchive = url.includes('.tar.gz') || url.includes('/archive/');
    const file = join(aside, isArchive ? 'archive.tar.gz' : kept.program);
    await download(url, file);
    if (isArchive) await run('tar', ['-xzf', file, '-C', aside]);
    await chmod(join(aside, kept.program), 0o755);
    return join(aside, kept.program);
  });
}

async function keep(
  { id, program, folder = PROGRAMS }: KeptProgram,
  make: (aside: string) => Promise<string>,
): Promise<string> {
  const kept = join(folder, id, program);
  if (existsSync(kept)) return kept;
  await mkdir(join(folder, id), { recursive: true });
  const aside = await mkdtemp(join(folder, id, 'making-'));
  try {
    await rename(await make(aside), kept);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return kept;
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await promisify(execFile)(command, args, {
      timeout: MAKE_TIMEOUT_MS,
      env: { ...process.env, ...env },
    });
  } catch (error) {
    throw new Error(`${[command, ...args].join(' ')} failed: ${saidBy(error)}`, { cause: error });
  }
}

/** The last line a program wrote is mostly the one that says why. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? error.message : (said.split('\n').at(-1) ?? '');
}

async function download(url: string, file: string): Promise<void> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(MAKE_TIMEOUT_MS) });
    if (!answer.ok || answer.body === null) throw new Error(`HTTP ${answer.status}`);
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(file));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${new URL(url).host} could not be downloaded from (${said})`, { cause: error });
  }
}
