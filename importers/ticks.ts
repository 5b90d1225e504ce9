// Turns successive readings of a connection's streams into ticks: what changed since the reading before, one
// tick for each medium and direction, concurrent streams summed. Knows which time a tick covers; what a
// stream did stands in stream-counters.ts, how streams are summed in sum-ticks.ts. Pure; knows nothing of
// formats, rooms or ClickHouse.
import { changeOf, fromFirstReading, fromNothing, hasBegunAnew } from './stream-counters.ts';
import type { StreamChange, StreamCounters } from './stream-counters.ts';
import type { StreamReading } from './stream-reading.ts';
import { addTick, groupChanges, sumGroup } from './sum-ticks.ts';
import type { ChangeGroup, FrameRest, Tick } from './sum-ticks.ts';
import { GAP_MS_MIN, UsualTick } from './usual-tick.ts';

/** A stream that is missing from so many readings was overlooked; missing from more, it was stopped. */
const READINGS_MISSED_MAX = 2;
/** A stream's first tick that is longer than so many of the one after it began before the stream did. */
const FIRST_TICKS_MAX = 3;
/** Ticks that wait for what is usual; a recorder that reads once a minute has this many in half a day. */
const WAITING_MAX = 4096;

/** When the connection could first carry media, as far as the record tells. */
export interface Opening {
  /** The connection was opened within the record: its counters began from nothing. */
  isInRecord: boolean;
  /** Null also when the time told cannot be. */
  atMs: number | null;
}

/** A medium and direction of the connection. */
interface Track {
  lastEndMs: number;
  /** Number of the reading that had it last. */
  lastReading: number;
  rest: FrameRest;
  /** Its first tick, until the one after it tells how long that was. */
  first: HeldTick | null;
}

interface FirstTick {
  /** How old the stream is by its own count. */
  ageMs: number | null;
  /** The gap is that age: nothing else tells when the stream began. */
  isGapAge: boolean;
  /** The tick after it. */
  next: { packets: number; ms: number } | null;
}

/** A tick that is not final yet. */
interface HeldTick {
  tick: Tick;
  /** Since the reading before. Longer than a reading is ever late, it counts only where that is usual. */
  gapMs: number;
  /**
   * Not null for the first tick of a stream, while it may be found to have begun later than the reading
   * before.
   */
  first: FirstTick | null;
}

export class ConnectionTicks {
  readonly #counters = new Map<string, StreamCounters>();
  readonly #tracks = new Map<string, Track>();
  readonly #usual = new UsualTick();
  #readings = 0;
  #lastReadingMs: number | null = null;
  #lastEndMs: number | null = null;
  /** Ticks of the last reading, held back: a reading that is not later is added to them. */
  #held = new Map<string, HeldTick>();
  #waiting: HeldTick[] = [];
  /**
   * Streams that ran before the record began, by an unknown time: what they had counted by then is left out.
   */
  streamsJoinedLate = 0;
  /** Since when the connection is connected, as far as the record says. */
  startMs: number | null = null;

