// Turns rows of the history into the columns that a scan of ClickHouse answers with: an Arrow stream in the
// types that the scans promise. A dry run passes its rows to the export's writer in this form. An export must
// not use it, because it makes an object of every value.
import {
  Dictionary,
  Field,
  Int32,
  Int64,
  List,
  Map_,
  Struct,
  Table,
  tableToIPC,
  TimestampMillisecond,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { Vector } from 'apache-arrow';
import type { ColumnKind } from '../document/history-contract.ts';

/** Numbers are whole, and times are epoch milliseconds. Only an optional count may be null. */
export type RowValue = string | number | bigint | null | Readonly<Record<string, readonly string[]>>;

/**
 * @param kinds the columns of the view, from VIEW_COLUMNS
 * @param columns those of them that the export reads
 * @param rows in the order of the view's keys
 * @returns no bytes where there are no rows, which the export reads as an answer without rows
 */
export function toArrowStream<Column extends string>(
  kinds: Readonly<Record<Column, ColumnKind>>,
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, RowValue>>[],
): Uint8Array {
  if (rows.length === 0) return new Uint8Array(0);
  const vectors = columns.map((column) => {
    const values = rows.map((row) => row[column]);
    return [column, toVector(kinds[column], values)] as const;
  });
  return tableToIPC(new Table(Object.fromEntries(vectors)));
}

function toVector(kind: ColumnKind, values: readonly RowValue[]): Vector {
  switch (kind) {
    case 'name':
    case 'text':
      return vectorFromArray(values, new Utf8());
    case 'word':
      return vectorFromArray(values, new Dictionary(new Utf8(), new Int32()));
    case 'time':
      return vectorFromArray(values.map(toWhole), new TimestampMillisecond());
    case 'version':
    case 'count':
    case 'optional_count':
      return vectorFromArray(values.map(toWhole), new Uint64());
    case 'signed_count':
      return vectorFromArray(values.map(toWhole), new Int64());
    case 'keys':
      return vectorFromArray(values, toKeysType());
  }
}

/** Columns of 64 bits take no other numbers. */
function toWhole(value: RowValue): RowValue {
  return typeof value === 'number' ? BigInt(value) : value;
}

function toKeysType(): Map_<Utf8, List<Utf8>> {
  const key = new Field('key', new Utf8(), false);
  const value = new Field('value', new List(new Field('item', new Utf8(), false)), false);
  return new Map_(new Field('entries', new Struct<{ key: Utf8; value: List<Utf8> }>([key, value]), false));
}
