// When a stream's schedule fires. A Temporal schedule has one set of grids from now on, but a stream changes
// its grid at a future border. Until then the schedule fires on both grids. Each run decides by the revision
// in force whether an interval ends at its nominal time. Otherwise the fire is a stray one: its run exports
// nothing and removes outdated grids from the schedule.
import { isBorder } from './interval.ts';
import type { Grid } from './interval.ts';
import { settingsAt } from './stream.ts';
import type { StreamDefinition } from './stream.ts';

export interface Firing {
  grids: Grid[];
  jitterSeconds: number;
  /** Earlier nominal times are left out; null when there is no such limit. Inclusive. */
  notBeforeMs: number | null;
  /** Later nominal times are left out. Inclusive. */
  notAfterMs: number | null;
}

/**
 * The default jitter, so that a thousand streams do not all fire on the hour. It is never more than a tenth
 * of the interval.
 */
const JITTER_SECONDS_DEFAULT = 10;

/** The largest jitter that can be requested. A run that starts when the next one is due is late. */
export const JITTER_SECONDS_MAX = 3_600;

/** The firing at `nowMs` and later: the grid in force then, and those of all future revisions. */
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
    // The interval that ends where the stream begins does not belong to it.
    notBeforeMs: stream.fromMs > nowMs ? stream.fromMs + 1000 : null,
    notAfterMs: stream.untilMs,
  };
}

/**
 * The requested jitter, or a tenth of the interval up to ten seconds. It is never more than half an interval.
 */
export function jitterSecondsOf(
  { jitterSeconds }: Pick<StreamDefinition, 'jitterSeconds'>,
  grid: Grid,
): number {
  const asked = jitterSeconds ?? Math.min(JITTER_SECONDS_DEFAULT, Math.floor(grid.everySeconds / 10));
  return Math.min(asked, Math.floor(grid.everySeconds / 2));
}

/**
 * A fire at a border of another revision where no interval ends. A fire on no grid is a person's trigger, and
 * is not stray.
 */
export function isStrayFire(stream: StreamDefinition, nominalMs: number): boolean {
  // The interval that ends there is made under the settings of its start.
  if (isBorder(nominalMs, settingsAt(stream, nominalMs - 1))) return false;
  return stream.revisions.some(({ settings }) => isBorder(nominalMs, settings));
}

export function isSameGrid(a: Grid, b: Grid): boolean {
  return a.everySeconds === b.everySeconds && a.offsetSeconds === b.offsetSeconds;
}
