// When a stream's schedule fires. A Temporal schedule knows one set of grids from now on, and a stream
// changes its grid at a border to come: until then the schedule fires on both, and each run decides by the
// revision in force whether an interval ends at its nominal time. Where none does, the fire is a stray one:
// its run does nothing, and takes grids out of the schedule that are no longer wanted.
import { isBorder } from './interval.ts';
import type { Grid } from './interval.ts';
import { settingsAt } from './stream.ts';
import type { StreamDefinition } from './stream.ts';

export interface Firing {
  grids: Grid[];
  jitterSeconds: number;
  /** Earlier nominal times are left out; null: there are none. Inclusive. */
  notBeforeMs: number | null;
  /** Later nominal times are left out. Inclusive. */
  notAfterMs: number | null;
}

/** A thousand streams do not all fire at the full hour; never more than a tenth of the interval. */
const JITTER_SECONDS_DEFAULT = 10;

/** Of a jitter that was asked for: a run that starts when the next one is due is late, not spread. */
export const JITTER_SECONDS_MAX = 3_600;

/** Of the fires at `nowMs` and later: the grid in force then, and those of all revisions to come. */
export function firingOf(stream: StreamDefinition, nowMs: number): Firing {
  const grids: Grid[] = [];
  const toCome = stream.revisions.filter(({ fromMs }) => fromMs > nowMs).map(({ settings }) => settings);
  for (const { everySeconds, offsetSeconds } of [settingsAt(stream, nowMs), ...toCome]) {
    const grid = { everySeconds, offsetSeconds };
    if (!grids.some((other) => isSameGrid(other, grid))) grids.push(grid);
  }
  return {
    grids,
    jitterSeconds: Math.min(...grids.map((grid) => jitterSecondsOf(stream, grid))),
    // The interval that ends where the stream begins is not its own.
    notBeforeMs: stream.fromMs > nowMs ? stream.fromMs + 1000 : null,
    notAfterMs: stream.untilMs,
  };
}

/**
 * What the stream asks for, or a tenth of the interval, ten seconds at most; never more than half an
 * interval.
 */
export function jitterSecondsOf(
  { jitterSeconds }: Pick<StreamDefinition, 'jitterSeconds'>,
  grid: Grid,
): number {
  const asked = jitterSeconds ?? Math.min(JITTER_SECONDS_DEFAULT, Math.floor(grid.everySeconds / 10));
  return Math.min(asked, Math.floor(grid.everySeconds / 2));
}

/**
 * A fire at a border of another revision where no interval ends. A fire on no grid at all is a person's
 * trigger, and no stray one.
 */
export function isStrayFire(stream: StreamDefinition, nominalMs: number): boolean {
  // The interval that ends there began before.
  if (isBorder(nominalMs, settingsAt(stream, nominalMs - 1))) return false;
  return stream.revisions.some(({ settings }) => isBorder(nominalMs, settings));
}

export function isSameGrid(a: Grid, b: Grid): boolean {
  return a.everySeconds === b.everySeconds && a.offsetSeconds === b.offsetSeconds;
}
