// One batch: the answer of the rooms query, as it arrives, becomes the body of one part. Plain, the pieces are collected; under gzip
// they are compressed at once and only the result is kept. Nothing leaves before the whole answer was seen and found whole; what
// is held is bounded by `bytesMax` whatever the plan estimated.
import { constants, createDeflateRaw } from 'node:zlib';
import { PART_BYTES_MIN } from '../../workflows/model/plan.ts';
import { BatchLines, type BatchCounts, type RoomFault } from './batch-lines.ts';
import { RangeMisjudgedError } from './encode-errors.ts';
import { DEFLATE_LEVEL, GZIP_HEADER, gzipTrailer, paddingBlocks } from './gzip-framing.ts';

/** Sizes are estimates, mostly right to a tenth. */
const PLAIN_HEAD_ROOM = 1.2;

/** Where nobody has planned, the buffer grows from here. */
const UNPLANNED_BYTES = 64 * 1024;

export interface EncodeOptions {
  format: 'json' | 'ndjson';
  compression: 'none' | 'gzip';
  /** The batch begins the file. */
  isFirst: boolean;
  /** The batch has the last rooms; first and last at once it is the whole file. */
  isLast: boolean;
  /** Header X-ClickHouse-Exception-Tag of the answer. */
  exceptionTag: string | undefined;
  /** Raw bytes at which reading is given up. */
  bytesMax: number;
  /** Raw bytes the range was planned for, to say how wrong the plan was; `bytesMax` when it is not given. */
  bytesPlanned?: number;
  onProgress?: (done: { rooms: number; rawBytes: number }) => void;
}

export interface EncodedBatch {
  body: Buffer;
  rawBytes: number;
  /** CRC-32 of the raw bytes, unsigned. */
  crc32: number;
  rooms: number;
  faultyRooms: number;
  faults: RoomFault[];
}

/**
 * Reads `chunks` to their end. Throws RangeMisjudgedError when they are more than `bytesMax`, TruncatedAnswerError or
 * HistoryStreamError when they are not whole, and what the chunks themselves throw.
 */
export async function encodeBatch(
  chunks: AsyncIterable<Buffer>,
  options: EncodeOptions,
): Promise<EncodedBatch> {
  const lines = new BatchLines(options, options.exceptionTag);
  const sink = options.compression === 'gzip' ? new GzipSink(options) : new PlainSink(options);
  try {
    for await (const chunk of chunks) {
      await sink.write(lines.push(chunk));
      assertWithinBounds(lines.counts, options);
      options.onProgress?.({ rooms: lines.counts.rooms, rawBytes: lines.counts.rawBytes });
    }
    await sink.write(lines.finish());
    return { body: await sink.end(lines.counts), ...lines.counts };
  } catch (error) {
    throw lines.exceptionSeen() ?? error;
  } finally {
    sink.close();
  }
}

function assertWithinBounds({ rawBytes }: BatchCounts, { bytesMax, bytesPlanned }: EncodeOptions): void {
  if (rawBytes <= bytesMax) return;
  throw new RangeMisjudgedError(
    `a range holds more than the ${bytesMax} bytes a buffer may grow to`,
    rawBytes / (bytesPlanned ?? bytesMax),
  );
}

interface Sink {
  write(bytes: Buffer): Promise<void>;
  end(counts: BatchCounts): Promise<Buffer>;
  close(): void;
}

/** One buffer for the whole part, a little larger than planned: joining pieces would take the size of the part a second time. */
class PlainSink implements Sink {
  #body: Buffer;
  #used = 0;

  constructor({ bytesPlanned = UNPLANNED_BYTES }: EncodeOptions) {
    this.#body = Buffer.allocUnsafeSlow(Math.ceil(bytesPlanned * PLAIN_HEAD_ROOM));
  }

  write(bytes: Buffer): Promise<void> {
    if (this.#used + bytes.length > this.#body.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.#used + bytes.length));
      this.#body.copy(larger, 0, 0, this.#used);
      this.#body = larger;
    }
    this.#used += bytes.copy(this.#body, this.#used);
    return Promise.resolve();
  }

  end(): Promise<Buffer> {
    return Promise.resolve(this.#body.subarray(0, this.#used));
  }

  close(): void {
    this.#body = Buffer.alloc(0);
  }
}

class GzipSink implements Sink {
  readonly #options: EncodeOptions;
  readonly #deflate = createDeflateRaw({ level: DEFLATE_LEVEL });
  readonly #kept: Buffer[] = [];
  #failure: Error | undefined;

  constructor(options: EncodeOptions) {
    this.#options = options;
    if (options.isFirst) this.#kept.push(GZIP_HEADER);
    this.#deflate.on('data', (bytes: Buffer) => this.#kept.push(bytes));
    this.#deflate.on('error', (error) => (this.#failure = error));
  }

  /** Resolves when the bytes were compressed, so that a fast answer does not pile up before a slow compressor. */
  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#deflate.write(bytes, (error) => {
        const failure = error ?? this.#failure;
        if (failure === undefined) resolve();
        else reject(failure);
      });
    });
  }

  async end({ rawBytes, crc32 }: BatchCounts): Promise<Buffer> {
    if (this.#options.isFirst && this.#options.isLast) {
      await new Promise<void>((resolve, reject) => {
        this.#deflate.once('end', resolve).once('error', reject).end();
      });
      return Buffer.concat([...this.#kept, gzipTrailer(rawBytes, crc32)]);
    }
    await this.#flush();
    const bytes = this.#kept.reduce((sum, piece) => sum + piece.length, 0);
    return Buffer.concat([...this.#kept, paddingBlocks(PART_BYTES_MIN - bytes)]);
  }

  close(): void {
    this.#deflate.destroy();
    this.#kept.length = 0;
  }

  /** Ends on a byte border with an empty window, so that the next part's deflate can follow whatever it is. */
  #flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#deflate.once('error', reject);
      this.#deflate.flush(constants.Z_FULL_FLUSH, resolve);
    });
  }
}
