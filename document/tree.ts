// The fields of a level as nested objects, in the order of the file: what both the schema and the writers
// walk.
import { fieldsOfDirection, PEER_FIELDS, ROOM_FIELDS } from './definition.ts';
import type { Field } from './definition.ts';
import type { FieldSet } from '../workflows/model/stream.ts';
import type { Direction, Medium } from '../measurements/peer.ts';

export interface ObjectNode<Column extends string = string> {
  /** Of the object within its level: `stats.audio`; the level's own object has the empty path. */
  path: string;
  members: Member<Column>[];
}

/** One key of an object: a value, or another object. */
export type Member<Column extends string = string> =
  { key: string; field: Field<Column> } | { key: string; object: ObjectNode<Column> };

export const roomTree = (fields: FieldSet) => toTree(ROOM_FIELDS, fields);
export const peerTree = (fields: FieldSet) => toTree(PEER_FIELDS, fields);
export const directionTree = (fields: FieldSet, medium: Medium, direction: Direction) =>
  toTree(fieldsOfDirection(medium, direction), fields);

function toTree<Column extends string>(all: readonly Field<Column>[], fields: FieldSet): ObjectNode<Column> {
  const root: ObjectNode<Column> = { path: '', members: [] };
  for (const field of all) {
    if (field.fields === 'extended' && fields === 'standard') continue;
    const keys = field.path.split('.');
    const key = keys.pop() ?? '';
    keys.reduce((object, each) => innerObject(object, each), root).members.push({ key, field });
  }
  return root;
}

/** The object under this key, made where there is none yet. */
function innerObject<Column extends string>(
  { path, members }: ObjectNode<Column>,
  key: string,
): ObjectNode<Column> {
  for (const member of members) if (member.key === key && 'object' in member) return member.object;
  const object = { path: path === '' ? key : `${path}.${key}`, members: [] };
  members.push({ key, object });
  return object;
}
