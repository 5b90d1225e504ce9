// What a stream is behind by: counted from its newest complete interval, which the store names, over the
// intervals that it should have made since. Pure; shared by the command line, which shows it, and by the
// watch, which tells others.
import type { Interval } from '../model/interval.ts';
import type { LatestPointer } from '../model/manifest.ts';
import { isWanted, nextEndAfter, settingsAt, settingsEndingAt, skippedAround } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** A stream that is behind by less is not worth waking anybody for. */
const LATE_SECONDS_MIN = 30 * 60;

/** Of the interval's length: the second one in a row that is not there. */
const LATE_INTERVALS = 2;

/** More are not counted: whoever misses a thousand intervals knows enough. */
export const MISSING_MAX = 1_000;

/** What the store says of a stream. */
export interface FoundLatest {
  /** Null when no interval was completed yet, or when there is a problem. */
  latest: LatestPointer | null;
  /** Why the store could not be asked. */
  problem: string | null;
}

export interface Lateness {
  /**
   * Settled intervals without a manifest since the last complete one, at most MISSING_MAX. One of them may be
   * under way.
   */
  missing: number;
  /** The oldest of them; null when none is missing. */
  oldest: Interval | null;
  /** How long the oldest one is overdue: since its end and the settling. 0 when none is missing. */
  lagSeconds: number;
  /** max(2 · every, 30 min): who lags by more is late. */
  limitSeconds: number;
  isLate: boolean;
}

/** `lastEndMs`: end of the newest complete interval; null when there is none. */
export function latenessOf(stream: StreamDefinition, lastEndMs: number | null, nowMs: number): Lateness {
  const missing = missingIntervals(stream, lastEndMs, { nowMs, countMax: MISSING_MAX });
  const [oldest] = missing;
  const { everySeconds, settleSeconds } = settingsAt(stream, oldest?.startMs ?? nowMs);
  const limitSeconds = Math.max(LATE_INTERVALS * everySeconds, LATE_SECONDS_MIN);
  const lagSeconds = oldest === undefined ? 0 : Math.floor((nowMs - oldest.endMs) / 1000) - settleSeconds;
  return {
    missing: missing.length,
    oldest: oldest ?? null,
    lagSeconds,
    limitSeconds,
    isLate: lagSeconds > limitSeconds,
  };
}

/**
 * The wanted intervals after the newest complete one that are over and settled, the oldest first, at most
 * `countMax`.
 */
export function missingIntervals(
  stream: StreamDefinition,
  lastEndMs: number | null,
  { nowMs, countMax }: { nowMs: number; countMax: number },
): Interval[] {
  const intervals: Interval[] = [];
  for (let atMs = lastEndMs ?? stream.fromMs; intervals.length < countMax;) {
    const endMs = nextEndAfter(stream, atMs);
    if (endMs === null) break;
    const { interval, settings } = settingsEndingAt(stream, endMs);
    if (endMs + settings.settleSeconds * 1000 > nowMs) break;
    if (isWanted(stream, interval)) intervals.push(interval);
    // Nobody walks through a year that is left out.
    atMs = Math.max(endMs, skippedAround(stream, interval)?.endMs ?? endMs);
  }
  return intervals;
}

/**
 * Where the newest interval of a stream may lie: under the settings of today, or, after a move, where it was
 * before.
 */
export function destinationsOf({ revisions }: StreamDefinition): string[] {
  return [...new Set(revisions.toReversed().map(({ settings }) => settings.destination))];
}
