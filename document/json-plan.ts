// The JSON document as a list of steps: what comes before a value, and how the value is written. Made once
// per field set from definition.ts; json-rooms.ts walks the steps for every room and peer. Knows the shape of
// JSON and nothing of rows.
import type { FieldSet } from '../workflows/model/stream.ts';
import { DIRECTION_NAMES, directionIndex, slotOf } from '../measurements/peer.ts';
import type { Direction, Medium } from '../measurements/peer.ts';
import type { Field, Value } from './definition.ts';
import { VIEW_COLUMNS } from './history-contract.ts';
import type { ColumnKind } from './history-contract.ts';
import { Snippet } from './json-text.ts';
import { directionTree, peerTree, roomTree } from './tree.ts';
import type { ObjectNode } from './tree.ts';

/** How a value is written. Numbers, so that choosing one is a jump. */
export const STEP = {
  text: 0,
  name: 1,
  word: 2,
  enum: 3,
  time: 4,
  lifetime: 5,
  seconds: 6,
  count: 7,
  countAboveZero: 8,
  lost: 9,
  largest: 10,
  quantity: 11,
  keys: 12,
  users: 13,
  measuredMos: 14,
  measuredScore: 15,
  measuredAudio: 16,
  measuredVideo: 17,
  constant: 18,
  peers: 19,
} as const;
export type StepKind = (typeof STEP)[keyof typeof STEP];

/** One value of the document. */
export interface Step {
  /** The keys, braces and commas between the value before and this one. */
  lead: Snippet;
  kind: StepKind;
  /**
   * The index of its column among those of its type, see `ColumnNames`. `lost` and `largest` also have a
   * second column.
   */
  column: number;
  otherColumn: number;
  /** Where in a row of measures the value is, see measurements/peer.ts. */
  slot: number;
  decimals: 0 | 1 | 2;
  /** Which of the peer's track totals the columns belong to, see `directionIndex`. */
  direction: number;
  words: readonly string[];
  /** Of seconds: more milliseconds than this are null. */
  msMax: number;
  constant: Snippet;
}

/** The columns that steps name, by the type of their readers. */
export interface ColumnNames {
  texts: string[];
  words: string[];
  counts: string[];
  signed: string[];
  times: string[];
  keys: string[];
}

/** All values of one object of a level, in the order of the file. */
export interface StepList {
  steps: readonly Step[];
  /** What closes the object. */
  end: Snippet;
  columns: ColumnNames;
  /** Of steps within directions: columns of the track totals. */
  totalColumns: ColumnNames;
  /**
   * For each direction, by `directionIndex`, the indexes in `totalColumns.counts` of the counts that it
   * shows.
   */
  shownCounts: readonly (readonly number[])[];
  /** The most bytes of the whole list without its texts. */
  fixedBytesMax: number;
}

/** The longest value of a known length is a time: `"2026-11-23T10:00:00.000Z"`. */
const VALUE_BYTES_MAX = 32;

/** The steps of both levels. */
export interface JsonPlan {
  room: StepList;
  peer: StepList;
}

interface Within {
  medium: Medium;
  direction: Direction;
}

class StepBuilder {
  readonly #fields: FieldSet;
  readonly #steps: Step[] = [];
  readonly #columns = noColumns();
  readonly #totalColumns = noColumns();
  /** The keys, braces and commas since the last value. */
  #lead = '';

  constructor(fields: FieldSet) {
    this.#fields = fields;
  }

  build(tree: ObjectNode): StepList {
    this.#addObject(tree, undefined);
    const end = Snippet.of(this.#lead);
    const leads = this.#steps.reduce((sum, { lead }) => sum + lead.length, end.length);
    return {
      steps: this.#steps,
      end,
      columns: this.#columns,
      totalColumns: this.#totalColumns,
      shownCounts: DIRECTION_NAMES.map((_, index) => shownCountsOf(this.#steps, index)),
      fixedBytesMax: leads + this.#steps.length * VALUE_BYTES_MAX,
    };
  }

  #addObject({ members }: ObjectNode, within: Within | undefined): void {
    this.#lead += '{';
    for (const [index, member] of members.entries()) {
      this.#lead += `${index === 0 ? '' : ','}"${member.key}":`;
      if ('object' in member) this.#addObject(member.object, within);
      else this.#addValue(member.field, within);
    }
    this.#lead += '}';
  }

  #addValue({ value }: Field, within: Within | undefined): void {
    if (value.kind === 'direction') {
      const { medium, direction } = value;
      this.#addObject(directionTree(this.#fields, medium, direction), { medium, direction });
      return;
    }
    const columns = within === undefined ? this.#columns : this.#totalColumns;
    this.#steps.push({
      lead: Snippet.of(this.#lead),
      kind: stepKindOf(value),
      ...columnsOf(value, columns),
      slot: value.kind === 'quantity' ? slotOf(`${prefixOf(within)}${value.measure}`) : -1,
      decimals: value.kind === 'quantity' ? value.quantity.decimals : 0,
      direction:
        within === undefined ? -1 : directionIndex(within.medium === 'video', within.direction === 'send'),
      words: value.kind === 'enum' ? value.words : [],
      msMax: value.kind === 'seconds' ? value.msMax : Infinity,
      constant: Snippet.of(value.kind === 'constant' ? String(value.value) : ''),
    });
    this.#lead = '';
  }
}

