// Turns successive readings of a connection's streams into ticks: what changed since the reading before, one tick for each
// medium and direction, concurrent streams summed. The arithmetic of counters lives here and nowhere else: a counter that
// falls begins anew, losses are signed, a round trip counts once. Pure; knows nothing of formats, rooms or ClickHouse.
import type { Direction, Media, RemoteReading, StreamReading } from './stream-reading.ts';

/** A row of media_samples without the columns that say whose it is. */
export interface Tick {
  media: Media;
  direction: Direction;
  codec: string;
  endMs: number;
  lengthMs: number;
  bytes: number;
  packets: number;
  lost: number;
  arrived: number;
  jitterUs: number | null;
  rttUsSum: number;
  rttCount: number;
  rttUsMax: number;
  pixels: number;
  frames: number;
  width: number;
  height: number;
  freezes: number;
}

/** Counters as they stood when they were last counted. */
interface StreamCounters {
  bytes: number;
  packets: number;
  lost: number;
  frames: number;
  freezes: number;
  remoteLost: number;
  arrived: number;
  rttTotalUs: number;
  rttCount: number;
  remote: RemoteReading | null;
}

/** What a stream did in one tick, with the size of its picture. */
interface StreamChange {
  reading: StreamReading;
  bytes: number;
  packets: number;
  lost: number;
  arrived: number;
  jitterUs: number | null;
  rttUsSum: number;
  rttCount: number;
  rttUsMax: number;
  frames: number;
  freezes: number;
}

