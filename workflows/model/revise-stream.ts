// Changes a stream over time. A change is a new revision from a border that the old and the new grid share,
// so that intervals cover time without gap or overlap. Intervals that began earlier keep their settings and
// so their keys. Pure; the earliest time of the change is an argument.
import { isSameGrid } from './firing.ts';
import { intervalContaining, isBorder, toRfc3339 } from './interval.ts';
import type { Grid } from './interval.ts';
import { settingsAt } from './stream.ts';
import type { StreamDefinition, StreamRevision, StreamSettings } from './stream.ts';

/** Two unusual grids may share a border only after centuries, which nobody waits for. */
export const AHEAD_MS_MAX = 366 * 86_400_000;

const MINUTE_SECONDS = 60;

export interface Revising {
  changes: Partial<StreamSettings>;
  /**
   * The change takes effect at the first border at or after this that both grids share. It is not in the
   * past, because runs of intervals that have begun may be in progress.
   */
  atMs: number;
  /**
   * The change replaces future revisions. Otherwise a change of the grid before one of them is refused, and
   * any other change is also made to them.
   */
  dropsPlanned: boolean;
}

export type Revised =
  | {
      stream: StreamDefinition;
      /** The start of the first interval that differs; null when nothing changes. */
      fromMs: number | null;
    }
  | { stream: null; problem: string };

export function reviseStream(stream: StreamDefinition, revising: Revising): Revised {
  const { changes, atMs, dropsPlanned } = revising;
  const kept = stream.revisions.filter(({ fromMs }, index) => index === 0 || fromMs < atMs);
  const planned = stream.revisions.slice(kept.length);
  const old = lastOf(kept).settings;
  const first = dropsPlanned ? undefined : planned[0];
  if (first === undefined)
    return withRevision(stream, { kept, planned: [], old, changed: { ...old, ...changes }, atMs });
  const changed = { ...first.settings, ...changes };
  if (
    isSameGrid(changed, first.settings) &&
    planned.every(({ settings }) => isSameGrid({ ...settings, ...changes }, settings))
  ) {
    const later = planned.map(({ fromMs, settings }) => ({ fromMs, settings: { ...settings, ...changes } }));
    const { everySeconds, offsetSeconds } = old;
    const now = { ...old, ...changes, everySeconds, offsetSeconds };
    return withRevision(stream, { kept, planned: later, old, changed: now, atMs });
  }
  // The grid may change at the border where a planned revision changes it.
  if (planned.length === 1 && nextCommonBorder(atMs, old, changed) === first.fromMs)
    return withRevision(stream, { kept, planned: [], old, changed, atMs });
  return {
    stream: null,
    problem: `at: got ${toRfc3339(atMs)}, but another change is to take effect at ${toRfc3339(first.fromMs)}; allowed: a time after the last one planned, ${toRfc3339(lastOf(planned).fromMs + 1000)} or later, or --drop-planned`,
  };
}

interface NewRevision {
  kept: StreamRevision[];
  planned: StreamRevision[];
  old: StreamSettings;
  changed: StreamSettings;
  atMs: number;
}

function withRevision(stream: StreamDefinition, { kept, planned, old, changed, atMs }: NewRevision): Revised {
  const fromMs = nextCommonBorder(atMs, old, changed);
  if (fromMs === null) return { stream: null, problem: neverMeet(old, changed) };
  if (fromMs - atMs > AHEAD_MS_MAX) {
    return {
      stream: null,
      problem: `every, offset: got ${describeGrid(changed)}, whose next border in common with ${describeGrid(old)} is ${toRfc3339(fromMs)}; allowed: grids that meet within a year`,
    };
  }
  if (stream.untilMs !== null && fromMs >= stream.untilMs) {
    return {
      stream: null,
      problem: `at: got ${toRfc3339(atMs)}, after which the next border is ${toRfc3339(fromMs)}; allowed: a change before the stream ends at ${toRfc3339(stream.untilMs)}`,
    };
  }
  const next = planned[0];
  const added = next !== undefined && next.fromMs <= fromMs ? [] : [{ fromMs, settings: changed }];
  const revisions = withoutRepeats([...kept, ...added, ...planned]);
  const revised = { ...stream, revisions };
  const effectMs = [...stream.revisions, ...revisions]
    .map((revision) => revision.fromMs)
    .sort((a, b) => a - b)
    .find((ms) => changedFields(settingsAt(stream, ms), settingsAt(revised, ms)).length > 0);
  return effectMs === undefined ? { stream, fromMs: null } : { stream: revised, fromMs: effectMs };
}

