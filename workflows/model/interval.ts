// Intervals: half-open [start, end) in UTC, whole seconds, aligned to the epoch plus the stream's offset by
// its length. Pure arithmetic on epoch milliseconds; never reads a clock. Schedules, backfills, audits and
// keys all depend on this file.

/** Half-open: `startMs` belongs to the interval, `endMs` does not. Epoch milliseconds, whole seconds. */
export interface Interval {
  startMs: number;
  endMs: number;
}

/** The grid of a stream: its borders are at `offsetSeconds + n · everySeconds` since the epoch. */
export interface Grid {
  everySeconds: number;
  offsetSeconds: number;
}

/** The interval of the grid that contains `atMs`. */
export function intervalContaining(atMs: number, grid: Grid): Interval {
  const everyMs = grid.everySeconds * 1000;
  const offsetMs = grid.offsetSeconds * 1000;
  const startMs = Math.floor((atMs - offsetMs) / everyMs) * everyMs + offsetMs;
  return { startMs, endMs: startMs + everyMs };
}

/** The newest interval whose end is not after `atMs`. */
export function lastIntervalEndedBy(atMs: number, grid: Grid): Interval {
  const { startMs } = intervalContaining(atMs, grid);
  return { startMs: startMs - grid.everySeconds * 1000, endMs: startMs };
}

/** Whether `atMs` is a border of the grid. */
export function isBorder(atMs: number, grid: Grid): boolean {
  return intervalContaining(atMs, grid).startMs === atMs;
}

/** RFC 3339 in whole seconds with `Z`, as a schedule appends it to a workflow id: `2026-11-23T10:15:00Z`. */
export function toRfc3339(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The compact form used in keys: `20261123T101500Z`. */
export function toCompactTime(atMs: number): string {
  return toRfc3339(atMs).replaceAll(/[-:]/g, '');
}

/** `2026-11-23T10:00:00Z..2026-11-23T10:15:00Z`, for people. */
export function describeInterval(interval: Interval): string {
  return `${toRfc3339(interval.startMs)}..${toRfc3339(interval.endMs)}`;
}

/** The id of the schedule of a stream, and the base from which it makes the ids of its runs. */
export function scheduleIdOf(stream: string): string {
  return `stream:${stream}`;
}

/** The workflow id that a stream's schedule gives its action; the server appends `-<nominal time>`. */
export function runBaseIdOf(stream: string): string {
  return `export:${stream}`;
}

/** The only workflow id under which an interval of a stream is exported, whoever starts the run. */
export function runIdOf(stream: string, interval: Interval): string {
  return `${runBaseIdOf(stream)}-${toRfc3339(interval.endMs)}`;
}
