// What destinations and webhooks have in common: one variable lists their names, and the variables of each
// begin with its name. Variables that match no listed name are reported, because a misspelt one would
// silently be ignored.
import type { Environment } from './read-variables.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** What a list of names may be, for a person. */
export const NAMES_ALLOWED = 'names of [a-z][a-z0-9-]{0,62}, separated by commas';

/** `DESTINATION_EU_LAKE_` for `DESTINATION` and `eu-lake`. */
export function stemOf(kind: string, name: string): string {
  return `${kind}_${name.toUpperCase().replaceAll('-', '_')}_`;
}

/**
 * Returns the valid names, and adds the problems of the others.
 * @param list the variable that holds them
 */
export function listNames({ list: variable }: { list: string }, text: string, problems: string[]): string[] {
  const given = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const names: string[] = [];
  for (const name of given) {
    if (!NAME.test(name)) {
      problems.push(`${variable}: got "${name}", allowed: ${NAMES_ALLOWED}`);
    } else if (names.includes(name)) {
      problems.push(`${variable}: got "${name}" twice, allowed: each name once`);
    } else names.push(name);
  }
  return names;
}

export interface Named {
  /** The first part of the variables' names: `DESTINATION`. */
  stem: string;
  /** The word used in messages: `destination`. */
  noun: string;
  name: string;
  /** All configured names, because one name may begin with another. */
  names: readonly string[];
  variables: readonly string[];
}

export function reportUnknown(named: Named, environment: Environment, problems: string[]): void {
  const { noun, name, names, variables } = named;
  const stem = stemOf(named.stem, name);
  const longerStems = names
    .map((other) => stemOf(named.stem, other))
    .filter((other) => other !== stem && other.startsWith(stem));
  for (const variable of Object.keys(environment).sort()) {
    if (!variable.startsWith(stem) || longerStems.some((other) => variable.startsWith(other))) continue;
    const key = variable.slice(stem.length);
    if (!variables.includes(key) && !variables.includes(key.replace(/_FILE$/, '')))
      problems.push(`${variable}: not a variable of a ${noun}, allowed: ${stem}${variables.join(', ')}`);
  }
}
