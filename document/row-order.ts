// The order of rows: by time of finalisation, then by the bytes of their ids. It also decides which of
// several rows with one key counts.
import type { BatchColumns, TextColumn } from './arrow-columns.ts';
import { columnsToRead } from './columns-to-read.ts';
import type { ColumnsToRead } from './columns-to-read.ts';
import type { RowKeys } from './history-batches.ts';

/** A row of a batch. */
export interface Row<Batch> {
  batch: Batch;
  row: number;
}

/** Negative, 0 or positive, by bytes. */
// Positional, because it is called for every row.
export function compareTexts(a: TextColumn, rowA: number, b: TextColumn, rowB: number): number {
  let atA = a.offsets[rowA] ?? 0;
  let atB = b.offsets[rowB] ?? 0;
  const lengthA = (a.offsets[rowA + 1] ?? 0) - atA;
  const lengthB = (b.offsets[rowB + 1] ?? 0) - atB;
  const bytesA = a.bytes;
  const bytesB = b.bytes;
  for (let left = Math.min(lengthA, lengthB); left > 0; left--) {
    const difference = (bytesA[atA++] ?? 0) - (bytesB[atB++] ?? 0);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

export function isSameText(a: TextColumn, rowA: number, b: TextColumn, rowB: number): boolean {
  const from = a.offsets[rowA] ?? 0;
  const fromB = b.offsets[rowB] ?? 0;
  const length = (a.offsets[rowA + 1] ?? 0) - from;
  if (length !== (b.offsets[rowB + 1] ?? 0) - fromB) return false;
  const bytesA = a.bytes;
  const bytesB = b.bytes;
  // From the end: ids of one time differ there.
  for (let index = length - 1; index >= 0; index--) {
    if (bytesA[from + index] !== bytesB[fromB + index]) return false;
  }
  return true;
}

export function isSameRoom(a: RowKeys, rowA: number, b: RowKeys, rowB: number): boolean {
  return a.finalizedAt.at(rowA) === b.finalizedAt.at(rowB) && isSameText(a.session, rowA, b.session, rowB);
}

export function compareRooms(a: RowKeys, rowA: number, b: RowKeys, rowB: number): number {
  const later = a.finalizedAt.at(rowA) - b.finalizedAt.at(rowB);
  return later !== 0 ? later : compareTexts(a.session, rowA, b.session, rowB);
}

/** Standard columns come first, because extended fields must not change which row counts. */
const CONTENT_ORDER = contentOrder();

function contentOrder(): Readonly<Record<keyof ColumnsToRead, readonly string[]>> {
  const [standard, extended] = [columnsToRead('standard'), columnsToRead('extended')];
  const both = (level: keyof ColumnsToRead) => [...new Set<string>([...standard[level], ...extended[level]])];
  return { rooms: both('rooms'), peers: both('peers'), totals: both('totals') };
}

/**
 * Whether row `a` counts instead of row `b`, which has the same key. The higher version counts. With equal
 * versions, the row whose content sorts first counts, so that the choice is always the same.
 */
export function holdsOver<Batch extends RowKeys>(
  level: keyof ColumnsToRead,
  a: Row<Batch>,
  b: Row<Batch>,
): boolean {
  const newer = a.batch.version.compareAt(a.row, b.batch.version, b.row);
  if (newer !== 0) return newer > 0;
  for (const column of CONTENT_ORDER[level]) {
    const [contentA, contentB] = [contentOf(a, column), contentOf(b, column)];
    if (contentA !== contentB) return contentA < contentB;
  }
  return true;
}

function contentOf({ batch, row }: Row<{ all: BatchColumns }>, column: string): string {
  return batch.all.has(column) ? batch.all.contentAt(column, row) : '';
}
