// Reads one dump from its bytes to presences and ticks: decompress, tell the format, read, fold. Holds no more of the file
// than the piece it is at. Damage never throws: what could be read is the result, what could not is counted in it.
import { createHash } from 'node:crypto';
import { DETECT_BYTES, detectFormat } from './formats/detect-format.ts';
import type { FormatName, FormatReader, FormatReaderOptions } from './formats/format-reader.ts';
import { readGetstats } from './formats/getstats.ts';
import { readRtcstats } from './formats/rtcstats.ts';
import { readWebrtcInternals } from './formats/webrtc-internals.ts';
import { toPresences } from './presences.ts';
import type { ReadPresence } from './presences.ts';
import { decompress } from './read-bytes.ts';
import { FileRecording } from './recording.ts';
import { TickSpool } from './tick-spool.ts';
import type { SpooledTicks } from './tick-spool.ts';

export interface LeftOut {
  reason: string;
  count: number;
  /** Where it was met first. */
  firstPlace: string;
}

/** What a file holds. Plain data: it is sent between threads. */
export interface ReadFile {
  /** Null when the file is none of the formats. */
  format: FormatName | null;
  bytes: number;
  presences: ReadPresence[];
  ticks: SpooledTicks;
  leftOut: LeftOut[];
}

export interface ReadFileOptions {
  format: FormatName | 'auto';
  /** A path for ticks that do not stay in memory. */
  spoolPath: string;
  /** Called with the bytes read so far, before decompression. */
  progress?: (bytes: number) => void;
}

const READERS: Readonly<Record<FormatName, (options: FormatReaderOptions) => FormatReader>> = {
  rtcstats: readRtcstats,
  'webrtc-internals': readWebrtcInternals,
  getstats: readGetstats,
};

/** Bytes from which a name is made for what the file does not name. */
const NAME_BYTES = 4096;

export async function readRecording(
  source: AsyncIterable<Buffer>,
  options: ReadFileOptions,
): Promise<ReadFile> {
  const spool = new TickSpool(options.spoolPath);
  const recording = new FileRecording((index, ticks) => spool.add(index, ticks));
  const reading = new Reading(recording, options.format);
  try {
    for await (const piece of decompress(counted(source, reading, options.progress))) reading.push(piece);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // What the system says of the file itself is no damage of its content.
    if (/^E[A-Z]+$/.test(code)) throw error;
    recording.leaveOut(
      `compressed data is damaged: ${error instanceof Error ? error.message : String(error)}`,
      'end of what could be read',
    );
  }
  reading.end();
  recording.finish();
  const presences = toPresences(recording, reading.name());
  return {
    format: reading.format,
    bytes: reading.bytes,
    presences,
    ticks: spool.finish(),
    leftOut: [...recording.leftOut].map(([reason, { count, firstPlace }]) => ({ reason, count, firstPlace })),
  };
}

async function* counted(
  source: AsyncIterable<Buffer>,
  reading: Reading,
  progress?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    reading.bytes += piece.length;
    progress?.(reading.bytes);
    yield piece;
  }
}

/** Collects the beginning until the format is told from it, then passes everything to that format's reader. */
class Reading {
  format: FormatName | null = null;
  bytes = 0;
  readonly #recording: FileRecording;
  readonly #wanted: FormatName | 'auto';
  #beginning: Buffer = Buffer.alloc(0);
  #reader: FormatReader | null = null;

  constructor(recording: FileRecording, wanted: FormatName | 'auto') {
    this.#recording = recording;
    this.#wanted = wanted;
  }

  push(piece: Buffer): void {
    if (this.#reader !== null) {
      this.#reader.push(piece);
      return;
    }
    this.#beginning = Buffer.concat([this.#beginning, piece]);
    if (this.#beginning.length >= DETECT_BYTES) this.#begin();
  }

  end(): void {
    if (this.#reader === null) this.#begin();
    this.#reader?.end();
  }

  /** Content-derived: the same in every import. */
  name(): string {
    return `dump-${createHash('sha256').update(this.#beginning.subarray(0, NAME_BYTES)).digest('hex').slice(0, 10)}`;
  }

  #begin(): void {
    const sample = this.#beginning.subarray(0, DETECT_BYTES);
    this.format = this.#wanted === 'auto' ? detectFormat(sample) : this.#wanted;
    const make = this.format === null ? null : READERS[this.format];
    const reader = make?.({ recording: this.#recording, fallbackName: () => this.name() }) ?? passOver;
    if (make === null) this.#recording.leaveOut('not a dump of a known format', 'start of the file');
    this.#reader = reader;
    reader.push(this.#beginning);
    this.#beginning = sample.subarray(0, NAME_BYTES);
  }
}

const passOver: FormatReader = { push: () => undefined, end: () => undefined };
