// Columns of an Arrow record batch as small classes with one reader each. Values are read where they are in
// the stream's bytes; only the words of dictionaries are copied. apache-arrow decodes the stream. The readers
// exist because its own vectors make a BigInt of every 64-bit value and a string of every text. A column
// whose type differs from the scan's throws a WrongColumnError.
import { isUtf8 } from 'node:buffer';
import { DataType, Type, Vector } from 'apache-arrow';
import type { Data, RecordBatch } from 'apache-arrow';
import { MISSING } from '../measurements/quantities.ts';
import { EMPTY_WORD, Word } from './json-text.ts';
import { isPlain, needsEscape, startsInsideCharacter } from './utf8.ts';

/** A column is missing, or is of another type than the scan asked for. */
export class WrongColumnError extends Error {
  override readonly name = 'WrongColumnError';
}

const HIGH = 2 ** 32;

/** Above this many in the upper half a 64-bit integer is not exact as a double. */
const EXACT_HIGH_MAX = 2 ** 21;

/** UInt64, Nullable: what is null, or no count, is MISSING. */
export class CountColumn {
  readonly #words: Uint32Array;
  readonly #validity: Uint8Array | null;

  constructor(words: Uint32Array, validity: Uint8Array | null) {
    this.#words = words;
    this.#validity = validity;
  }

