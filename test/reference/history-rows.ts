// Rows of the three views as plain objects, and the streams of columns that ClickHouse would send of them.
// Texts are bytes, because a history may hold what is no UTF-8: one character per byte, as in the oracle. A
// contract test compares the schema with that of a real answer.
import {
  Dictionary,
  Field,
  Int32,
  Int64,
  List,
  makeData,
  makeVector,
  Map_,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Uint64,
  Utf8,
} from 'apache-arrow';
import type { Data, Vector, DataType } from 'apache-arrow';
import { columnsToRead } from '../../document/columns-to-read.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import { VIEW_COLUMNS } from '../../document/history-contract.ts';
import type { ColumnKind } from '../../document/history-contract.ts';
import type { FieldSet } from '../../workflows/model/stream.ts';

/** Bytes of a text: every character is one byte, U+0000 to U+00FF. */
export type ByteText = string;

/** The customer's own keys. */
export type KeysOfPeer = readonly (readonly [name: ByteText, values: readonly ByteText[]])[];

/** null is a number that is none. Times are epoch milliseconds. */
export type Value = number | bigint | ByteText | KeysOfPeer | null;

/** The columns that every row has; all others have a default. */
export interface KeyedRow {
  finalized_at: number;
  session_id: ByteText;
  [column: string]: Value;
}

export interface HistoryRows {
  rooms: readonly KeyedRow[];
  peers: readonly KeyedRow[];
  totals: readonly KeyedRow[];
}

export type ScanName = keyof HistoryRows;

const VIEWS = { rooms: 'export_rooms', peers: 'export_peers', totals: 'export_track_totals' } as const;

export function kindsOf(scan: ScanName): Readonly<Record<string, ColumnKind>> {
  return VIEW_COLUMNS[VIEWS[scan]];
}

const DEFAULTS: Readonly<Record<ColumnKind, Value>> = {
  name: '',
  text: '',
  word: '',
  time: 0,
  version: 1,
  count: 0,
  signed_count: 0,
  optional_count: null,
  keys: [],
};

/** The value of a column; its default where the row has none. */
export function valueOf(scan: ScanName, row: KeyedRow, column: string): Value {
  const kind = kindsOf(scan)[column];
  if (kind === undefined) throw new RangeError(`column: got "${column}", allowed: those of the contract`);
  const value = row[column];
  return value === undefined ? DEFAULTS[kind] : value;
}

export interface StreamOptions {
  fields: FieldSet;
  /**
   * Rows of the first record batch, the second, …; the last one has what is left. Without it there is one
   * batch.
   */
  batchRows?: readonly number[];
  /** Whether a later batch adds words to the dictionaries before, or sends dictionaries of its own. */
  dictionaries?: 'growing' | 'replaced';
}

/** The three answers for these rows, each in the order that its rows have. */
export function toRange(rows: HistoryRows, options: StreamOptions): ScannedRange {
  return {
    rooms: toStream('rooms', rows.rooms, options),
    peers: toStream('peers', rows.peers, options),
    totals: toStream('totals', rows.totals, options),
  };
}

/** One answer: an Arrow stream with its end. */
export function toStream(
  scan: ScanName,
  rows: readonly KeyedRow[],
  { fields, batchRows = [], dictionaries = 'replaced' }: StreamOptions,
): Uint8Array {
  const columns = columnsToRead(fields)[scan].map((name, id) => ({ name, id, kind: kindsOf(scan)[name] }));
  const schema = new Schema(
    columns.map(({ name, id, kind = 'text' }) => new Field(name, typeOf(kind, id), isNullable(kind))),
  );
  const words = new Map(columns.map(({ name }) => [name, new GrowingWords()]));
  const batches = split(rows, batchRows).map((part) => {
    const children = columns.map(({ name, id, kind = 'text' }) => {
      const values = part.map((row) => valueOf(scan, row, name));
      const of = dictionaries === 'growing' ? words.get(name) : undefined;
      return toData(kind, values, { id, words: of ?? new GrowingWords() });
    });
    const type = new Struct(schema.fields);
    return new RecordBatch(schema, makeData({ type, length: part.length, nullCount: 0, children }));
  });
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return new Uint8Array(writer.toUint8Array(true));
}

function split<Row>(rows: readonly Row[], sizes: readonly number[]): Row[][] {
  const parts: Row[][] = [];
  let from = 0;
  for (const size of sizes) {
    parts.push(rows.slice(from, from + size));
    from += size;
  }
  return [...parts, rows.slice(from)].filter((part) => part.length > 0);
}

