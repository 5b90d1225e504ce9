// The last part of a file of several ranges, made once all of them are known. It holds the end of the array
// and, under gzip, the last block and the trailer. The last part may be of any size. The file's checksum is
// combined here from those of the batches.
import { crc32, deflateRawSync } from 'node:zlib';
import { crc32Combine } from '../batch/crc32-combine.ts';
import { DEFLATE_LEVEL, gzipTrailer } from '../batch/gzip-framing.ts';

export interface ClosingPart {
  /** Null when nothing follows the last batch: ndjson without compression. */
  body: Buffer | null;
  /** Of the whole file. */
  rawBytes: number;
  /** Of the whole file, unsigned. */
  crc32: number;
}

/** @param parts two or more batches, in the order of the file */
export function closingPart(
  options: { format: 'json' | 'ndjson'; compression: 'none' | 'gzip' },
  parts: readonly { rawBytes: number; crc32: number }[],
): ClosingPart {
  const end = Buffer.from(options.format === 'json' ? '\n]\n' : '');
  let whole = { rawBytes: 0, crc32: 0 };
  for (const part of [...parts, { rawBytes: end.length, crc32: crc32(end) }]) {
    whole = {
      rawBytes: whole.rawBytes + part.rawBytes,
      crc32: crc32Combine(whole.crc32, part.crc32, part.rawBytes),
    };
  }
  if (options.compression === 'none') return { body: end.length === 0 ? null : end, ...whole };
  const last = deflateRawSync(end, { level: DEFLATE_LEVEL });
  return { body: Buffer.concat([last, gzipTrailer(whole.rawBytes, whole.crc32)]), ...whole };
}