  /**
   * Adds one reading of all streams, taken at `endMs`; one without streams tells that there was nothing yet,
   * or nothing any more. Returns ticks that are final now.
   */
  add(endMs: number, readings: readonly StreamReading[], opening: Opening): Tick[] {
    const end = Math.round(endMs);
    const before = this.#lastReadingMs;
    const isLater = before === null || end > before;
    if (isLater) this.#countReading(end, before);
    if (this.#lastEndMs !== null) return this.#addLater(end, isLater ? before : null, readings);
    if (readings.length === 0) return [];
    this.#lastEndMs = end;
    if (before === null && opening.atMs === null && !opening.isInRecord && oldestAge(readings) === null) {
      this.#joinLate(end, readings);
      return [];
    }
    this.#beginAt(end, before, opening);
    const gapMs = before === null ? this.#firstGap(end, readings, opening) : Math.max(1, end - before);
    const ageMs = oldestAge(readings);
    const isGapAge = before === null && opening.atMs === null && ageMs !== null;
    for (const [key, group] of groupChanges(readings.map((reading) => this.#count(reading))))
      this.#hold(key, group, { end, gapMs, first: { ageMs, isGapAge, next: null } });
    return [];
  }

  /** The ticks still held back; the connection is over. */
  finish(): Tick[] {
    const final = this.#release(this.#held);
    this.#held = new Map();
    return [...final, ...this.#settle()];
  }

  /** End of the last reading since there were streams. */
  get lastEndMs(): number | null {
    return this.#lastEndMs;
  }

  #countReading(end: number, before: number | null): void {
    if (before !== null) this.#usual.add(end - before);
    this.#lastReadingMs = end;
    this.#readings += 1;
  }

  /** `before` is null for a reading that is not later than the one before. */
  #addLater(end: number, before: number | null, readings: readonly StreamReading[]): Tick[] {
    const groups = groupChanges(readings.map((reading) => this.#count(reading)));
    if (before === null) {
      for (const [key, group] of groups) this.#addToHeld(key, group);
      return [];
    }
    this.#lastEndMs = end;
    const held = this.#held;
    this.#held = new Map();
    for (const [key, group] of groups) {
      if (group.some(isThere)) this.#holdNext(key, group, { end, before });
      else this.#holdRemainder(key, group, end);
    }
    return this.#release(held);
  }

  /**
   * A tick begins where its medium was read last, or with the reading before where it was not there for long:
   * then it is a first one again.
   */
  #holdNext(key: string, group: ChangeGroup, { end, before }: { end: number; before: number }): void {
    const track = this.#trackOf(key);
    const isAnew = track.lastReading === 0 || this.#readings - track.lastReading - 1 > READINGS_MISSED_MAX;
    if (isAnew)
      this.#hold(key, group, {
        end,
        gapMs: end - before,
        first: { ageMs: null, isGapAge: false, next: null },
      });
    else this.#hold(key, group, { end, gapMs: end - track.lastEndMs, first: null });
  }

  #hold(
    key: string,
    group: ChangeGroup,
    { end, gapMs, first }: Omit<HeldTick, 'tick'> & { end: number },
  ): void {
    const track = this.#trackOf(key);
    const tick = sumGroup(group, { endMs: end, lengthMs: gapMs <= GAP_MS_MIN ? gapMs : 0, rest: track.rest });
    const held = { tick, gapMs, first };
    this.#held.set(key, held);
    if (track.first?.first != null && tick.packets > 0 && tick.lengthMs > 0) {
      track.first.first.next = { packets: tick.packets, ms: tick.lengthMs };
      track.first = null;
    }
    if (first !== null) track.first = held;
    track.lastEndMs = end;
    track.lastReading = this.#readings;
  }

  /** Reports of the far end may come when nothing is sent any more: they count, but no time. */
  #holdRemainder(key: string, group: ChangeGroup, end: number): void {
    const tick = sumGroup(group, { endMs: end, lengthMs: 0, rest: this.#trackOf(key).rest });
    if (tick.lost === 0 && tick.arrived === 0 && tick.rttCount === 0 && tick.freezes === 0) return;
    this.#held.set(key, { tick: withoutPicture(tick), gapMs: 0, first: null });
  }

  #addToHeld(key: string, group: ChangeGroup): void {
    const track = this.#trackOf(key);
    const held = this.#held.get(key);
    const tick = sumGroup(group, { endMs: this.#lastEndMs ?? 0, lengthMs: 1, rest: track.rest });
    if (held === undefined) this.#held.set(key, { tick, gapMs: 1, first: null });
    else addTick(held.tick, tick);
    track.lastEndMs = this.#lastEndMs ?? 0;
    track.lastReading = this.#readings;
  }

  #trackOf(key: string): Track {
    let track = this.#tracks.get(key);
    if (track === undefined) {
      track = { lastEndMs: 0, lastReading: 0, rest: { frames: 0 }, first: null };
      this.#tracks.set(key, track);
    }
    return track;
  }

  /** Ticks of the reading before, as far as their length is known; the others wait. */
  #release(held: ReadonlyMap<string, HeldTick>): Tick[] {
    const final: Tick[] = [];
    for (const one of held.values()) {
      if (one.gapMs <= GAP_MS_MIN) final.push(settled(one, this.#usual));
      else this.#waiting.push(one);
    }
    return this.#waiting.length > WAITING_MAX ? [...final, ...this.#settle()] : final;
  }

  #settle(): Tick[] {
    const final = this.#waiting.map((one) => settled(one, this.#usual));
    this.#waiting = [];
    return final;
  }

  #beginAt(end: number, before: number | null, opening: Opening): void {
    if (opening.atMs !== null) this.startMs = Math.min(Math.round(opening.atMs), end - 1);
    else if (before !== null) this.startMs = before;
    else this.startMs = opening.isInRecord ? end - 1 : end;
  }

  /**
   * Since the opening, or else since the oldest stream began by its own count; infinite where only the
   * opening is known, not its time.
   */
  #firstGap(end: number, readings: readonly StreamReading[], opening: Opening): number {
    if (opening.atMs !== null) return Math.max(1, end - Math.round(opening.atMs));
    return oldestAge(readings) ?? Infinity;
  }

