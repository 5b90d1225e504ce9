// One tick for each medium and direction out of what its streams did at the same time: camera and screen are
// both video, of a picture sent in several sizes the largest that runs counts, of several pictures the frame
// rate is the mean. Values stay within the columns of media_samples.
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

/** Streams of one medium and direction, with what each did since the reading before. */
export type ChangeGroup = readonly [StreamChange, ...StreamChange[]];

/** What of a mean number of frames was left when it was made whole: it belongs to the next tick. */
export interface FrameRest {
  frames: number;
}

/** The changes by `media direction`. */
export function groupChanges(
  changes: readonly StreamChange[],
): Map<string, [StreamChange, ...StreamChange[]]> {
  const groups = new Map<string, [StreamChange, ...StreamChange[]]>();
  for (const change of changes) {
    const key = `${change.reading.media} ${change.reading.direction}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
  }
  return groups;
}

/**
 * Adds a tick to another of the same end, where two readings fell into one millisecond. The picture is the
 * larger one.
 */
export function addTick(sum: Tick, tick: Tick): void {
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
  if (tick.pixels <= sum.pixels) return;
  const { pixels, width, height } = tick;
  Object.assign(sum, { pixels, width, height });
}

/** The tick of one medium and direction. */
export function sumGroup(
  group: ChangeGroup,
  { endMs, lengthMs, rest }: { endMs: number; lengthMs: number; rest: FrameRest },
): Tick {
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
  if (media === 'video') addPictures(tick, group, rest);
  return tick;
}

/**
 * The pictures that were shown at the same time: their areas add up, their frame rate is the mean, so that
 * each of them weighs as long as it was shown. Summed frames would be those of one picture at an impossible
 * rate. Of a track sent in several sizes the largest that runs is the picture; a picture of which nothing
 * came, beside others, is not shown.
 */
function addPictures(tick: Tick, group: ChangeGroup, rest: FrameRest): void {
  const shown = shownPictures(group);
  let frames = 0;
  let widestPixels = 0;
  for (const { reading, frames: ofPicture } of shown) {
    const [width, height] = [within16(reading.width ?? 0), within16(reading.height ?? 0)];
    frames += ofPicture;
    tick.pixels = within32(tick.pixels + width * height);
    if (width * height <= widestPixels) continue;
    widestPixels = width * height;
    tick.width = width;
    tick.height = height;
  }
  if (shown.length === 0) return;
  const mean = frames / shown.length + rest.frames;
  tick.frames = within32(Math.max(0, Math.round(mean)));
  rest.frames = mean - Math.round(mean);
}

function shownPictures(group: ChangeGroup): StreamChange[] {
  const largest = new Map<string, StreamChange>();
  for (const change of group) {
    const known = largest.get(change.reading.track);
    if (known === undefined || isLarger(change, known)) largest.set(change.reading.track, change);
  }
  const pictures = [...largest.values()];
  const sized = pictures.filter((change) => pixelsOf(change) > 0);
  const running = sized.filter(({ frames, bytes }) => frames > 0 || bytes > 0);
  if (running.length > 0) return running;
  const candidates = sized.length > 0 ? sized : pictures;
  return candidates.length === 0 ? [] : [candidates.reduce((a, b) => (isLarger(b, a) ? b : a))];
}

function pixelsOf({ reading }: StreamChange): number {
  return (reading.width ?? 0) * (reading.height ?? 0);
}

function isLarger(change: StreamChange, known: StreamChange): boolean {
  const runs = Number(change.frames > 0) - Number(known.frames > 0);
  if (runs !== 0) return runs > 0;
  return pixelsOf(change) > pixelsOf(known);
}

function mostUsedCodec(group: ChangeGroup): string {
  const packets = new Map<string, number>();
  for (const { reading, packets: count } of group) {
    if (reading.codec !== null) packets.set(reading.codec, (packets.get(reading.codec) ?? 0) + count);
  }
  const ranked = [...packets].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return ranked[0]?.[0] ?? '';
}

function meanJitter(group: ChangeGroup): number | null {
  let sum = 0;
  let count = 0;
  for (const { jitterUs } of group) {
    if (jitterUs === null) continue;
    sum += jitterUs;
    count += 1;
  }
  return count === 0 ? null : within32(Math.round(sum / count));
}

function within16(value: number): number {
  return Math.min(UINT16_MAX, value);
}

function within32(value: number): number {
  return Math.min(UINT32_MAX, value);
}
