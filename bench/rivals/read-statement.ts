// The statements of this folder, one in a file, readable on their own. Programs that only scan read theirs without loading more.
import { readFileSync } from 'node:fs';

/** The text of a file of this folder. */
export function readStatement(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