function shownCountsOf(steps: readonly Step[], index: number): number[] {
  const shown = steps.filter(({ direction, kind }) => direction === index && showsCount(kind));
  return [...new Set(shown.map(({ column }) => column))];
}

function showsCount(kind: StepKind): boolean {
  return (
    kind === STEP.count || kind === STEP.countAboveZero || kind === STEP.seconds || kind === STEP.largest
  );
}

function noColumns(): ColumnNames {
  return { texts: [], words: [], counts: [], signed: [], times: [], keys: [] };
}

function prefixOf(within: Within | undefined): string {
  return within === undefined ? '' : `${within.medium}.${within.direction}.`;
}

function stepKindOf(value: Value<string>): StepKind {
  switch (value.kind) {
    case 'text':
      return kindOfColumn(value.column) === 'word' ? STEP.word : STEP.text;
    case 'count':
      return value.zeroIsNull === true ? STEP.countAboveZero : STEP.count;
    case 'seconds':
      return value.of === 'lifetime' ? STEP.lifetime : STEP.seconds;
    case 'peers':
      return PEERS_HAVING[value.having];
    case 'array':
      return STEP.peers;
    case 'direction':
      throw new TypeError('the object of a direction is no single value');
    case 'name':
    case 'enum':
    case 'time':
    case 'lost':
    case 'largest':
    case 'quantity':
    case 'keys':
    case 'constant':
      return STEP[value.kind];
  }
}

const PEERS_HAVING = {
  any: STEP.users,
  mos: STEP.measuredMos,
  score: STEP.measuredScore,
  audio: STEP.measuredAudio,
  video: STEP.measuredVideo,
} as const;

/** Adds the value's columns to those that are read, and says where they are. */
function columnsOf(value: Value<string>, columns: ColumnNames): Pick<Step, 'column' | 'otherColumn'> {
  const place = (name: string) => placeOf(name, columns);
  switch (value.kind) {
    case 'seconds':
      return { column: value.of === 'lifetime' ? -1 : place(value.of), otherColumn: -1 };
    case 'largest':
      return { column: place(value.column), otherColumn: place(value.readings) };
    case 'lost':
      return { column: place(value.column), otherColumn: place(value.arrived) };
    case 'quantity':
    case 'peers':
    case 'constant':
    case 'direction':
    case 'array':
      return { column: -1, otherColumn: -1 };
    case 'text':
    case 'name':
    case 'enum':
    case 'time':
    case 'count':
    case 'keys':
      return { column: place(value.column), otherColumn: -1 };
  }
}

function placeOf(name: string, columns: ColumnNames): number {
  const names = columns[READERS[kindOfColumn(name)]];
  if (!names.includes(name)) names.push(name);
  return names.indexOf(name);
}

const READERS: Readonly<Record<ColumnKind, keyof ColumnNames>> = {
  name: 'texts',
  text: 'texts',
  word: 'words',
  time: 'times',
  version: 'counts',
  count: 'counts',
  signed_count: 'signed',
  optional_count: 'counts',
  keys: 'keys',
};

/** Columns of one name have one kind in all views. */
const KINDS: ReadonlyMap<string, ColumnKind> = new Map(
  Object.values(VIEW_COLUMNS).flatMap((view): [string, ColumnKind][] => Object.entries(view)),
);

function kindOfColumn(name: string): ColumnKind {
  const kind = KINDS.get(name);
  if (kind === undefined) throw new RangeError(`column: got "${name}", allowed: one of the three views`);
  return kind;
}

/** Made once: every batch walks them. */
const PLANS: Readonly<Record<FieldSet, JsonPlan>> = {
  standard: toPlan('standard'),
  extended: toPlan('extended'),
};

export function jsonPlan(fields: FieldSet): JsonPlan {
  return PLANS[fields];
}

function toPlan(fields: FieldSet): JsonPlan {
  return {
    room: new StepBuilder(fields).build(roomTree(fields)),
    peer: new StepBuilder(fields).build(peerTree(fields)),
  };
}