const UINT16_MAX = 65_535;
const UINT32_MAX = 4_294_967_295;

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
    if (
      counters === undefined ||
      fell(reading.bytes, counters.bytes) ||
      fell(reading.packets, counters.packets)
    ) {
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

function fromNothing(): StreamCounters {
  return {
    bytes: 0,
    packets: 0,
    lost: 0,
    frames: 0,
    freezes: 0,
    remoteLost: 0,
    arrived: 0,
    rttTotalUs: 0,
    rttCount: 0,
    remote: null,
  };
}

function fell(now: number | null, before: number): boolean {
  return now !== null && now < before;
}

/** Differences to the counters, which are moved on. */
function changeOf(reading: StreamReading, counters: StreamCounters): StreamChange {
  const packets = moveOn(counters, 'packets', reading.packets);
  const change: StreamChange = {
    reading,
    bytes: moveOn(counters, 'bytes', reading.bytes),
    packets,
    lost: moveOn(counters, 'lost', reading.lost),
    arrived: reading.direction === 'recv' ? packets : 0,
    // A stream that brought no packet in this tick repeats its last jitter.
    jitterUs: packets > 0 ? reading.jitterUs : null,
    rttUsSum: 0,
    rttCount: 0,
    rttUsMax: 0,
    frames: moveOnOrRestart(counters, 'frames', reading.frames),
    freezes: moveOnOrRestart(counters, 'freezes', reading.freezes),
  };
  const { remote } = reading;
  if (reading.direction === 'send' && remote !== null && isNewReport(remote, counters.remote)) {
    addRemote(change, remote, counters);
  }
  return change;
}

function moveOn(
  counters: StreamCounters,
  name: 'bytes' | 'packets' | 'lost' | 'remoteLost',
  now: number | null,
): number {
  if (now === null) return 0;
  const change = now - counters[name];
  counters[name] = now;
  return change;
}

/** Frames are counted by another part of the browser than packets, and begin anew on their own. */
function moveOnOrRestart(
  counters: StreamCounters,
  name: 'frames' | 'freezes' | 'rttCount' | 'rttTotalUs',
  now: number | null,
): number {
  if (now === null) return 0;
  const change = now < counters[name] ? now : now - counters[name];
  counters[name] = now;
  return change;
}

function isNewReport(now: RemoteReading, before: RemoteReading | null): boolean {
  return (
    before === null ||
    now.rttCount !== before.rttCount ||
    now.lost !== before.lost ||
    now.packets !== before.packets ||
    (now.arrivedAtMs === null
      ? now.jitterUs !== before.jitterUs || now.rttUs !== before.rttUs
      : now.arrivedAtMs !== before.arrivedAtMs)
  );
}

function addRemote(change: StreamChange, remote: RemoteReading, counters: StreamCounters): void {
  change.lost = moveOn(counters, 'remoteLost', remote.lost);
  change.jitterUs = remote.jitterUs;
  addRoundTrips(change, remote, counters);
  counters.remote = remote;
  const arrived = remote.packets ?? (remote.lost === null ? null : counters.packets - remote.lost);
  if (arrived === null || arrived <= counters.arrived) return;
  change.arrived = arrived - counters.arrived;
  counters.arrived = arrived;
}

/** By the browser's own sum and count where it has them, else one round trip for each new report of it. */
function addRoundTrips(change: StreamChange, remote: RemoteReading, counters: StreamCounters): void {
  if (remote.rttCount !== null && remote.rttTotalUs !== null) {
    change.rttCount = moveOnOrRestart(counters, 'rttCount', remote.rttCount);
    change.rttUsSum = moveOnOrRestart(counters, 'rttTotalUs', remote.rttTotalUs);
    if (change.rttCount === 0) change.rttUsSum = 0;
    else change.rttUsMax = remote.rttUs ?? Math.round(change.rttUsSum / change.rttCount);
    return;
  }
  const isNewRoundTrip =
    remote.rttUs !== null && (remote.arrivedAtMs !== null || remote.rttUs !== counters.remote?.rttUs);
  if (!isNewRoundTrip || remote.rttUs === null) return;
  change.rttCount = 1;
  change.rttUsSum = change.rttUsMax = remote.rttUs;
}

/** One tick for each medium and direction that has a stream. */
function sumUp(changes: readonly StreamChange[], endMs: number, lengthMs: number): Tick[] {
  const groups = new Map<string, StreamChange[]>();
  for (const change of changes) {
    const key = `${change.reading.media} ${change.reading.direction}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
  }
  return [...groups.values()].map((group) => sumGroup(group, endMs, lengthMs));
}

function sumGroup(group: readonly StreamChange[], endMs: number, lengthMs: number): Tick {
  const [first] = group;
  if (first === undefined) throw new Error('a tick needs a stream');
  const { media, direction } = first.reading;
  const tick: Tick = {
    media,
    direction,
    codec: mostUsedCodec(group),
    endMs,
    lengthMs: Math.min(lengthMs, UINT32_MAX),
    bytes: 0,
    packets: 0,
    lost: 0,
    arrived: 0,
    jitterUs: meanJitter(group),
    rttUsSum: 0,
    rttCount: 0,
    rttUsMax: 0,
    pixels: 0,
    frames: 0,
    width: 0,
    height: 0,
    freezes: 0,
  };
  for (const change of group) {
    tick.bytes += change.bytes;
    tick.packets += change.packets;
    tick.lost += change.lost;
    tick.arrived += change.arrived;
    tick.rttUsSum += change.rttUsSum;
    tick.rttCount = Math.min(UINT32_MAX, tick.rttCount + change.rttCount);
    tick.rttUsMax = Math.min(UINT32_MAX, Math.max(tick.rttUsMax, change.rttUsMax));
    tick.freezes = Math.min(UINT32_MAX, tick.freezes + change.freezes);
  }
  if (media === 'video') addPictures(tick, group);
  return tick;
}

/** Pictures of all tracks together; of a track sent in several sizes at once the largest that is running. */
function addPictures(tick: Tick, group: readonly StreamChange[]): void {
  const largest = new Map<string, StreamChange>();
  for (const change of group) {
    const known = largest.get(change.reading.track);
    if (known === undefined || isLarger(change, known)) largest.set(change.reading.track, change);
  }
  let widestPixels = 0;
  for (const change of largest.values()) {
    const width = Math.min(change.reading.width ?? 0, UINT16_MAX);
    const height = Math.min(change.reading.height ?? 0, UINT16_MAX);
    tick.pixels = Math.min(UINT32_MAX, tick.pixels + width * height);
    tick.frames = Math.min(UINT32_MAX, tick.frames + change.frames);
    if (width * height <= widestPixels) continue;
    widestPixels = width * height;
    tick.width = width;
    tick.height = height;
  }
}

function isLarger(change: StreamChange, known: StreamChange): boolean {
  const runs = Number(change.frames > 0) - Number(known.frames > 0);
  if (runs !== 0) return runs > 0;
  const pixels = ({ reading }: StreamChange): number => (reading.width ?? 0) * (reading.height ?? 0);
  return pixels(change) > pixels(known);
}

function mostUsedCodec(group: readonly StreamChange[]): string {
  const packets = new Map<string, number>();
  for (const { reading, packets: count } of group) {
    if (reading.codec !== null) packets.set(reading.codec, (packets.get(reading.codec) ?? 0) + count);
  }
  const ranked = [...packets].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return ranked[0]?.[0] ?? '';
}

function meanJitter(group: readonly StreamChange[]): number | null {
  let sum = 0;
  let count = 0;
  for (const { jitterUs } of group) {
    if (jitterUs === null) continue;
    sum += jitterUs;
    count += 1;
  }
  return count === 0 ? null : Math.min(UINT32_MAX, Math.round(sum / count));
}

/** Adds ticks to others of the same end, where two readings fell into one millisecond. */
function addTicks(held: readonly Tick[], more: readonly Tick[]): Tick[] {
  const sums = new Map(held.map((tick) => [`${tick.media} ${tick.direction}`, { ...tick }]));
  for (const tick of more) {
    const key = `${tick.media} ${tick.direction}`;
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { ...tick });
      continue;
    }
    sum.bytes += tick.bytes;
    sum.packets += tick.packets;
    sum.lost += tick.lost;
    sum.arrived += tick.arrived;
    sum.jitterUs = tick.jitterUs ?? sum.jitterUs;
    sum.rttUsSum += tick.rttUsSum;
    sum.rttCount += tick.rttCount;
    sum.rttUsMax = Math.max(sum.rttUsMax, tick.rttUsMax);
    sum.frames += tick.frames;
    sum.freezes += tick.freezes;
    sum.codec = sum.codec === '' ? tick.codec : sum.codec;
  }
  return [...sums.values()];
}
