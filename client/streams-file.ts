// Parses a file of streams: YAML with the names of the command line's options, several streams in one file.
// Parses and validates in one pass, and names every problem with its line. It does not look at existing
// streams.
import { InvalidArgumentError } from 'commander';
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
} from 'yaml';
import type { Alias, Document } from 'yaml';
import { z } from 'zod';
import { nearestOf, parseDurationSeconds, parseInstantMs } from './parse-arguments.ts';
import { STREAM_FIELDS } from './stream-fields.ts';
import { STREAM_NAME, settingsProblems } from '../workflows/model/stream-problems.ts';
import { JITTER_SECONDS_MAX } from '../workflows/model/firing.ts';
import type { StreamSettings } from '../workflows/model/stream.ts';

/** A single question to a worker checks all of them, so their number is limited. */
export const STREAMS_MAX = 1_000;

export interface FileStream {
  name: string;
  /** All settings, with defaults where the file has none. */
  settings: StreamSettings;
  /** Undefined where the file does not set it. */
  fromMs: number | undefined;
  untilMs: number | null;
  jitterSeconds: number | null;
  /** The line where the stream begins in the file; counted from 1. */
  line: number;
}

export type ParsedFile = { streams: FileStream[] } | { problems: string[] };

type Path = (string | number)[];

/** Each problem is a sentence that begins with `name:line:`. */
export function parseStreamsFile(text: string, name: string): ParsedFile {
  const lines = new LineCounter();
  let document: Document.Parsed;
  let bomb: Alias | null = null;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
    if (document.errors.length === 0) bomb = findAliasBomb(document);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problems: [`${name}:1: not YAML of streams: lists or maps are nested thousands deep`] };
  }
  if (bomb !== null) {
    const sentence = `*${bomb.source}: got an alias with which the file has more than ${VALUES_MAX} values; allowed: fewer aliases of aliases, and none of itself`;
    return { problems: [`${name}:${lineOfNode(bomb, lines) ?? 1}: ${sentence}`] };
  }
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(
        ({ pos, message }) =>
          `${name}:${lines.linePos(pos[0]).line}: not YAML: ${message.replaceAll('\n', ' ')}`,
      ),
    };
  }
  const lineOf = (path: Path): number => lineOfPath(document, lines, path);
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: -1 }));
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap(toProblems);
    return {
      problems: inOrder(
        problems.map(({ path, sentence }) => ({ line: lineOf(path), sentence })),
        name,
      ),
    };
  }
  const streams = parsed.data.streams.map((given, index) =>
    toFileStream(given as GivenStream, lineOf(['streams', index])),
  );
  const problems = streams.flatMap((stream, index) =>
    [...repetitions(streams, index), ...settingsProblems(stream.settings)].map((sentence) => ({
      line: lineOf(['streams', index, fieldOf(sentence)]),
      sentence,
    })),
  );
  return problems.length > 0 ? { problems: inOrder(problems, name) } : { streams };
}

/** The largest realistic file has some tens of thousands of values. */
const VALUES_MAX = 1_000_000;

/**
 * Nested aliases in a few lines can stand for billions of values. This sums up the sizes without expanding
 * the values.
 * @returns the alias that exceeds the limit, or null. The library's own limit would refuse an alias that is
 * used a hundred times.
 */
function findAliasBomb({ contents }: Document): Alias | null {
  /**
   * The number of values by anchor. An anchor that is still being summed up has no entry, because it contains
   * itself.
   */
  const sizes = new Map<string, number>();
  let [total, found] = [0, null as Alias | null];
  const sum = (node: unknown): number => {
    if (isAlias(node)) {
      const size = sizes.get(node.source) ?? Infinity;
      total += size;
      if (total > VALUES_MAX) found ??= node;
      return size;
    }
    total += 1;
    const anchor = isScalar(node) || isCollection(node) ? node.anchor : undefined;
    if (anchor !== undefined) sizes.delete(anchor);
    let size = 1;
    if (isPair(node)) size += sum(node.key) + sum(node.value);
    else if (isCollection(node)) for (const item of node.items) size += sum(item);
    if (anchor !== undefined) sizes.set(anchor, size);
    return size;
  };
  sum(contents);
  return found;
}

function repetitions(streams: readonly FileStream[], index: number): string[] {
  const { name } = streams[index] ?? {};
  const first = streams.findIndex((other) => other.name === name);
  if (first === index) return [];
  return [`name: got "${name ?? ''}" twice, first on line ${streams[first]?.line ?? 0}; allowed: each once`];
}

