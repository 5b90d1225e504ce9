// Statements are .sql files, one each, beside the code that runs them.
import { readFileSync } from 'node:fs';

/**
 * The text of a statement without its comments, which would travel with every query.
 * @param file `new URL('scan-rooms.sql', import.meta.url)`
 */
export function readStatement(file: URL): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/^--.*\n/gm, '')
    .trim();
}
