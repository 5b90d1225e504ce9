// Key templates, which give the key of an interval's file. Renders keys, and proves that no two intervals of
// a stream get the same key. Pure; problems are returned as sentences.
import { toCompactTime } from './interval.ts';
import type { Interval } from './interval.ts';
import { characterProblem } from './key-rules.ts';

export const KEY_TEMPLATE_DEFAULT = '{prefix}{stream}/{yyyy}/{mm}/{dd}/{stream}_{start}_{end}.{ext}';

const PLACEHOLDERS = [
  'prefix',
  'project',
  'stream',
  'yyyy',
  'mm',
  'dd',
  'hh',
  'min',
  'start',
  'end',
  'ext',
] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

export interface KeyNames {
  prefix: string;
  project: string;
  stream: string;
  extension: string;
}

/**
 * The key of the file of `interval`. Unknown placeholders are left unchanged, because `keyTemplateProblems`
 * refuses them beforehand.
 */
export function renderKey(template: string, names: KeyNames, interval: Interval): string {
  const iso = new Date(interval.startMs).toISOString();
  const values: Record<Placeholder, string> = {
    prefix: names.prefix,
    project: names.project,
    stream: names.stream,
    yyyy: iso.slice(0, 4),
    mm: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    hh: iso.slice(11, 13),
    min: iso.slice(14, 16),
    start: toCompactTime(interval.startMs),
    end: toCompactTime(interval.endMs),
    ext: names.extension,
  };
  return template.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) =>
    isPlaceholder(name) ? values[name] : whole,
  );
}

/**
 * The common prefix of all keys with these names, for rights and listings. It is the stream's prefix when the
 * template begins with it. Otherwise it is everything before the first time, without a partial name.
 */
export function keyPrefixOf(template: string, names: KeyNames): string {
  if (template.startsWith('{prefix}') && names.prefix !== '') return names.prefix;
  const firstTime = template.search(/\{(yyyy|mm|dd|hh|min|start|end)\}/);
  const head = renderKey(template.slice(0, firstTime < 0 ? undefined : firstTime), names, {
    startMs: 0,
    endMs: 0,
  });
  return head.slice(0, head.lastIndexOf('/') + 1);
}

/** The problems of a template for intervals of `everySeconds`; empty when it can be used. */
export function keyTemplateProblems(template: string, everySeconds: number): string[] {
  const problems: string[] = [];
  const used = new Set<string>();
  for (const [, name = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
    used.add(name);
    if (!isPlaceholder(name)) {
      problems.push(`unknown placeholder {${name}}; allowed: ${PLACEHOLDERS.map((p) => `{${p}}`).join(' ')}`);
    }
  }
  const bare = template.replaceAll(/\{[^{}]*\}/g, '');
  if (/[{}]/.test(bare)) problems.push('a brace without its partner');
  const character = characterProblem(bare);
  if (character !== null) problems.push(character);
  if (template.startsWith('/')) problems.push('a leading slash');
  if (template.includes('//')) problems.push('a segment that is empty ("//")');
  if (template.endsWith('/')) problems.push('a slash at its end');
  if (/(^|\/)\.{1,2}(\/|$)/.test(template)) problems.push('a segment "." or ".."');
  if (!isUniquePerInterval(used, everySeconds)) {
    problems.push(`two intervals of ${everySeconds} s could get the same key; add {start} or {end}`);
  }
  return problems;
}

function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}

/**
 * Start or end identifies the interval. A calendar field does so only with all coarser fields, and only when
 * intervals are at least as long as its unit.
 */
function isUniquePerInterval(used: ReadonlySet<string>, everySeconds: number): boolean {
  if (used.has('start') || used.has('end')) return true;
  const fields: readonly [string, number][] = [
    ['dd', 86_400],
    ['hh', 3_600],
    ['min', 60],
  ];
  if (!used.has('yyyy') || !used.has('mm')) return false;
  for (const [name, lengthSeconds] of fields) {
    if (!used.has(name)) return false;
    if (everySeconds >= lengthSeconds) return true;
  }
  return false;
}
