// Reads one dump from its bytes to presences and ticks: decompress, tell the format, read, fold. Holds no
// more of the file than the piece it is at. Damage never throws: what could be read is the result, what could
// not is counted in it.
import { createHash } from 'node:crypto';
import { DETECT_BYTES, DETECT_BYTES_MAX, detectFormat } from './formats/detect-format.ts';
import type { FormatName, FormatReader, FormatReaderOptions } from './formats/format-reader.ts';
import { readGetstats } from './formats/getstats.ts';
import { readRtcstats } from './formats/rtcstats.ts';
import { describeUnknown } from './formats/unknown-form.ts';
import { readWebrtcInternals } from './formats/webrtc-internals.ts';
import { toPresences } from './presences.ts';
import type { ReadPresence } from './presences.ts';
import { DamagedDataError, decompress } from './read-bytes.ts';
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
  /** Bytes of ticks that may stay in memory; all files of an import share what it may take. */
  tickBytesInMemory?: number;
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

/** Rejects with the error of the source, and only with that. */
export async function readRecording(
  source: AsyncIterable<Buffer>,
  options: ReadFileOptions,
): Promise<ReadFile> {
  const spool = new TickSpool(options.spoolPath, options.tickBytesInMemory);
  try {
    const recording = new FileRecording((index, ticks) => spool.add(index, ticks));
    const reading = new Reading(recording, options.format);
    await readAll(source, { reading, recording, progress: options.progress ?? (() => undefined) });
    recording.finish();
    const presences = toPresences(recording, reading.name());
    const { format, bytes } = reading;
    const leftOut = [...recording.leftOut].map(([reason, found]) => ({ reason, ...found }));
    return { format, bytes, presences, ticks: spool.finish(), leftOut };
  } finally {
    spool.close();
  }
}

async function readAll(
  source: AsyncIterable<Buffer>,
  { reading, recording, progress }: ReadAllOptions,
): Promise<void> {
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      reading.bytes += piece.length;
      progress(reading.bytes);
      yield piece;
    }
  }
  try {
    for await (const piece of decompress(counted())) {
      reading.push(piece);
      if (reading.isPassedOver) break;
    }
  } catch (error) {
    if (!(error instanceof DamagedDataError)) throw error;
    recording.leaveOut(`compressed data is damaged: ${error.message}`, 'end of what could be read');
  }
  reading.end();
}

interface ReadAllOptions {
  reading: Reading;
  recording: FileRecording;
  progress: (bytes: number) => void;
}

/**
 * Collects the beginning until the format is told from it, then passes everything to that format's reader.
 */
class Reading {
  format: FormatName | null = null;
  bytes = 0;
  /** The file is no dump: nothing more needs to be read of it. */
  isPassedOver = false;
  readonly #recording: FileRecording;
  readonly #wanted: FormatName | 'auto';
  #beginning: Buffer = Buffer.alloc(0);
  #detectAtBytes = DETECT_BYTES;
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
    if (this.isPassedOver) return;
    this.#beginning = Buffer.concat([this.#beginning, piece]);
    if (this.#beginning.length >= this.#detectAtBytes) this.#begin(false);
  }

  end(): void {
    if (this.#reader === null && !this.isPassedOver) this.#begin(true);
    this.#reader?.end();
  }

  /** Content-derived: the same in every import. */
  name(): string {
    return `dump-${createHash('sha256').update(this.#beginning.subarray(0, NAME_BYTES)).digest('hex').slice(0, 10)}`;
  }

  #passOver(beginning: Buffer): void {
    this.#recording.leaveOut('not a dump of a known format', 'start of the file');
    const seems = describeUnknown(beginning);
    if (seems !== null) this.#recording.leaveOut(`it seems to be ${seems}`, 'start of the file');
  }

  #begin(isWhole: boolean): void {
    const beginning = this.#beginning;
    this.format = this.#wanted === 'auto' ? detectFormat(beginning, isWhole) : this.#wanted;
    if (this.format === null) {
      // A first line may be longer than any before it.
      this.#detectAtBytes = beginning.length * 4;
      this.isPassedOver = isWhole || beginning.length >= DETECT_BYTES_MAX;
      if (this.isPassedOver) this.#passOver(beginning);
      return;
    }
    this.#reader = READERS[this.format]({ recording: this.#recording, fallbackName: () => this.name() });
    this.#reader.push(beginning);
    // A copy: what is left of a long beginning would keep all of it in memory.
    this.#beginning = Buffer.from(beginning.subarray(0, NAME_BYTES));
  }
}
