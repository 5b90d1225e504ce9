// How often a connection is usually read, and from which gap on the time between two readings says nothing:
// the machine slept, the page was frozen, or the recorder stopped. Pure; knows readings by their times only.

/** However often a connection is read, a gap up to this is one in which it may have been read late. */
export const GAP_MS_MIN = 30_000;
/** Of usual ticks: two readings may be missing. */
const USUAL_TICKS_MAX = 3;
/** Longer than this no recorder waits. */
const GAP_MS_MAX = 24 * 3600 * 1000;
/** So many intervals tell what is usual. */
const INTERVALS_MAX = 1000;

export class UsualTick {
  readonly #intervalsMs: number[] = [];

  add(intervalMs: number): void {
    if (this.#intervalsMs.length < INTERVALS_MAX) this.#intervalsMs.push(intervalMs);
  }

  /** The median interval, of two in the middle the shorter; null before the second reading. */
  usualMs(): number | null {
    const sorted = [...this.#intervalsMs].sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
  }

  /** The longest time between two readings that a tick covers: three usual ticks, at least 30 s. */
  gapMsMax(): number {
    const usualMs = this.usualMs();
    if (usualMs === null) return GAP_MS_MAX;
    return Math.min(GAP_MS_MAX, Math.max(GAP_MS_MIN, USUAL_TICKS_MAX * usualMs));
  }
}