  /** The nearest double. */
  at(row: number): number {
    const validity = this.#validity;
    if (validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) return MISSING;
    return (this.#words[2 * row] ?? 0) + (this.#words[2 * row + 1] ?? 0) * HIGH;
  }

  /** The difference to a row of another column: negative, 0 or positive, exact in its sign. */
  compareAt(row: number, other: CountColumn, otherRow: number): number {
    const high = (this.#words[2 * row + 1] ?? 0) - (other.#words[2 * otherRow + 1] ?? 0);
    return high === 0 ? (this.#words[2 * row] ?? 0) - (other.#words[2 * otherRow] ?? 0) : high;
  }

  /** Every digit, as decimal text; undefined where the double of `at` is exact. */
  digitsAt(row: number): string | undefined {
    const high = this.#words[2 * row + 1] ?? 0;
    if (high < EXACT_HIGH_MAX) return undefined;
    return String((BigInt(high) << 32n) | BigInt(this.#words[2 * row] ?? 0));
  }
}

/** Int64, Nullable: what is null, or no whole number, is MISSING. */
export class SignedColumn {
  readonly #low: Uint32Array;
  readonly #high: Int32Array;
  readonly #validity: Uint8Array | null;

  constructor(words: Uint32Array, validity: Uint8Array | null) {
    this.#low = words;
    this.#high = new Int32Array(words.buffer, words.byteOffset, words.length);
    this.#validity = validity;
  }

  /** The nearest double. */
  at(row: number): number {
    const validity = this.#validity;
    if (validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) return MISSING;
    return (this.#low[2 * row] ?? 0) + (this.#high[2 * row + 1] ?? 0) * HIGH;
  }

  /** Every digit, as decimal text; undefined where the double of `at` is exact. */
  digitsAt(row: number): string | undefined {
    const high = this.#high[2 * row + 1] ?? 0;
    if (high < EXACT_HIGH_MAX && high > -EXACT_HIGH_MAX) return undefined;
    return String((BigInt(high) << 32n) + BigInt(this.#low[2 * row] ?? 0));
  }
}

/** Text of any length. */
export class TextColumn {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
  /** All of the buffer that holds the bytes, which begin at `base` in it: for copying eight at a time. */
  readonly view: DataView;
  readonly base: number;
  #isPlain: boolean | undefined;
  #isValid: boolean | undefined;

  constructor(offsets: Int32Array, bytes: Uint8Array) {
    this.offsets = offsets;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.base = bytes.byteOffset;
  }

  /** Every text is ASCII that JSON writes as it is. */
  get isPlain(): boolean {
    return (this.#isPlain ??= isPlain(this.bytes));
  }

  /** Every text is UTF-8. */
  get isValid(): boolean {
    return (this.#isValid ??=
      this.isPlain || (isUtf8(this.bytes) && !startsInsideCharacter(this.bytes, this.offsets)));
  }

  lengthAt(row: number): number {
    return (this.offsets[row + 1] ?? 0) - (this.offsets[row] ?? 0);
  }

  /** JSON writes the text of this row as it is. False for some texts of which that is true, too. */
  isPlainAt(row: number): boolean {
    if (this.isPlain) return true;
    return this.isValid && !needsEscape(this.bytes, this.offsets[row] ?? 0, this.offsets[row + 1] ?? 0);
  }

  bytesAt(row: number): Uint8Array {
    return this.bytes.subarray(this.offsets[row], this.offsets[row + 1]);
  }
}

/** Text of few values: each is made ready once per batch. */
export class WordColumn {
  readonly #indices: ArrayLike<number>;
  readonly #words: readonly Word[];

  constructor(indices: ArrayLike<number>, words: readonly Word[]) {
    this.#indices = indices;
    this.#words = words;
  }

  at(row: number): Word {
    return this.#words[this.#indices[row] ?? 0] ?? EMPTY_WORD;
  }
}

/** Each key's texts: `keys.offsets` gives the entries of a row, `values` the texts of an entry. */
export class KeysColumn {
  readonly offsets: Int32Array;
  readonly names: TextColumn;
  readonly valueOffsets: Int32Array;
  readonly values: TextColumn;

  constructor(offsets: Int32Array, names: TextColumn, valueOffsets: Int32Array, values: TextColumn) {
    this.offsets = offsets;
    this.names = names;
    this.valueOffsets = valueOffsets;
    this.values = values;
  }
}

/** The columns of one record batch by name. */
export class BatchColumns {
  readonly rows: number;
  readonly #data = new Map<string, Data>();

  constructor(batch: RecordBatch) {
    this.rows = batch.numRows;
    for (const [index, field] of batch.schema.fields.entries()) {
      const data = batch.data.children[index];
      if (data !== undefined) this.#data.set(field.name, data);
    }
  }

  count(name: string): CountColumn {
    const data = this.#integers(name, false);
    return new CountColumn(words64(data), validityOf(data));
  }

  signed(name: string): SignedColumn {
    const data = this.#integers(name, true);
    return new SignedColumn(words64(data), validityOf(data));
  }

  /** Epoch milliseconds. */
  time(name: string): SignedColumn {
    const data = this.#of(name, [Type.Timestamp, Type.TimestampMillisecond]);
    return new SignedColumn(words64(data), null);
  }

  /** A name may come as a dictionary, where the view has it so. */
  text(name: string): TextColumn {
    const data = this.#of(name, [Type.Utf8, Type.Binary, Type.Dictionary]);
    return data.typeId === Type.Dictionary ? spreadOut(data) : textOf(data);
  }

  word(name: string): WordColumn {
    const data = this.#of(name, [Type.Dictionary]);
    const words: Word[] = [];
    for (const text of dictionaryOf(data)) words.push(new Word(text));
    return new WordColumn(indicesOf(data), words);
  }

  keys(name: string): KeysColumn {
    const data = this.#of(name, [Type.Map]);
    const [names, lists] = data.children[0]?.children ?? [];
    const values = lists?.children[0];
    if (names === undefined || lists === undefined || values === undefined) throw new WrongColumnError(name);
    return new KeysColumn(offsetsOf(data), textOf(names), offsetsOf(lists), textOf(values));
  }

  has(name: string): boolean {
    return this.#data.has(name);
  }

  /** The value of a row as text, for comparing rows; slow, of any type. Equal values are equal text. */
  contentAt(name: string, row: number): string {
    const data = this.#data.get(name);
    if (data === undefined) throw new WrongColumnError(`column ${name}: got none`);
    const value: unknown = new Vector([data]).get(row);
    return JSON.stringify([value], (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part));
  }

  /** Columns of 64-bit integers: the type's id says neither width nor sign. */
  #integers(name: string, isSigned: boolean): Data {
    const data = this.#of(name, [Type.Int]);
    const type: unknown = data.type;
    if (!DataType.isInt(type) || type.bitWidth !== 64 || type.isSigned !== isSigned)
      throw new WrongColumnError(
        `column ${name}: got other integers, allowed: ${isSigned ? 'Int64' : 'Uint64'}`,
      );
    return data;
  }

  #of(name: string, types: readonly Type[]): Data {
    const data = this.#data.get(name);
    if (data === undefined) throw new WrongColumnError(`column ${name}: got none`);
    if (!types.includes(data.typeId))
      throw new WrongColumnError(
        `column ${name}: got ${Type[data.typeId]}, allowed: ${types.map((type) => Type[type]).join(' or ')}`,
      );
    return data;
  }
}

function validityOf(data: Data): Uint8Array | null {
  return data.nullCount > 0 ? data.nullBitmap : null;
}

// The values that apache-arrow types as any are checked here, once.

function words64({ values, length }: Data): Uint32Array {
  if (!ArrayBuffer.isView(values)) throw new WrongColumnError('a column of numbers has no values');
  return new Uint32Array(values.buffer, values.byteOffset, 2 * length);
}

function offsetsOf(data: Data): Int32Array {
  const offsets: unknown = data.valueOffsets;
  if (!(offsets instanceof Int32Array))
    throw new WrongColumnError('a column of texts or lists has no offsets');
  return offsets;
}

function textOf(data: Data): TextColumn {
  const bytes: unknown = data.values;
  if (!(bytes instanceof Uint8Array)) throw new WrongColumnError('a column of texts has no bytes');
  return new TextColumn(offsetsOf(data), bytes);
}

function indicesOf(data: Data): ArrayLike<number> {
  const indices: unknown = data.values;
  if (indices instanceof Int32Array || indices instanceof Int16Array || indices instanceof Int8Array)
    return indices;
  if (indices instanceof Uint32Array || indices instanceof Uint16Array || indices instanceof Uint8Array)
    return indices;
  throw new WrongColumnError('a column of words has no indices');
}

function dictionaryOf({ dictionary }: Data): Uint8Array[] {
  return (dictionary?.data ?? []).flatMap((part: Data) => {
    const texts = textOf(part);
    return Array.from({ length: part.length }, (_, row) => texts.bytesAt(row));
  });
}

/** Expands a dictionary column to plain texts, so that names are read in only one way. */
function spreadOut(data: Data): TextColumn {
  const words = dictionaryOf(data);
  const indices = indicesOf(data);
  const offsets = new Int32Array(data.length + 1);
  for (let row = 0; row < data.length; row++)
    offsets[row + 1] = (offsets[row] ?? 0) + (words[indices[row] ?? 0]?.length ?? 0);
  const bytes = new Uint8Array(offsets[data.length] ?? 0);
  for (let row = 0; row < data.length; row++) bytes.set(words[indices[row] ?? 0] ?? [], offsets[row]);
  return new TextColumn(offsets, bytes);
}