  #joinLate(end: number, readings: readonly StreamReading[]): void {
    for (const reading of readings) {
      const counters = fromFirstReading();
      this.#counters.set(reading.key, counters);
      changeOf(reading, counters);
      const track = this.#trackOf(`${reading.media} ${reading.direction}`);
      track.lastEndMs = end;
      track.lastReading = this.#readings;
    }
    this.streamsJoinedLate += readings.length;
    this.startMs = end;
  }

  #count(reading: StreamReading): StreamChange {
    let counters = this.#counters.get(reading.key);
    if (counters === undefined || hasBegunAnew(reading, counters)) {
      counters = fromNothing();
      this.#counters.set(reading.key, counters);
    }
    return changeOf(reading, counters);
  }
}

/** A stream that is switched off and sent nothing is not there. */
function isThere({ reading, bytes, packets }: StreamChange): boolean {
  return !reading.isOff || bytes > 0 || packets > 0;
}

/** Frames that came in no known time have no rate. */
function withoutPicture(tick: Tick): Tick {
  return { ...tick, lengthMs: 0, pixels: 0 };
}

function settled(held: HeldTick, usual: UsualTick): Tick {
  const { tick, gapMs, first } = held;
  if (first !== null) return { ...tick, lengthMs: Math.max(1, firstLength(held, usual)) };
  if (gapMs <= GAP_MS_MIN) return tick;
  return gapMs <= usual.gapMsMax() ? { ...tick, lengthMs: gapMs } : withoutPicture(tick);
}

/**
 * A stream may have begun long after the reading before, or after the opening. It then ran for as long as its
 * packets took at the pace of the tick after it, and no longer than it says itself: receivers count the
 * silence before the first packet, too.
 */
function firstLength({ tick, gapMs, first }: HeldTick, usual: UsualTick): number {
  const { ageMs = null, isGapAge = false, next = null } = first ?? {};
  if (isGapAge) return gapMs;
  const isLong = next === null ? gapMs > usual.gapMsMax() : gapMs > FIRST_TICKS_MAX * next.ms;
  if (!isLong) return gapMs;
  const paceMs = next === null ? null : Math.round((tick.packets / next.packets) * next.ms);
  const known = [ageMs, paceMs].filter((ms) => ms !== null);
  return known.length === 0 ? Math.min(gapMs, usual.usualMs() ?? 1) : Math.min(gapMs, ...known);
}

function oldestAge(readings: readonly StreamReading[]): number | null {
  let oldest: number | null = null;
  for (const { ageMs } of readings) if (ageMs !== null) oldest = Math.max(oldest ?? 0, ageMs);
  return oldest;
}
