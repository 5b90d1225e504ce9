// Reads and writes one range of rooms in the calling thread, into memory, for the preflight and for tests. A
// worker exports in its pool of threads (export-batch.ts), with the same scans and the same writer.
import { randomUUID } from 'node:crypto';
import type { FieldSet, FileFormat } from '../../workflows/model/stream.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { scanRange, toCollectors } from '../scans/scan-range.ts';
import { scanQueryIds } from '../scans/scan-statements.ts';
import type { RoomsRange } from '../scans/scan-statements.ts';
import { writeBatch } from './write-batch.ts';
import type { BatchOptions, WrittenBatch } from './write-batch.ts';

/** Tests only read this much into memory. */
const BYTES_MAX = 1024 * 1024 * 1024;
const BYTES_FIRST = 1024 * 1024;

export interface RangeToWrite {
  range: RoomsRange;
  fields: FieldSet;
  format: FileFormat;
  /** Which part of a larger file this is. By default the range is the whole file, without compression. */
  part?: Pick<BatchOptions, 'compression' | 'isFirst' | 'isLast'>;
  signal?: AbortSignal;
}

const WHOLE_FILE = { compression: 'none', isFirst: true, isLast: true } as const;

/** The body of a range. @throws what scanRange and writeBatch throw */
export async function writeRange(
  history: HistoryReader,
  { range, fields, format, part = WHOLE_FILE, signal = new AbortController().signal }: RangeToWrite,
): Promise<WrittenBatch> {
  const first = () => new ArrayBuffer(BYTES_FIRST);
  const collectors = toCollectors({ rooms: first(), peers: first(), totals: first() }, BYTES_MAX);
  const queryId = randomUUID();
  try {
    const scanned = await scanRange(history.client, { range, fields, queryId, signal }, collectors);
    const options = { fields, format, ...part, bytesPlanned: BYTES_MAX };
    return writeBatch(scanned, options, first());
  } catch (error) {
    await history.killQueries(scanQueryIds(queryId));
    throw error;
  }
}
