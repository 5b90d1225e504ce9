// The tables of docs/configuration.md. Names, defaults and bounds come from the schemas of config/, so that
// they are those of the program; the explanations come from .env.example.
import { z } from 'zod';
import { destinationStemOf } from '../config/destinations.ts';
import { VARIABLE_SCHEMAS } from '../config/config.ts';
import { NAMES_ALLOWED } from '../config/named.ts';
import type { Shape } from '../config/read-variables.ts';
import { webhookStemOf } from '../config/webhooks.ts';

type Group = keyof typeof VARIABLE_SCHEMAS;

interface Section {
  title: string;
  /** Who reads these variables. */
  readBy: string;
  groups: readonly Group[];
}

const SECTIONS: readonly Section[] = [
  { title: 'Temporal', readBy: 'The worker and every command read these.', groups: ['temporal'] },
  {
    title: 'ClickHouse',
    readBy:
      "The worker reads the exporter's user. `room-streams migrate`, `analyse` and `import` read the administrator's user.",
    groups: ['clickHouse', 'exporter', 'admin'],
  },
  {
    title: 'Batches and destinations',
    readBy: 'The worker reads these. Give all workers of a task queue the same values.',
    groups: ['worker'],
  },
  {
    title: 'Each destination',
    readBy:
      'The worker reads these for every name in `DESTINATIONS`. `FILES` is the name in capitals, with underscores for hyphens.',
    groups: ['destination'],
  },
  { title: 'Alerts', readBy: 'The worker reads these.', groups: ['alerts'] },
  {
    title: 'Each webhook',
    readBy:
      'The worker reads these for every name in `WEBHOOKS`. `OPS` is the name in capitals, with underscores for hyphens.',
    groups: ['webhook'],
  },
];

/** Before the names of a group's variables in .env.example. */
const STEMS: Partial<Record<Group, string>> = {
  destination: destinationStemOf('files'),
  webhook: webhookStemOf('ops'),
};

/** 1 MB is 1,000,000 bytes everywhere in this project. */
const UNITS: Readonly<Record<string, string>> = {
  BATCHES_AT_ONCE: 'batches',
  BATCH_MB_PLAIN: 'MB',
  BATCH_MB_GZIP: 'MB',
  PAUSE_AFTER_FAILED: 'intervals',
};

/** Checked name by name, so the schema itself takes any text. */
const LISTS: readonly string[] = ['DESTINATIONS', 'WEBHOOKS'];

/** No variable of limited values allows this. */
const NEVER_ALLOWED = '\u0000';

/**
 * A section with a table for each group of variables.
 *
 * @param example the text of .env.example
 * @throws RangeError when a variable is not explained there
 */
export function toConfigurationTables(example: string): string {
  const meanings = readMeanings(example);
  return SECTIONS.map(({ title, readBy, groups }) =>
    [
      `## ${title}\n\n${readBy}\n`,
      '| variable | default | unit | allowed | meaning |',
      '|---|---|---|---|---|',
      ...groups.flatMap((group) => rowsOf(group, meanings)),
    ].join('\n'),
  ).join('\n\n');
}

function rowsOf(group: Group, meanings: ReadonlyMap<string, string>): string[] {
  const shape: Shape = VARIABLE_SCHEMAS[group];
  return Object.entries(shape).map(([key, schema]) => {
    const name = `${STEMS[group] ?? ''}${key}`;
    const meaning = meanings.get(name);
    if (meaning === undefined) throw new RangeError(`.env.example does not explain ${name}`);
    const allowed = LISTS.includes(name) ? NAMES_ALLOWED : allowedOf(schema);
    const cells = [`\`${name}\``, defaultOf(schema), UNITS[name] ?? '', allowed, meaning];
    return `| ${cells.join(' | ')} |`;
  });
}

/** What the program takes when the variable is not set. */
function defaultOf(schema: Shape[string]): string {
  const { success, data } = z.safeParse(schema, undefined);
  if (!success) return 'required';
  if (data === undefined || data === '') return 'none';
  if (Array.isArray(data)) return `\`${data.join(',')}\``;
  if (typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') return `\`${data}\``;
  throw new TypeError(`a default of type ${typeof data} has no text`);
}

/** In the words of the message that refuses everything else. */
function allowedOf(schema: Shape[string]): string {
  const { error } = z.safeParse(schema, NEVER_ALLOWED);
  return error?.issues[0]?.message ?? 'any text';
}

/** The comment right above each variable, its lines joined. */
function readMeanings(example: string): Map<string, string> {
  const meanings = new Map<string, string>();
  let comment: string[] = [];
  for (const line of example.split('\n')) {
    const name = /^([A-Z][A-Z0-9_]*)=/.exec(line)?.[1];
    if (name !== undefined && comment.length > 0) meanings.set(name, comment.join(' '));
    comment = line.startsWith('# ') ? [...comment, line.slice(2)] : [];
  }
  return meanings;
}