function isNullable(kind: ColumnKind): boolean {
  return kind === 'count' || kind === 'signed_count' || kind === 'optional_count';
}

function typeOf(kind: ColumnKind, id: number): DataType {
  switch (kind) {
    case 'name':
    case 'text':
      return new Utf8();
    case 'word':
      return new Dictionary(new Utf8(), new Int32(), id, false);
    case 'time':
      return new TimestampMillisecond('UTC');
    case 'version':
    case 'count':
    case 'optional_count':
      return new Uint64();
    case 'signed_count':
      return new Int64();
    case 'keys':
      return KEYS;
  }
}

const LISTS = new List(new Field('item', new Utf8(), false));
const ENTRIES = new Struct<{ key: Utf8; value: List<Utf8> }>([
  new Field('key', new Utf8(), false),
  new Field('value', LISTS, false),
]);
const KEYS = new Map_(new Field('entries', ENTRIES, false));

function toData(
  kind: ColumnKind,
  values: readonly Value[],
  { id, words }: { id: number; words: GrowingWords },
): Data {
  switch (kind) {
    case 'name':
    case 'text':
      return toTexts(values.map(String));
    case 'word': {
      const dictionary = words.with(values.map(String));
      const data = Int32Array.from(values, (value) => words.indexOf(String(value)));
      const type = new Dictionary(new Utf8(), new Int32(), id, false);
      return makeData({ type, length: values.length, nullCount: 0, data, dictionary });
    }
    case 'time': {
      const data = BigInt64Array.from(values, toBigInt);
      return makeData({ type: new TimestampMillisecond('UTC'), length: values.length, nullCount: 0, data });
    }
    case 'version':
    case 'count':
    case 'optional_count': {
      const data = BigUint64Array.from(values, toBigInt);
      return makeData({ type: new Uint64(), length: values.length, data, ...validityOf(values) });
    }
    case 'signed_count': {
      const data = BigInt64Array.from(values, toBigInt);
      return makeData({ type: new Int64(), length: values.length, data, ...validityOf(values) });
    }
    case 'keys':
      return toKeys(values.map((value) => (Array.isArray(value) ? (value as KeysOfPeer) : [])));
  }
}

/** ClickHouse leaves a zero where a value is null. */
function toBigInt(value: Value): bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value);
  return 0n;
}

function validityOf(values: readonly Value[]): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullCount = values.filter((value) => value === null).length;
  if (nullCount === 0) return { nullCount };
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  for (const [row, value] of values.entries()) {
    if (value !== null) nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return { nullCount, nullBitmap };
}

function toTexts(texts: readonly ByteText[]): Data<Utf8> {
  const data = Buffer.from(texts.join(''), 'latin1');
  const valueOffsets = offsetsOf(texts.map(({ length }) => length));
  return makeData({ type: new Utf8(), length: texts.length, nullCount: 0, valueOffsets, data });
}

function toKeys(rows: readonly KeysOfPeer[]): Data<Map_<Utf8, List<Utf8>>> {
  const entries = rows.flat();
  const values = entries.flatMap(([, texts]) => texts);
  const lists = makeData({
    type: LISTS,
    length: entries.length,
    nullCount: 0,
    valueOffsets: offsetsOf(entries.map(([, texts]) => texts.length)),
    child: toTexts(values),
  });
  const children = [toTexts(entries.map(([name]) => name)), lists];
  const child = makeData({ type: ENTRIES, length: entries.length, nullCount: 0, children });
  const valueOffsets = offsetsOf(rows.map(({ length }) => length));
  return makeData({ type: KEYS, length: rows.length, nullCount: 0, valueOffsets, child });
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  for (const [index, length] of lengths.entries()) offsets[index + 1] = (offsets[index] ?? 0) + length;
  return offsets;
}

/** The words of one dictionary column. ClickHouse has the empty word first. */
class GrowingWords {
  readonly #words = new Map<ByteText, number>();
  #dictionary: Vector<Utf8> | undefined;

  /** Adds the words that are new, as a part of its own. */
  with(words: readonly ByteText[]): Vector<Utf8> {
    const added = [...new Set(['', ...words])].filter((word) => !this.#words.has(word));
    for (const word of added) this.#words.set(word, this.#words.size);
    const parts = this.#dictionary?.data ?? [];
    this.#dictionary = makeVector<Utf8>(added.length === 0 ? parts : [...parts, toTexts(added)]);
    return this.#dictionary;
  }

  indexOf(word: ByteText): number {
    return this.#words.get(word) ?? 0;
  }
}
