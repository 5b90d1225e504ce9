// The table of all fields in docs/measurements.md, made from definition.ts. `npm run docs:fields` writes it,
// and a test compares it.
import { DIRECTIONS, MEDIA } from '../measurements/peer.ts';
import { fieldsOfDirection, PEER_FIELDS, ROOM_FIELDS } from './definition.ts';
import type { Field, Quantity, Value } from './definition.ts';

/** Markdown, a row for each field in the order of the definition. */
export function toFieldTable(): string {
  const directions = MEDIA.flatMap((medium) =>
    DIRECTIONS.flatMap((direction) =>
      rowsOf(`peers[].stats.${medium}.${direction}.`, fieldsOfDirection(medium, direction)),
    ),
  );
  return [
    '| field | type | unit | decimals | field set | since | from |',
    '|---|---|---|---|---|---|---|',
    ...rowsOf('', ROOM_FIELDS),
    ...rowsOf('peers[].', PEER_FIELDS),
    ...directions,
  ].join('\n');
}

function rowsOf(prefix: string, fields: readonly Field[]): string[] {
  return fields
    .filter(({ value }) => value.kind !== 'direction' && value.kind !== 'array')
    .map(({ path, value, fields: set, since }) => {
      const quantity = quantityOf(value);
      const decimals = quantity === undefined ? '' : String(quantity.decimals);
      return `| \`${prefix}${path}\` | ${typeOf(value)} | ${unitOf(value)} | ${decimals} | ${set} | ${since} | ${sourceOf(value)} |`;
    });
}

function quantityOf(value: Value<string>): Quantity | undefined {
  return value.kind === 'quantity' ? value.quantity : undefined;
}

function typeOf(value: Value<string>): string {
  switch (value.kind) {
    case 'text':
    case 'enum':
      return 'text or null';
    case 'name':
      return 'text';
    case 'time':
      return 'time';
    case 'seconds':
    case 'count':
    case 'lost':
    case 'largest':
      return 'integer or null';
    case 'quantity':
      return value.quantity.decimals === 0 ? 'integer or null' : 'number or null';
    case 'keys':
      return 'object';
    case 'peers':
    case 'constant':
      return 'integer';
    case 'direction':
    case 'array':
      return '';
  }
}

function unitOf(value: Value<string>): string {
  if (value.kind === 'quantity') return value.quantity.unit;
  return value.kind === 'seconds' || value.kind === 'largest' ? value.unit : '';
}

function sourceOf(value: Value<string>): string {
  switch (value.kind) {
    case 'quantity':
      return `the measure \`${value.measure}\``;
    case 'seconds':
      return value.of === 'lifetime' ? '`ended_at` less `started_at`' : `the column \`${value.of}\``;
    case 'peers':
      return value.having === 'any' ? 'the number of peers' : `the number of peers with ${value.having}`;
    case 'constant':
      return 'the version of the schema';
    case 'text':
    case 'name':
    case 'enum':
    case 'time':
    case 'count':
    case 'lost':
    case 'largest':
    case 'keys':
      return `the column \`${value.column}\``;
    case 'direction':
    case 'array':
      return '';
  }
}
