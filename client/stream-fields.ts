// Defines how people write and read the settings of a stream. One table serves the options of `stream create`
// and `stream update`, the keys of a streams file, and all displays.
import { InvalidArgumentError } from 'commander';
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { StreamSettings } from '../workflows/model/stream.ts';
import { parseDurationSeconds, parseInstantMs, parseWord, toDurationText } from './parse-arguments.ts';

type Value = StreamSettings[keyof StreamSettings];

export interface StreamField {
  /** The option without its dashes, which is also the key in a file. */
  name: string;
  field: keyof StreamSettings;
  /** The placeholder for the value in help texts. */
  value: string;
  description: string;
  /** Throws commander's InvalidArgumentError, which names what is allowed. */
  parse: (text: string) => Value;
  toText: (value: Value) => string;
  /** The default; absent when the setting is required. */
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
 * Builds settings from the given fields by name. A required field that is missing is left out, so that the
 * caller can name it.
 */
export function toSettings(given: Readonly<Record<string, Value | undefined>>): Partial<StreamSettings> {
  return Object.fromEntries(
    STREAM_FIELDS.filter(({ name }) => given[name] !== undefined).map(({ name, field }) => [
      field,
      given[name],
    ]),
  );
}

/** Returns commander's property name for an option. */
export function attributeOf(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** Picks the settings from a command's options and keys them by name. */
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

/** Describes the settings in the order of the table. */
export function describeChanges(was: StreamSettings, is: StreamSettings): FieldChange[] {
  return STREAM_FIELDS.filter(({ field }) => was[field] !== is[field]).map(({ name, field, toText }) => ({
    field: name,
    from: toText(was[field]),
    to: toText(is[field]),
  }));
}

/** Formats an instant, or a word when there is none. */
export function parseInstantOrNone(given: string): number | null {
  if (given === 'none') return null;
  try {
    return parseInstantMs(given);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${error.message}, or none`);
  }
}

/** Formats a duration, or a word for the default. */
export function parseDurationOrDefault(given: string): number | null {
  if (given === 'default') return null;
  try {
    return parseDurationSeconds(given);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${error.message}, or default`);
  }
}
