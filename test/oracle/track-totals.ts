// From the ticks of one peer, media and direction to their totals: the rules that history/analyse.ts
// publishes, once more. Every sum is exact (BigInt) and brought into the range of its column at the end.
import type { SampleRow } from './history-rows.ts';

export interface TrackTotals {
  bytes: bigint;
  packets: bigint;
  packetsLost: bigint;
  packetsArrived: bigint;
  activeMs: bigint;
  bitrateSqMs: bigint;
  jitterUsSum: bigint;
  jitterCount: bigint;
  jitterUsMax: number;
  rttUsSum: bigint;
  rttCount: bigint;
  rttUsMax: number;
  pixelMs: bigint;
  sizedMs: bigint;
  frames: bigint;
  widthMax: number;
  heightMax: number;
  freezes: bigint;
  codec: string;
}

const UINT32_MAX = 2n ** 32n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Totals of the ticks of one (session, peer, media, direction), as they were delivered: some of them several
 * times.
 */
export function toTotals(delivered: readonly SampleRow[]): TrackTotals {
  const ticks = lastDelivered(delivered);
  const sum = (of: (tick: SampleRow) => bigint, [low, high] = [0n, UINT64_MAX]): bigint =>
    within(
      ticks.reduce((total, tick) => total + of(tick), 0n),
      low,
      high,
    );
  const largest = (of: (tick: SampleRow) => number): number =>
    ticks.reduce((most, tick) => Math.max(most, of(tick)), 0);
  const sized = (tick: SampleRow): bigint => (tick.pixels > 0 ? 1n : 0n);
  return {
    bytes: sum((tick) => tick.bytes),
    packets: sum((tick) => tick.packets),
    packetsLost: sum((tick) => tick.packetsLost, [INT64_MIN, INT64_MAX]),
    packetsArrived: sum((tick) => tick.packetsArrived),
    activeMs: coveredMs(ticks),
    bitrateSqMs: sum(bitrateSqMsOf),
    jitterUsSum: sum((tick) => BigInt(tick.jitterUs ?? 0)),
    jitterCount: sum((tick) => (tick.jitterUs === null ? 0n : 1n)),
    jitterUsMax: largest((tick) => tick.jitterUs ?? 0),
    rttUsSum: sum((tick) => tick.rttUsSum),
    rttCount: sum((tick) => BigInt(tick.rttCount)),
    rttUsMax: largest((tick) => tick.rttUsMax),
    pixelMs: sum((tick) => BigInt(tick.pixels) * BigInt(tick.tickMs)),
    sizedMs: sum((tick) => sized(tick) * BigInt(tick.tickMs)),
    frames: sum((tick) => sized(tick) * BigInt(tick.frames)),
    ...largestFrame(ticks),
    freezes: sum((tick) => BigInt(tick.freezes), [0n, UINT32_MAX]),
    codec: mainCodec(ticks),
  };
}

/** Some sum stands at an end of its column, as far as it could get. */
export function isAtLimit(totals: TrackTotals): boolean {
  return Object.values(totals).some(
    (value) => value === UINT64_MAX || value === INT64_MIN || value === INT64_MAX,
  );
}

/** Of a tick that was delivered several times, the delivery that came last. */
export function lastDelivered(delivered: readonly SampleRow[]): SampleRow[] {
  const ticks = new Map<string, SampleRow>();
  for (const tick of delivered) {
    const name = `${tick.tickEndMs} ${tick.connectionId}`;
    const held = ticks.get(name);
    if (held === undefined || held.deliveredAtMs <= tick.deliveredAtMs) ticks.set(name, tick);
  }
  return [...ticks.values()];
}

/** The length of the union of the ticks' times. */
function coveredMs(ticks: readonly SampleRow[]): bigint {
  const spans = ticks
    .map(({ tickEndMs, tickMs }) => ({ fromMs: tickEndMs - tickMs, toMs: tickEndMs }))
    .sort((a, b) => a.fromMs - b.fromMs);
  let covered = 0;
  let untilMs = -Infinity;
  for (const { fromMs, toMs } of spans) {
    covered += Math.max(0, toMs - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return BigInt(covered);
}

function bitrateSqMsOf({ bytes, tickMs }: SampleRow): bigint {
  if (tickMs === 0) return 0n;
  const ms = BigInt(tickMs);
  const kbps = (8n * bytes) / ms;
  return kbps * kbps * ms;
}

function largestFrame(ticks: readonly SampleRow[]): { widthMax: number; heightMax: number } {
  let [widthMax, heightMax] = [0, 0];
  for (const { width, height } of ticks) {
    const [area, most] = [width * height, widthMax * heightMax];
    if (area > most || (area > 0 && area === most && width > widthMax))
      [widthMax, heightMax] = [width, height];
  }
  return { widthMax, heightMax };
}

function mainCodec(ticks: readonly SampleRow[]): string {
  const packets = new Map<string, bigint>();
  for (const tick of ticks)
    if (tick.codec !== '') packets.set(tick.codec, (packets.get(tick.codec) ?? 0n) + tick.packets);
  let main = '';
  for (const [codec, count] of packets) {
    const most = packets.get(main) ?? -1n;
    if (count > most || (count === most && codec < main)) main = codec;
  }
  return main;
}

function within(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
