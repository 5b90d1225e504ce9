// The workflow bundle as a file, for the workers of several processes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBundle } from '../worker/run-worker.ts';

/** Returns where it lies: in the folder, or where a build has put it. */
export async function writeBundle(folder: string): Promise<string> {
  const bundle = await makeBundle();
  if (!('code' in bundle)) return bundle.codePath;
  const file = join(folder, 'workflow-bundle.js');
  await writeFile(file, bundle.code);
  return file;
}
