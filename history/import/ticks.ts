// Turns successive readings of a connection's streams into ticks: what changed since the reading before, one tick for each
// medium and direction, concurrent streams summed. Knows when a tick begins and ends; what a stream did stands in
// stream-counters.ts, how streams are summed in sum-ticks.ts. Pure; knows nothing of formats, rooms or ClickHouse.
import { changeOf, fromNothing, hasBegunAnew } from './stream-counters.ts';
import type { StreamChange, StreamCounters } from './stream-counters.ts';
import type { StreamReading } from './stream-reading.ts';
import { addTicks, sumUp } from './sum-ticks.ts';
import type { Tick } from './sum-ticks.ts';

/** Longer than this between two readings: the machine slept or the clock was set, and the time between is not covered. */
const TICK_MS_MAX = 24 * 3600 * 1000;

/** When the connection could first carry media, as far as the record tells. */
export interface Opening {
  /** The connection was opened within the record: its counters began from nothing. */
  isInRecord: boolean;
  /** Null also when the time told cannot be. */
  atMs: number | null;
}

export class ConnectionTicks {
  readonly #counters = new Map<string, StreamCounters>();
  #lastEndMs: number | null = null;
  /** Ticks of the last reading, held back: a reading that is not later is added to them. */
  #held: Tick[] = [];
  /** Streams that ran before the record began, by an unknown time: what they had counted by then is left out. */
  streamsJoinedLate = 0;
  startMs: number | null = null;

  /**
   * Adds one reading of all streams, taken at `endMs`. Returns the ticks that are final now: those of the reading before.
   */
  add(endMs: number, readings: readonly StreamReading[], opening: Opening): Tick[] {
    const end = Math.round(endMs);
    const startMs = this.#lastEndMs ?? beginningOf(end, readings, opening);
    if (this.#lastEndMs === null && startMs === null) {
      for (const reading of readings) this.#skip(reading);
      this.streamsJoinedLate += readings.length;
      this.#lastEndMs = this.startMs = end;
      return [];
    }
    if (this.#lastEndMs === null) this.startMs = startMs;
    const gone = end - (startMs ?? end);
    const changes = readings.map((reading) => this.#count(reading));
    const isLater = this.#lastEndMs === null || end > this.#lastEndMs;
    if (!isLater) {
      this.#held = addTicks(this.#held, sumUp(changes, this.#lastEndMs ?? end, 1));
      return [];
    }
    const final = this.#held;
    this.#held = sumUp(changes, end, gone > TICK_MS_MAX || gone < 1 ? 1 : gone);
    this.#lastEndMs = end;
    return final;
  }

  /** The ticks still held back; the connection is over. */
  finish(): Tick[] {
    const final = this.#held;
    this.#held = [];
    return final;
  }

  get lastEndMs(): number | null {
    return this.#lastEndMs;
  }

  #skip(reading: StreamReading): void {
    const counters = fromNothing();
    this.#counters.set(reading.key, counters);
    changeOf(reading, counters);
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

/** When the first tick began: the opening, or the age of the oldest stream by its own count; null when counters are older than that. */
function beginningOf(endMs: number, readings: readonly StreamReading[], opening: Opening): number | null {
  if (opening.atMs !== null) return Math.min(Math.round(opening.atMs), endMs - 1);
  const ages = readings.flatMap((reading) => (reading.ageMs === null ? [] : [reading.ageMs]));
  if (ages.length > 0) return endMs - Math.max(...ages);
  return opening.isInRecord ? endMs - 1 : null;
}
