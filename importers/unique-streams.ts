// Keeps one reading of each stream of a call. A stream may be in a call twice: under an old and a new report
// id (after a renegotiation), or in old Chrome's form beside the standard one. Then one of them holds,
// whatever the order in which they are written.
import { readCallTime } from './formats/call-time.ts';
import type { KeptReport } from './report-store.ts';
import type { StreamReading } from './stream-reading.ts';

interface Found {
  reading: StreamReading;
  report: KeptReport;
}

export class UniqueStreams {
  readonly #found = new Map<string, Found>();

  /** Of two reports of one stream the newest holds. */
  add(reading: StreamReading | null, report: KeptReport): void {
    if (reading === null) return;
    const known = this.#found.get(reading.key);
    if (known === undefined || isNewer({ reading, report }, known))
      this.#found.set(reading.key, { reading, report });
  }

  /**
   * The standard form holds where a stream has both; old Chrome's completes it with what it lacks, counters
   * aside.
   */
  addOldForm(reading: StreamReading | null, report: KeptReport): void {
    if (reading === null) return;
    const known = this.#found.get(reading.key)?.reading;
    if (known === undefined) {
      this.#found.set(reading.key, { reading, report });
      return;
    }
    known.width ??= reading.width;
    known.height ??= reading.height;
    known.codec ??= reading.codec;
    known.jitterUs ??= reading.jitterUs;
    known.remote ??= reading.remote;
  }

  all(): StreamReading[] {
    return [...this.#found.values()].map(({ reading }) => reading);
  }
}

/** Mentioned in a later call, or bearing a later time; of two of one time the one that has counted more. */
function isNewer(one: Found, other: Found): boolean {
  if (one.report.seenIn !== other.report.seenIn) return one.report.seenIn > other.report.seenIn;
  const [a, b] = [stampOf(one.report), stampOf(other.report)];
  if (a !== b) return a > b;
  return (one.reading.packets ?? 0) >= (other.reading.packets ?? 0);
}

/** Compressed dumps leave out the time of the call, or write 0 for it. */
function stampOf({ fields: { timestamp } }: KeptReport): number {
  const stamp = readCallTime(timestamp) ?? (typeof timestamp === 'number' ? timestamp : 0);
  return stamp > 0 ? stamp : Infinity;
}
