// The file's JSON Schema (draft 2020-12), made from definition.ts. `room-streams schema` prints it, `verify`
// checks files against it, and the tests check every file they make against it. docs/measurements.md says
// what the numbers mean.
import { SCHEMA_VERSION } from '../workflows/model/manifest.ts';
import type { FieldSet, FileFormat } from '../workflows/model/stream.ts';
import { QUANTITY_MAX } from '../measurements/quantities.ts';
import type { Field, Quantity, Value } from './definition.ts';
import { directionTree, peerTree, roomTree } from './tree.ts';
import type { ObjectNode } from './tree.ts';

/**
 * As much of JSON Schema as the file needs. `x-decimals` is the number of decimals in a number's text; 0 is a
 * whole number.
 */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  const?: number;
  enum?: (string | null)[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  not?: JsonSchema;
  anyOf?: JsonSchema[];
  'x-decimals'?: number;
}

/** Of the whole file for json; of each of its lines for ndjson. */
export function toFileSchema(fields: FieldSet, format: FileFormat): JsonSchema {
  const room = toObject(roomTree(fields), OBJECTS.room, fields);
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:room-streams:schema:${SCHEMA_VERSION}:${fields}:${format}`,
    title: `room-streams, schema version ${SCHEMA_VERSION}, fields ${fields}`,
  };
  return format === 'ndjson' ? { ...head, ...room } : { ...head, type: 'array', items: room };
}

/** Every key is required and no other is allowed. */
function toObject<Column extends string>(
  { path, members }: ObjectNode<Column>,
  descriptions: Readonly<Record<string, string>>,
  fields: FieldSet,
): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const member of members) {
    properties[member.key] =
      'object' in member ? toObject(member.object, descriptions, fields) : toValue(member.field, fields);
  }
  return {
    type: 'object',
    description: descriptions[path] ?? '',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function toValue<Column extends string>({ value, says }: Field<Column>, fields: FieldSet): JsonSchema {
  const description = says;
  switch (value.kind) {
    case 'text':
      return { type: ['string', 'null'], description };
    case 'name':
      return { type: 'string', description };
    case 'enum':
      return { enum: [...value.words, null], description };
    case 'time':
      return { type: 'string', description, pattern: INSTANT };
    case 'seconds':
      // How long a medium was active is a sum of the history; it is not bounded.
      return value.msMax === Infinity ? toCount(description) : toWhole(description);
    case 'count':
      return toCount(description);
    case 'lost':
      return { type: ['integer', 'null'], description, 'x-decimals': 0 };
    case 'largest':
      return toWhole(description);
    case 'quantity':
      return toQuantity(value.quantity, description);
    case 'keys':
      return {
        type: 'object',
        description,
        additionalProperties: { anyOf: [{ type: 'string' }, SEVERAL_OR_NONE] },
      };
    case 'peers':
      return { ...toCount(description), type: 'integer' };
    case 'constant':
      return { type: 'integer', const: value.value, 'x-decimals': 0 };
    case 'direction':
      return toDirection(value, description, fields);
    case 'array':
      return { type: 'array', description, items: toObject(peerTree(fields), OBJECTS.peer, fields) };
  }
}

function toDirection(
  { medium, direction }: Extract<Value<never>, { kind: 'direction' }>,
  description: string,
  fields: FieldSet,
): JsonSchema {
  return toObject(directionTree(fields, medium, direction), { '': description }, fields);
}

function toQuantity({ decimals, range: [minimum, maximum] }: Quantity, description: string): JsonSchema {
  const type = [decimals === 0 ? 'integer' : 'number', 'null'];
  return { type, description, minimum, maximum, 'x-decimals': decimals };
}

function toWhole(description: string): JsonSchema {
  return toQuantity({ unit: '', decimals: 0, range: [0, QUANTITY_MAX] }, description);
}

/** Not bounded: what the history holds, up to 64 bits. */
function toCount(description: string): JsonSchema {
  return { type: ['integer', 'null'], description, minimum: 0, 'x-decimals': 0 };
}

const INSTANT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$';

const SEVERAL_OR_NONE: JsonSchema = {
  type: 'array',
  items: { type: 'string' },
  not: { type: 'array', minItems: 1, maxItems: 1 },
};

/**
 * What the objects of the file are, by the path of each, by which the schema describes them. The empty path
 * is the object of the level itself.
 */
const OBJECTS = {
  room: {
    '': 'one room: from first join to last leave',
    stats: 'means over the peers',
    'stats.audio': 'audio of the room',
    'stats.video': 'video of the room',
    'stats.audio.send': 'mean over the peers that have it',
    'stats.audio.recv': 'mean over the peers that have it',
    'stats.video.send': 'mean over the peers that have it',
    'stats.video.recv': 'mean over the peers that have it',
    measured: 'how many peers stand behind the means',
  },
  peer: {
    '': 'one participant',
    location: 'where the peer was',
    features: 'how the media went',
    stats: 'measurements of the peer',
    'stats.audio': 'audio',
    'stats.video': 'video',
  },
} as const satisfies Record<string, Record<string, string>>;
