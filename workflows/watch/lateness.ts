// Computes how late a stream is: the intervals that it should have exported since its newest complete one,
// which the store names. Pure; used by the command line to show it and by the watch to report it.
import type { Interval } from '../model/interval.ts';
import type { LatestPointer } from '../model/manifest.ts';
import { isWanted, nextEndAfter, settingsAt, settingsEndingAt, skippedAround } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** A smaller lag is not worth alerting anybody. */
const LATE_SECONDS_MIN = 30 * 60;

/** In interval lengths: a stream is late when the second interval in a row is missing. */
const LATE_INTERVALS = 2;

/** Counting stops here, because a larger number says nothing new. */
export const MISSING_MAX = 1_000;

/** The store's answer for a stream. */
export interface FoundLatest {
  /** Null when no interval has been completed yet, or when there is a problem. */
  latest: LatestPointer | null;
  /** Why the store could not be read. */
  problem: string | null;
}

export interface Lateness {
  /**
   * Settled intervals without a manifest since the last complete one, at most MISSING_MAX. The run of one of
   * them may be in progress.
   */
  missing: number;
  /** The oldest of them; null when none is missing. */
  oldest: Interval | null;
  /**
   * How long the oldest one is overdue, counted from its end plus the settle time. 0 when none is missing.
   */
  lagSeconds: number;
  /** max(2 · every, 30 min): a stream with a larger lag is late. */
  limitSeconds: number;
  isLate: boolean;
}

/** @param lastEndMs the end of the newest complete interval; null when there is none */
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
 * The wanted intervals after the newest complete one that have ended and settled, at most `countMax`, the
 * oldest first.
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
    // Jumps over a skipped range, which may be a year long.
    atMs = Math.max(endMs, skippedAround(stream, interval)?.endMs ?? endMs);
  }
  return intervals;
}

/**
 * The destinations that may hold the newest interval: the one in force today and, after a move, earlier ones.
 */
export function destinationsOf({ revisions }: StreamDefinition): string[] {
  return [...new Set(revisions.toReversed().map(({ settings }) => settings.destination))];
}
