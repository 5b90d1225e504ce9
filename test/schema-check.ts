// Holds a file against its schema, and against what a schema cannot say: the frame, the order of keys, rooms
// and peers, that no key comes twice, and that the text of each number has exactly its decimals. Every file
// that a test makes goes through here.
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { toFileSchema } from '../document/json-schema.ts';
import type { JsonSchema } from '../document/json-schema.ts';
import type { FieldSet, FileFormat } from '../workflows/model/stream.ts';

export interface CheckedFile {
  fields: FieldSet;
  format: FileFormat;
}

/** Throws AssertionError naming the line and the place in it. Returns the rooms, parsed. */
export function assertFile(bytes: Uint8Array, { fields, format }: CheckedFile): Record<string, unknown>[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const lines = format === 'json' ? linesOfArray(text) : linesOfNdjson(text);
  const room = toFileSchema(fields, 'ndjson');
  const isRoom = validatorOf(fields);
  const rooms = lines.map((line, index) => {
    const place = `line ${index + 1}`;
    const value: unknown = JSON.parse(line);
    assert.ok(isRoom(value), `${place}: ${JSON.stringify(isRoom.errors)}`);
    walkLine(line, room, place);
    return value as Record<string, unknown>;
  });
  assertOrdered(rooms, fields);
  return rooms;
}

const validators = new Map<FieldSet, ValidateFunction>();

/** The schema of an ndjson line is that of an item of the array; both are the same definition. */
function validatorOf(fields: FieldSet): ValidateFunction {
  const known = validators.get(fields);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addKeyword({ keyword: 'x-decimals', schemaType: 'number' });
  const made = ajv.compile(toFileSchema(fields, 'ndjson'));
  validators.set(fields, made);
  return made;
}

function linesOfArray(text: string): string[] {
  if (text === '[]\n') return [];
  assert.ok(text.startsWith('[\n') && text.endsWith('\n]\n'), 'the frame of a JSON array');
  const lines = text.slice(2, -3).split('\n');
  return lines.map((line, index) => {
    const isLast = index === lines.length - 1;
    assert.ok(isLast ? line.endsWith('}') : line.endsWith('},'), `line ${index + 1}: ends in a room`);
    return isLast ? line : line.slice(0, -1);
  });
}

function linesOfNdjson(text: string): string[] {
  if (text === '') return [];
  assert.ok(text.endsWith('}\n'), 'the last line ends');
  return text.slice(0, -1).split('\n');
}

/** Reads one line's text along its schema. */
function walkLine(line: string, schema: JsonSchema, place: string): void {
  const end = walkValue(line, 0, schema, place);
  assert.equal(end, line.length, `${place}: nothing stands behind the room`);
}

function walkValue(line: string, at: number, schema: JsonSchema, place: string): number {
  switch (line.charAt(at)) {
    case '{':
      return walkObject(line, at, schema, place);
    case '[':
      return walkArray(line, at, schema, place);
    case '"':
      return at + matchAt(STRING, line, at, place).length;
    case 'n':
      return at + matchAt(/null/y, line, at, place).length;
    default:
      return walkNumber(line, at, schema, place);
  }
}

const STRING = /"(?:[^"\\]|\\.)*"/y;

function walkObject(line: string, at: number, schema: JsonSchema, place: string): number {
  const names: string[] = [];
  let next = at + 1;
  while (line[next] !== '}') {
    if (names.length > 0) next = expectAt(',', line, next, place);
    const name = matchAt(STRING, line, next, place);
    names.push(JSON.parse(name) as string);
    next = expectAt(':', line, next + name.length, place);
    next = walkValue(line, next, schemaOfKey(schema, names.at(-1) ?? ''), `${place}.${names.at(-1)}`);
  }
  if (schema.properties !== undefined) {
    assert.deepEqual(names, Object.keys(schema.properties), `${place}: the keys, in their order`);
  } else {
    const sorted = [...new Set(names)].sort(compareBytes);
    assert.deepEqual(names, sorted, `${place}: keys by name, each once`);
  }
  return next + 1;
}

function schemaOfKey({ properties, additionalProperties }: JsonSchema, name: string): JsonSchema {
  if (properties !== undefined) return properties[name] ?? {};
  return typeof additionalProperties === 'object' ? additionalProperties : {};
}

function walkArray(line: string, at: number, schema: JsonSchema, place: string): number {
  let next = at + 1;
  for (let index = 0; line[next] !== ']'; index += 1) {
    if (index > 0) next = expectAt(',', line, next, place);
    next = walkValue(line, next, schema.items ?? {}, `${place}[${index}]`);
  }
  return next + 1;
}

function walkNumber(line: string, at: number, schema: JsonSchema, place: string): number {
  const text = matchAt(/-?(?:0|[1-9]\d*)(?:\.\d+)?/y, line, at, place);
  const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
  assert.equal(decimals, schema['x-decimals'], `${place}: decimals of ${text}`);
  return at + text.length;
}

function expectAt(wanted: string, line: string, at: number, place: string): number {
  assert.equal(line[at], wanted, `${place}: no more and no less than ${wanted} at ${at}`);
  return at + 1;
}

function matchAt(pattern: RegExp, line: string, at: number, place: string): string {
  pattern.lastIndex = at;
  const found = pattern.exec(line)?.[0];
  assert.ok(found !== undefined, `${place}: a value of JSON at ${at}, got ${line.slice(at, at + 20)}`);
  return found;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

type Listed = Record<string, unknown>;

function assertOrdered(rooms: readonly Listed[], fields: FieldSet): void {
  if (fields === 'extended') assertKeys(rooms, ['finalized_at', 'session_id'], 'rooms');
  for (const [index, room] of rooms.entries())
    assertKeys(room['peers'] as Listed[], ['start_time', 'peer_id'], `peers of line ${index + 1}`);
}

/** Each after the one before it, by the first key, then the second; texts as the bytes they are. */
function assertKeys(listed: readonly Listed[], names: readonly [string, string], what: string): void {
  const keys = listed.map((each) => names.map((name) => textOf(each[name])));
  for (const [index, key] of keys.entries()) {
    const before = keys[index - 1];
    // Where bytes were no text, the order is that of the bytes.
    if (before === undefined || [...before, ...key].some((part) => part.includes('\uFFFD'))) continue;
    const order = key.map((part, at) => compareBytes(before[at] ?? '', part)).find((sign) => sign !== 0);
    assert.equal(order, -1, `${what}: ${JSON.stringify(before)} before ${JSON.stringify(key)}`);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
