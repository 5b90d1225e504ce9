// Shared by the import's pure tests: reads a dump from memory, sums its ticks, and finds the sample dumps,
// which are not part of the repository.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FormatName } from '../../../importers/formats/format-reader.ts';
import { readRecording } from '../../../importers/read-file.ts';
import type { ReadFile } from '../../../importers/read-file.ts';

export interface Sums {
  bytes: number;
  packets: number;
  lost: number;
  arrived: number;
}

/** Reads a dump given as bytes; `pieceBytes` says how it is cut. */
export async function readDump(
  dump: Buffer,
  format: FormatName | 'auto' = 'auto',
  pieceBytes = 65_536,
): Promise<ReadFile> {
  // eslint-disable-next-line @typescript-eslint/require-await -- the import takes what is asynchronous
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < dump.length; start += pieceBytes)
      yield dump.subarray(start, start + pieceBytes);
  }
  return readRecording(pieces(), { format, spoolPath: join(tmpdir(), `import-test-${process.pid}.tsv`) });
}

/** An rtcstats dump of these lines. */
export function toDump(entries: readonly unknown[]): Buffer {
  return Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

/** When the connections of hand-written dumps are made. */
export const AT = 1_700_000_000_000;

/** An rtcstats dump of one reading of these reports, a second after the connection was made. */
export function oneReading(reports: Record<string, object>): Buffer {
  return toDump([
    ['create', 'PC_0', {}, AT],
    ['getstats', 'PC_0', { ...reports, timestamp: AT + 1000 }, AT + 1000],
  ]);
}

/** Ticks as they are kept, without the connection's index and the end. */
export function tickTexts(file: ReadFile): string[] {
  return tickLines(file).map((line) => line.split('\t').slice(2).join(' '));
}

/** The ticks of a file as they are kept, one a line; only those in memory. */
export function tickLines(file: ReadFile): string[] {
  return Buffer.from(file.ticks.bytes).toString('utf8').split('\n').slice(0, -1);
}

/**
 * Sums of ticks by `connection media direction`, where the connection bears the name that the dump gives it.
 */
export function sumTicks(file: ReadFile): Map<string, Sums> {
  const names = new Map(
    file.presences.flatMap(({ connections }) =>
      connections.map(({ index, id }) => [index, id.slice(id.indexOf('/') + 1)] as const),
    ),
  );
  const sums = new Map<string, Sums>();
  for (const line of tickLines(file)) {
    const [index, , media, direction, , , bytes, packets, lost, arrived] = line.split('\t');
    const key = `${names.get(Number(index)) ?? '?'} ${media ?? ''} ${direction ?? ''}`;
    const sum = sums.get(key) ?? { bytes: 0, packets: 0, lost: 0, arrived: 0 };
    sum.bytes += Number(bytes);
    sum.packets += Number(packets);
    sum.lost += Number(lost);
    sum.arrived += Number(arrived);
    sums.set(key, sum);
  }
  return sums;
}

export function toPlainObject<Value>(map: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const SAMPLES = new URL('../../../../shared/samples/', import.meta.url).pathname;

/** The path of a sample dump, or the reason why a test that needs it is skipped. */
export function findSample(name: string): { path: string; skip: false } | { path: null; skip: string } {
  const path = join(SAMPLES, name);
  return existsSync(path)
    ? { path, skip: false }
    : { path: null, skip: `sample dump ${name} is not there: it lies outside of the repository` };
}
