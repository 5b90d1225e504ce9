// Statements are files in activities/sql, one each.
import { readFileSync } from 'node:fs';

/** The text of a statement in activities/sql, without its comments: they would travel with every query. */
export function readStatement(name: string): string {
  const text = readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');
  return text.replaceAll(/^--.*\n/gm, '').trim();
}