/** Applies a command-line parser to a value of the file. A field that may be left out is then undefined. */
function argument(parse: (text: string) => unknown, isRequired: boolean) {
  const value = z.unknown().transform((given, context): unknown => {
    try {
      if (given === undefined) throw new InvalidArgumentError('got none, allowed: one for each stream');
      // YAML parses 15 as a number; the parser's message says which unit is missing.
      return parse(given === null ? '' : typeof given === 'string' ? given : JSON.stringify(given));
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
  return isRequired ? value : value.optional();
}

function parseName(given: string): string {
  if (STREAM_NAME.test(given)) return given;
  throw new InvalidArgumentError(`got "${given}", allowed: ${STREAM_NAME.source.slice(1, -1)}`);
}

function parseJitter(given: string): number {
  const seconds = parseDurationSeconds(given);
  if (seconds <= JITTER_SECONDS_MAX) return seconds;
  throw new InvalidArgumentError(`got ${seconds} s, allowed: whole seconds from 0 to ${JITTER_SECONDS_MAX}`);
}

const streamSchema = z.strictObject({
  name: argument(parseName, true),
  ...Object.fromEntries(
    STREAM_FIELDS.map((field) => [field.name, argument(field.parse, field.fallback === undefined)]),
  ),
  from: argument(parseInstantMs, false),
  until: argument(parseInstantMs, false),
  jitter: argument(parseJitter, false),
});

const fileSchema = z.strictObject({ streams: z.array(streamSchema).min(1).max(STREAMS_MAX) });

const FIELDS = Object.keys(streamSchema.shape);

/** The result of the schema's parsers. */
interface GivenStream extends Record<string, unknown> {
  name: string;
  from?: number;
  until?: number;
  jitter?: number;
}

function toFileStream(given: GivenStream, line: number): FileStream {
  const settings = Object.fromEntries(
    STREAM_FIELDS.map(({ name, field, fallback }) => [field, given[name] ?? fallback]),
  );
  return {
    name: given.name,
    settings: settings as unknown as StreamSettings,
    fromMs: given.from,
    untilMs: given.until ?? null,
    jitterSeconds: given.jitter ?? null,
    line,
  };
}

interface Problem {
  path: Path;
  sentence: string;
}

function toProblems(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  const last = path.at(-1);
  const where = typeof last === 'string' ? last : last === undefined ? 'file' : 'stream';
  if (issue.code === 'custom') return [{ path, sentence: `${where}: ${issue.message}` }];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      sentence: describeUnknown(key, path.length === 0),
    }));
  }
  if (issue.code === 'too_small' || issue.code === 'too_big')
    return [{ path, sentence: `${where}: allowed: 1 to ${STREAMS_MAX} streams` }];
  const allowed =
    where === 'stream'
      ? `a map of fields: ${FIELDS.join(', ')}`
      : 'streams: and under it a list of streams, each a map of fields';
  return [{ path, sentence: `${where}: ${issue.message}; allowed: ${allowed}` }];
}

function describeUnknown(key: string, isTop: boolean): string {
  const allowed = isTop ? ['streams'] : FIELDS;
  const nearest = nearestOf(key, allowed);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `${key}: unknown field, allowed: ${allowed.join(', ')}${hint}`;
}

/** Returns the field name before the colon. */
function fieldOf(sentence: string): string {
  return sentence.slice(0, Math.max(0, sentence.indexOf(':')));
}

/**
 * Returns the line of the key at this path. A value that is not in the text itself, such as a merged field,
 * has the line of its parent.
 */
function lineOfPath(document: Document, lines: LineCounter, path: Path): number {
  let at: unknown = document.contents;
  let line = 1;
  for (const step of path) {
    if (isAlias(at)) at = at.resolve(document);
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      line = lineOfNode(pair.key, lines) ?? line;
      at = pair.value;
    } else if (isSeq(at) && typeof step === 'number') {
      at = at.items[step];
      line = lineOfNode(at, lines) ?? line;
    } else break;
  }
  return line;
}

function lineOfNode(node: unknown, lines: LineCounter): number | undefined {
  const offset = isNode(node) ? node.range?.[0] : undefined;
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function inOrder(problems: readonly { line: number; sentence: string }[], file: string): string[] {
  return [...problems]
    .sort((a, b) => a.line - b.line)
    .map(({ line, sentence }) => `${file}:${line}: ${sentence}`);
}
