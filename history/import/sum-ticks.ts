// One tick for each medium and direction out of what its streams did at the same time: camera and screen are both video, of a
// picture sent in several sizes the largest that runs counts. Values stay within the columns of media_samples.
import type { StreamChange } from './stream-counters.ts';
import type { Direction, Media } from './stream-reading.ts';

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

const UINT16_MAX = 65_535;
const UINT32_MAX = 4_294_967_295;

/** One tick for each medium and direction that has a stream. */
export function sumUp(changes: readonly StreamChange[], endMs: number, lengthMs: number): Tick[] {
  const groups = new Map<string, [StreamChange, ...StreamChange[]]>();
  for (const change of changes) {
    const key = `${change.reading.media} ${change.reading.direction}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
  }
  return [...groups.values()].map((group) => sumGroup(group, endMs, lengthMs));
}

/** Adds ticks to others of the same end, where two readings fell into one millisecond. The picture is the larger one. */
export function addTicks(held: readonly Tick[], more: readonly Tick[]): Tick[] {
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
    sum.rttCount = within32(sum.rttCount + tick.rttCount);
    sum.rttUsMax = Math.max(sum.rttUsMax, tick.rttUsMax);
    sum.frames = within32(sum.frames + tick.frames);
    sum.freezes = within32(sum.freezes + tick.freezes);
    sum.codec = sum.codec === '' ? tick.codec : sum.codec;
    if (tick.pixels <= sum.pixels) continue;
    const { pixels, width, height } = tick;
    Object.assign(sum, { pixels, width, height });
  }
  return [...sums.values()];
}

function sumGroup(group: readonly [StreamChange, ...StreamChange[]], endMs: number, lengthMs: number): Tick {
  const { media, direction } = group[0].reading;
  const tick: Tick = {
    media,
    direction,
    codec: mostUsedCodec(group),
    endMs,
    lengthMs: within32(lengthMs),
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
    tick.rttCount = within32(tick.rttCount + change.rttCount);
    tick.rttUsMax = within32(Math.max(tick.rttUsMax, change.rttUsMax));
    tick.freezes = within32(tick.freezes + change.freezes);
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
    tick.pixels = within32(tick.pixels + width * height);
    tick.frames = within32(tick.frames + change.frames);
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
  return count === 0 ? null : within32(Math.round(sum / count));
}

function within32(value: number): number {
  return Math.min(UINT32_MAX, value);
}