/** The first instant at or after `atMs` that is a border of both grids; null when they share none. */
export function nextCommonBorder(atMs: number, a: Grid, b: Grid): number | null {
  const [fine, coarse] = a.everySeconds < b.everySeconds ? [a, b] : [b, a];
  const { startMs, endMs } = intervalContaining(atMs, coarse);
  const firstMs = startMs === atMs ? startMs : endMs;
  // The borders of the coarse grid fall on the fine one in a pattern that repeats after this many steps.
  const steps = fine.everySeconds / greatestDivisor(fine.everySeconds, coarse.everySeconds);
  for (let step = 0; step < steps; step += 1) {
    const borderMs = firstMs + step * coarse.everySeconds * 1000;
    if (isBorder(borderMs, fine)) return borderMs;
  }
  return null;
}

/** The problems of the revisions themselves. Revisions made by this file have none. */
export function revisionProblems({ revisions }: StreamDefinition): string[] {
  const problems: string[] = [];
  for (const [index, { fromMs, settings }] of revisions.entries()) {
    const before = revisions[index - 1];
    if (before === undefined) continue;
    if (fromMs <= before.fromMs)
      problems.push(
        `revisions: got ${toRfc3339(fromMs)} after ${toRfc3339(before.fromMs)}, allowed: each later than the one before`,
      );
    if (!isBorder(fromMs, settings) || !isBorder(fromMs, before.settings))
      problems.push(
        `revisions: got a change at ${toRfc3339(fromMs)} from ${describeGrid(before.settings)} to ${describeGrid(settings)}, allowed: a border of both`,
      );
  }
  return problems;
}

/** The fields in which two settings differ. */
export function changedFields(was: StreamSettings, is: StreamSettings): (keyof StreamSettings)[] {
  return (Object.keys(is) as (keyof StreamSettings)[]).filter((field) => was[field] !== is[field]);
}

/** The stream's settings after all planned revisions have taken effect. */
export function lastSettings(stream: StreamDefinition): StreamSettings {
  return lastOf(stream.revisions).settings;
}

/** Revisions that take effect after `nowMs`. */
export function plannedRevisions(stream: StreamDefinition, nowMs: number): StreamRevision[] {
  return stream.revisions.filter(({ fromMs }, index) => index > 0 && fromMs > nowMs);
}

function withoutRepeats(revisions: readonly StreamRevision[]): StreamRevision[] {
  const kept: StreamRevision[] = [];
  for (const revision of revisions) {
    const before = kept.at(-1);
    if (before === undefined || changedFields(before.settings, revision.settings).length > 0)
      kept.push(revision);
  }
  return kept;
}

function neverMeet(old: Grid, changed: Grid): string {
  const apart = Math.abs(old.offsetSeconds - changed.offsetSeconds);
  const step = greatestDivisor(greatestDivisor(old.everySeconds, changed.everySeconds), apart);
  const way =
    step < MINUTE_SECONDS
      ? ''
      : `; or go there by way of every ${step} s offset ${old.offsetSeconds % step} s, which has the borders of both`;
  const divisor = greatestDivisor(old.everySeconds, changed.everySeconds);
  return `every, offset: got ${describeGrid(changed)}, which has no border in common with ${describeGrid(old)}; allowed: offsets that differ by a multiple of ${divisor} s${way}`;
}

function describeGrid({ everySeconds, offsetSeconds }: Grid): string {
  return `every ${everySeconds} s${offsetSeconds === 0 ? '' : ` offset ${offsetSeconds} s`}`;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function lastOf(revisions: readonly StreamRevision[]): StreamRevision {
  const last = revisions.at(-1);
  if (last === undefined) throw new RangeError('a stream without revisions');
  return last;
}
