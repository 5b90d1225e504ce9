// Reads statements from .sql files. Each file holds one statement and is beside the code that runs it.
import { readFileSync } from 'node:fs';

/**
 * The text of a statement without its comments, which would otherwise be sent with every query.
 * @param file `new URL('scan-rooms.sql', import.meta.url)`
 */
export function readStatement(file: URL): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/^--.*\n/gm, '')
    .trim();
}
