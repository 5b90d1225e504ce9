// What one RTP stream did between two readings: the arithmetic of counters lives here and nowhere else. A
// counter that falls begins anew, losses are signed, a round trip counts once, a far end's report counts
// once. Pure; knows one stream, no ticks.
import type { RemoteReading, StreamReading } from './stream-reading.ts';

/**
 * Counters as they stood when they were last counted. Null: the first value that is read is where counting
 * begins.
 */
export interface StreamCounters {
  bytes: number | null;
  packets: number | null;
  lost: number | null;
  frames: number | null;
  freezes: number | null;
  remoteLost: number | null;
  arrived: number | null;
  rttTotalUs: number | null;
  rttCount: number | null;
  remote: RemoteReading | null;
}

/** What a stream did in one tick, with the reading that says how its picture is now. */
export interface StreamChange {
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

export function fromNothing(): StreamCounters {
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

/**
 * Of a stream that ran before the record began: what each counter, the far end's among them, shows first had
 * happened by then, also where it shows later than the others.
 */
export function fromFirstReading(): StreamCounters {
  return {
    bytes: null,
    packets: null,
    lost: null,
    frames: null,
    freezes: null,
    remoteLost: null,
    arrived: null,
    rttTotalUs: null,
    rttCount: null,
    remote: null,
  };
}

/**
 * Bytes and packets never fall while a stream lasts: another stream has taken its name. Losses may fall, so
 * they do not tell.
 */
export function hasBegunAnew(reading: StreamReading, counters: StreamCounters): boolean {
  return fell(reading.bytes, counters.bytes) || fell(reading.packets, counters.packets);
}

/** Differences to the counters, which are moved on. */
export function changeOf(reading: StreamReading, counters: StreamCounters): StreamChange {
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

function fell(now: number | null, before: number | null): boolean {
  return now !== null && before !== null && now < before;
}

function moveOn(
  counters: StreamCounters,
  name: 'bytes' | 'packets' | 'lost' | 'remoteLost',
  now: number | null,
): number {
  if (now === null) return 0;
  const change = now - (counters[name] ?? now);
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
  const before = counters[name] ?? now;
  counters[name] = now;
  return now < before ? now : now - before;
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
  const arrived = remote.packets ?? (remote.lost === null ? null : (counters.packets ?? 0) - remote.lost);
  if (arrived === null || (counters.arrived !== null && arrived <= counters.arrived)) return;
  change.arrived = arrived - (counters.arrived ?? arrived);
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
