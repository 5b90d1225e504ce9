// Reads one range of rooms as columns with three scans at once. Each answer is collected whole before
// anything is computed, because a slow store or a busy thread must not hold a query open. Every byte is
// verified by gzip's CRC-32. An error that the server meets after it began to answer is found at the end of
// its answer.
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { endsStream } from '../../document/history-batches.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import type { FieldSet } from '../../workflows/model/stream.ts';
import { DamagedScanError, HistoryStreamError } from './batch-errors.ts';
import { ByteCollector } from './byte-collector.ts';
import { beginsStored, StoredGzipReader } from './stored-gzip.ts';
import { scanQueryId, SCANS, toScanStatement } from './scan-statements.ts';
import type { RoomsRange, ScanName } from './scan-statements.ts';

export interface RangeToScan {
  range: RoomsRange;
  fields: FieldSet;
  /** The prefix of the scans' query ids; see `scanQueryIds`. */
  queryId: string;
  signal: AbortSignal;
  /** Called with the total bytes of all three scans so far. */
  onProgress?: (bytes: number) => void;
}

/** One collector for each scan. */
export type ScanCollectors = Readonly<Record<ScanName, ByteCollector>>;

/** Collectors over these buffers, which share a bound of `bytesMax`. */
export function toCollectors(
  buffers: Readonly<Record<ScanName, ArrayBuffer>>,
  bytesMax: number,
): ScanCollectors {
  const budget = { bytesMax, bytesUsed: 0 };
  return {
    rooms: new ByteCollector(buffers.rooms, budget),
    peers: new ByteCollector(buffers.peers, budget),
    totals: new ByteCollector(buffers.totals, budget),
  };
}

/** The size of decompressed pieces. Large pieces mean fewer copies into the buffer. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Fills the buffers with the three answers. When one scan fails, the connections of the others are closed. A
 * server may notice that late, so the caller asks it to end their queries.
 * @throws ClickHouseError, HistoryStreamError, DamagedScanError, CollectorFullError, the signal's reason
 */
export async function scanRange(
  client: ClickHouseClient,
  of: RangeToScan,
  buffers: ScanCollectors,
): Promise<ScannedRange> {
  const others = new AbortController();
  const signal = AbortSignal.any([of.signal, others.signal]);
  const scan = async (name: ScanName) => {
    try {
      await scanOne(client, { ...of, signal }, { name, into: buffers[name], all: buffers });
    } catch (error) {
      others.abort(error);
    }
  };
  await Promise.all(SCANS.map(scan));
  of.signal.throwIfAborted();
  // The first failure is thrown; the other scans were ended because of it.
  others.signal.throwIfAborted();
  return { rooms: buffers.rooms.bytes, peers: buffers.peers.bytes, totals: buffers.totals.bytes };
}

async function scanOne(
  client: ClickHouseClient,
  { range, fields, queryId: base, signal, onProgress }: RangeToScan,
  { name, into, all }: { name: ScanName; into: ByteCollector; all: ScanCollectors },
): Promise<void> {
  const answer = await client.exec({
    ...toScanStatement(name, range, fields),
    query_id: scanQueryId(base, name),
    abort_signal: signal,
    decompress_response_stream: false,
  });
  if (answer.response_headers['content-encoding'] !== 'gzip') {
    answer.stream.destroy();
    throw new DamagedScanError('ClickHouse answered without gzip, whose checksum protects the answer');
  }
  const tag = answer.response_headers['x-clickhouse-exception-tag'];
  await collect(answer.stream, {
    into,
    signal,
    exceptionTag: typeof tag === 'string' && tag !== '' ? tag : undefined,
    onPiece: () => onProgress?.(all.rooms.length + all.peers.length + all.totals.length),
  });
}

interface Collecting {
  into: ByteCollector;
  signal: AbortSignal;
  exceptionTag: string | undefined;
  onPiece: () => void;
}

/** Unpacks the answer into the buffer. */
async function collect(source: Readable, { into, signal, exceptionTag, onPiece }: Collecting): Promise<void> {
  const stop = () => source.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await unpack(source, into, onPiece);
  } catch (error) {
    signal.throwIfAborted();
    throw exceptionIn(into.bytes, exceptionTag) ?? asDamage(error);
  } finally {
    signal.removeEventListener('abort', stop);
    source.destroy();
  }
  signal.throwIfAborted();
  if (into.length === 0) throw new DamagedScanError('an answer has no byte');
  const exception = exceptionIn(into.bytes, exceptionTag);
  if (exception !== undefined) throw exception;
}

/** zlib reads an answer that the server, or a proxy before it, has compressed after all. */
async function unpack(source: Readable, into: ByteCollector, onPiece: () => void): Promise<void> {
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await firstPiece(pieces);
  if (beginsStored(first) === true) {
    const reader = new StoredGzipReader(into);
    for await (const piece of joined(first, pieces)) {
      reader.push(piece);
      onPiece();
    }
    reader.finish();
    return;
  }
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  await pipeline(joined(first, pieces), gunzip, async (unpacked: AsyncIterable<Buffer>) => {
    for await (const piece of unpacked) {
      into.push(piece);
      onPiece();
    }
  });
}

/** Enough of the answer to detect how it is packed, or all of it. */
async function firstPiece(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (beginsStored(first) === undefined) {
    const next = await pieces.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/**
 * Errors of sockets and zlib have a code and become a DamagedScanError. Our own errors are returned
 * unchanged.
 */
function asDamage(error: unknown): unknown {
  const isOfTransport = error instanceof Error && 'code' in error;
  return isOfTransport ? new DamagedScanError(`a scan broke off: ${error.message}`, { cause: error }) : error;
}

/** The server writes its error at the end of the answer, in a few lines. */
const EXCEPTION_BYTES_MAX = 64 * 1024;

/**
 * The error that ClickHouse appended to its answer; undefined when the stream has its proper end. Data cannot
 * look like the exception tag. Servers before 25.11 send no tag.
 */
function exceptionIn(bytes: Uint8Array, tag: string | undefined): HistoryStreamError | undefined {
  if (endsStream(bytes)) return undefined;
  const text = Buffer.from(bytes.subarray(-EXCEPTION_BYTES_MAX)).toString('utf8');
  if (tag === undefined) {
    const untagged = /Code: \d+\. DB::Exception: .*/s.exec(text);
    return untagged === null ? undefined : new HistoryStreamError(untagged[0].trim());
  }
  const mark = `__exception__\r\n${tag}\r\n`;
  const begin = text.lastIndexOf(mark);
  if (begin === -1) return undefined;
  const message = text.slice(begin + mark.length);
  const end = message.lastIndexOf(` ${tag}\r\n__exception__`);
  // The length of the message precedes the second tag, on its own line.
  return new HistoryStreamError(
    end === -1 ? message.trim() : message.slice(0, message.lastIndexOf('\n', end)).trim(),
  );
}
