// Which files an import is to read: those named, and all that lie in folders named, in the order of their
// names.
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ListedFile {
  path: string;
  bytes: number;
  /** The user named this very file; others were found in a folder. */
  isNamed: boolean;
}

/**
 * Hidden files, and in folders whatever is no file, are passed over; a folder that is met again, by a link,
 * is not read again. A path at which nothing lies is listed: reading it will say why.
 */
export async function listFiles(paths: readonly string[]): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const foldersSeen = new Set<string>();
  for (const path of paths) files.push(...(await listPath(path, true, foldersSeen)));
  return files;
}

async function listPath(path: string, isNamed: boolean, foldersSeen: Set<string>): Promise<ListedFile[]> {
  const info = await stat(path).catch((error: unknown) => {
    // Dangling links in a folder are told like files that vanished: when they are read.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  });
  if (info === null) return [{ path, bytes: 0, isNamed }];
  // A pipe may be named, as in `<(ssh host cat dump)`; one that happens to lie in a folder would be waited
  // for for ever.
  if (!info.isDirectory()) return isNamed || info.isFile() ? [{ path, bytes: info.size, isNamed }] : [];
  const folder = await realpath(path);
  if (foldersSeen.has(folder)) return [];
  foldersSeen.add(folder);
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  const files: ListedFile[] = [];
  for (const name of names) files.push(...(await listPath(join(path, name), false, foldersSeen)));
  return files;
}
