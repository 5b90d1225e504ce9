// Keeps the ticks of a file until it is known which room and peer they belong to: in memory while they are
// few, in a file of the import's temporary folder when they are many. Ticks lie here as lines that only lack
// the columns of their owner.
import { closeSync, createReadStream, openSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Tick } from './sum-ticks.ts';

/** Above this the ticks of a file go to disk, if nothing else is said. */
const BYTES_IN_MEMORY = 8 * 1024 * 1024;
const BLOCK_BYTES = 128 * 1024;
/** No line is longer: numbers, and a codec's name of at most 100 characters. */
const LINE_BYTES_MAX = 2048;
const CODEC_CHARACTERS_MAX = 100;

/** Ticks of one file, in a file or in memory; can be sent between threads. */
export interface SpooledTicks {
  path: string | null;
  bytes: Uint8Array;
  count: number;
}

export class TickSpool {
  readonly #path: string;
  readonly #bytesInMemory: number;
  #file: number | null = null;
  /** Lines lie as bytes: as texts put together of pieces they would take ten times the room. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #block: Buffer | null = null;
  #used = 0;
  #count = 0;

  /** `path` is made only when the ticks do not stay in memory. */
  constructor(path: string, bytesInMemory = BYTES_IN_MEMORY) {
    this.#path = path;
    this.#bytesInMemory = bytesInMemory;
  }

  add(connectionIndex: number, ticks: readonly Tick[]): void {
    for (const tick of ticks) {
      if (this.#used + LINE_BYTES_MAX > BLOCK_BYTES) this.#endBlock();
      this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES);
      this.#used += this.#block.write(toLine(connectionIndex, tick), this.#used);
    }
    this.#count += ticks.length;
  }

  finish(): SpooledTicks {
    this.#endBlock();
    const bytes = this.#file === null ? Buffer.concat(this.#full) : Buffer.alloc(0);
    if (this.#file !== null) this.#toFile();
    return { path: this.#file === null ? null : this.#path, bytes, count: this.#count };
  }

  /** Also after a failure: gives the file back to the system. What was written stays. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #endBlock(): void {
    if (this.#block === null) return;
    this.#full.push(this.#block.subarray(0, this.#used));
    this.#fullBytes += this.#used;
    this.#block = null;
    this.#used = 0;
    if (this.#fullBytes > this.#bytesInMemory) this.#toFile();
  }

  #toFile(): void {
    this.#file ??= openSync(this.#path, 'w');
    for (const block of this.#full) writeFileSync(this.#file, block);
    this.#full = [];
    this.#fullBytes = 0;
  }
}

/**
 * The columns of media_samples after those of the owner and `tick_end`, in the order in which lines hold
 * them.
 */
export const TICK_COLUMNS = [
  'media',
  'direction',
  'codec',
  'tick_ms',
  'bytes',
  'packets',
  'packets_lost',
  'packets_arrived',
  'jitter_us',
  'rtt_us_sum',
  'rtt_count',
  'rtt_us_max',
  'pixels',
  'frames',
  'width',
  'height',
  'freezes',
] as const;

export interface SpooledTick {
  connectionIndex: number;
  endMs: number;
  /** The TICK_COLUMNS in tab-separated form. */
  columns: string;
}

export async function* readSpool({ path, bytes }: SpooledTicks): AsyncGenerator<SpooledTick> {
  const input =
    path === null
      ? Readable.from([Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)])
      : createReadStream(path);
  for await (const line of createInterface({ input, crlfDelay: Infinity })) yield fromLine(line);
}

function toLine(connectionIndex: number, tick: Tick): string {
  return (
    `${connectionIndex}\t${tick.endMs}\t${tick.media}\t${tick.direction}\t${escapeTab(tick.codec.slice(0, CODEC_CHARACTERS_MAX))}\t${tick.lengthMs}` +
    `\t${tick.bytes}\t${tick.packets}\t${tick.lost}\t${tick.arrived}\t${tick.jitterUs ?? '\\N'}` +
    `\t${tick.rttUsSum}\t${tick.rttCount}\t${tick.rttUsMax}\t${tick.pixels}\t${tick.frames}\t${tick.width}\t${tick.height}\t${tick.freezes}\n`
  );
}

function fromLine(line: string): SpooledTick {
  const first = line.indexOf('\t');
  const second = line.indexOf('\t', first + 1);
  return {
    connectionIndex: Number(line.slice(0, first)),
    endMs: Number(line.slice(first + 1, second)),
    columns: line.slice(second + 1),
  };
}

/** As ClickHouse's TabSeparated writes text. */
export function escapeTab(text: string): string {
  return text.replace(/[\\\t\n\r\0]/g, (character) => ESCAPES[character] ?? character);
}

/** The text that `escapeTab` wrote. */
export function unescapeTab(text: string): string {
  return text.replace(/\\(.)/g, (escaped, character: string) => UNESCAPES[character] ?? escaped);
}

const UNESCAPES: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r', '0': '\0' };

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
};
