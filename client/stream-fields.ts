// The settings of a stream as people write and read them: one table for the options of `stream create` and
// `stream update`, the keys of a file of streams, and every text that shows one.
import { InvalidArgumentError } from 'commander';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { StreamSettings } from '../workflows/model/stream.ts';
import { parseDurationSeconds, parseInstantMs, parseWord, toDurationText } from './parse-arguments.ts';

type Value = StreamSettings[keyof StreamSettings];

export interface StreamField {
  /** The option without its dashes, and the key in a file. */
  name: string;
  field: keyof StreamSettings;
  /** What stands for the value in a help text. */
  value: string;
  description: string;
  /** Throws commander's InvalidArgumentError, naming what is allowed. */
  parse: (text: string) => Value;
  toText: (value: Value) => string;
  /** Of a stream that does not say; absent: it has to. */
  fallback?: Value;
}

const text = { parse: (given: string) => given, toText: (value: Value) => String(value) };
const duration = {
  value: 'duration',
  parse: parseDurationSeconds,
  toText: (value: Value) => toDurationText(Number(value)),
};
const oneOf = (words: readonly string[]) => ({
  parse: parseWord(words) as (given: string) => Value,
  toText: text.toText,
});

export const STREAM_FIELDS: readonly StreamField[] = [
  { name: 'project', field: 'project', value: 'id', description: 'whose rooms', ...text },
  {
    name: 'destination',
    field: 'destination',
    value: 'name',
    ...text,
    description: 'one of the destinations that the workers know',
  },
  {
    name: 'prefix',
    field: 'prefix',
    value: 'text',
    description: 'put before every key',
    ...text,
    fallback: '',
  },
  {
    name: 'every',
    field: 'everySeconds',
    ...duration,
    fallback: 3_600,
    description: 'length of an interval, 1m to 7d',
  },
  {
    name: 'offset',
    field: 'offsetSeconds',
    ...duration,
    fallback: 0,
    description: 'moves the borders of the intervals',
  },
  {
    name: 'settle',
    field: 'settleSeconds',
    ...duration,
    fallback: 60,
    description: 'how long after its end an interval is read',
  },
  {
    name: 'format',
    field: 'format',
    value: 'format',
    ...oneOf(['json', 'ndjson']),
    fallback: 'json',
    description: 'json or ndjson',
  },
  {
    name: 'compression',
    field: 'compression',
    value: 'kind',
    ...oneOf(['none', 'gzip']),
    fallback: 'none',
    description: 'none or gzip',
  },
  {
    name: 'fields',
    field: 'fields',
    value: 'set',
    ...oneOf(['standard', 'extended']),
    fallback: 'standard',
    description: 'standard or extended',
  },
  {
    name: 'key-template',
    field: 'keyTemplate',
    value: 'template',
    ...text,
    fallback: KEY_TEMPLATE_DEFAULT,
    description: 'the key of a file in its bucket',
  },
  {
    name: 'empty',
    field: 'empty',
    value: 'policy',
    ...oneOf(['write', 'skip']),
    fallback: 'write',
    description: 'write or skip the file of an interval without rooms',
  },
  {
    name: 'give-up',
    field: 'giveUpSeconds',
    ...duration,
    fallback: 86_400,
    description: 'how long a failing interval is retried',
  },
];

/**
 * Of the fields given, by their names: the settings. A field that has to be given and is not is left out, for
 * the caller to name.
 */
export function toSettings(given: Readonly<Record<string, Value | undefined>>): Partial<StreamSettings> {
  return Object.fromEntries(
    STREAM_FIELDS.filter(({ name }) => given[name] !== undefined).map(({ name, field }) => [
      field,
      given[name],
    ]),
  );
}

/** What commander makes of an option's name. */
export function attributeOf(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** By their names, those among a command's options that are settings. */
export function givenFields(options: Readonly<Record<string, unknown>>): Record<string, Value | undefined> {
  return Object.fromEntries(
    STREAM_FIELDS.map(({ name }) => [name, options[attributeOf(name)] as Value | undefined]),
  );
}

export interface FieldChange {
  field: string;
  from: string;
  to: string;
}

/** In words, in the order of the table. */
export function describeChanges(was: StreamSettings, is: StreamSettings): FieldChange[] {
  return STREAM_FIELDS.filter(({ field }) => was[field] !== is[field]).map(({ name, field, toText }) => ({
    field: name,
    from: toText(was[field]),
    to: toText(is[field]),
  }));
}

/** An instant, or a word for there being none. */
export function parseInstantOrNone(given: string): number | null {
  if (given === 'none') return null;
  try {
    return parseInstantMs(given);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${error.message}, or none`);
  }
}

/** A duration, or a word for the default one. */
export function parseDurationOrDefault(given: string): number | null {
  if (given === 'default') return null;
  try {
    return parseDurationSeconds(given);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${error.message}, or default`);
  }
}
