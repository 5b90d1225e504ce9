// The ticks of one track: what changed each time the statistics were read. Most tracks are plausible; some
// have totals that lie exactly half-way between two printed values, some reach the ends of their columns.
import type { Direction, Media, SampleRow } from './history-rows.ts';
import type { Random } from './random.ts';

/** Where the ticks of a connection lie. */
export interface TickTime {
  endMs: number;
  lengthMs: number;
}

/** What is the same in all ticks of a peer. */
export interface NetworkProfile {
  lossShare: number;
  jitterMs: number;
  rttMs: number;
  audioKbps: number;
  videoKbps: number;
  /**
   * Whole ms of a round trip whose mean over the room lies a third or half a millionth under the next half;
   * null for any round trips.
   */
  rttUnderHalfMs: number | null;
}

export interface Track {
  sessionId: string;
  peerId: string;
  media: Media;
  direction: Direction;
}

/** What names a tick, and when it was. */
type TickPlace = Pick<
  SampleRow,
  'sessionId' | 'peerId' | 'connectionId' | 'media' | 'direction' | 'tickEndMs' | 'tickMs' | 'deliveredAtMs'
>;

/** Puts counters to a tick. Objects are spread first and once: hundreds of thousands are made. */
type TickMaker = (random: Random, place: TickPlace) => SampleRow;

type Picture = Pick<SampleRow, 'pixels' | 'frames' | 'width' | 'height' | 'freezes'>;

/** A tick is delivered this long after its end, and again each such time after. */
const DELIVERY_MS = 700;

const FRAME_SIZES = [
  [1280, 720],
  [960, 540],
  [640, 360],
  [540, 960],
  [320, 180],
  [1920, 1080],
  [1, 1],
] as const;

const [UINT32_MAX, UINT64_MAX] = [2 ** 32 - 1, 2n ** 64n - 1n];
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

export function makeProfile(random: Random, rttUnderHalfMs: number | null): NetworkProfile {
  return {
    lossShare: random.weighted([
      [0, 3],
      [random.fraction() * 0.02, 4],
      [random.fraction() * 0.2, 2],
      [random.fraction(), 1],
      [1, 0.2],
    ]),
    jitterMs: random.pick([0, 4, 30, 60, 150, 400]) * (0.5 + random.fraction()),
    rttMs: random.pick([1, 40, 160, 250, 600, 1500]) * (0.5 + random.fraction()),
    audioKbps: random.pick([0, 8, 24, 40, 64]) * (0.8 + random.fraction() * 0.4),
    videoKbps: random.pick([0, 40, 300, 1500, 3000]) * (0.8 + random.fraction() * 0.4),
    rttUnderHalfMs,
  };
}

/** Ticks of one track over the times of one or several connections, each delivered once. */
export function makeTicks(
  random: Random,
  track: Track,
  connections: ReadonlyMap<string, readonly TickTime[]>,
  profile: NetworkProfile,
): SampleRow[] {
  const maker = random.weighted<TickMaker>([
    [plausible(random, track, profile), 80],
    [halfWay(random, track), 12],
    [atLimits(random, track), 1],
  ]);
  const isMutedAt = mutedStretch(random);
  return [...connections].flatMap(([connectionId, times]) =>
    times.map(({ endMs, lengthMs }, index) => {
      const place = {
        ...track,
        connectionId,
        tickEndMs: endMs,
        tickMs: lengthMs,
        deliveredAtMs: endMs + DELIVERY_MS,
      };
      const tick = maker(random, place);
      if (profile.rttUnderHalfMs !== null && track.direction === 'send')
        Object.assign(tick, rttUnderHalf(random, profile.rttUnderHalfMs));
      if (isMutedAt(index)) Object.assign(tick, MUTED);
      return tick;
    }),
  );
}

/** The same tick once more, delivered after or before the one given, with other counters or the same. */
export function deliverAgain(random: Random, tick: SampleRow): SampleRow {
  const deliveredAtMs = tick.deliveredAtMs + random.pick([-1, 1, 2]) * DELIVERY_MS;
  return random.chance(0.5)
    ? { ...tick, deliveredAtMs }
    : { ...tick, deliveredAtMs, bytes: tick.bytes / 2n, packets: tick.packets / 3n, jitterUs: 9000 };
}

function plausible(trackRandom: Random, { media, direction }: Track, profile: NetworkProfile): TickMaker {
  const isReported = direction === 'recv' || trackRandom.chance(0.85);
  const hasRtt = (direction === 'send' && trackRandom.chance(0.85)) || trackRandom.chance(0.02);
  const hasJitter = trackRandom.chance(0.93);
  const isLateOnly = trackRandom.chance(0.04);
  const codecs: [string, ...string[]] =
    media === 'audio' ? ['opus', 'opus', 'red', ''] : ['VP8', 'VP8', 'VP9', 'AV1', 'H264', ''];
  const codec = trackRandom.pick(codecs);
  return (random, place) => {
    const lengthMs = place.tickMs;
    const kbps = media === 'audio' ? profile.audioKbps : profile.videoKbps;
    const bytes = Math.floor((kbps * lengthMs * (0.7 + random.fraction() * 0.6)) / 8);
    const packets = media === 'audio' ? Math.ceil(lengthMs / 20) : Math.ceil(bytes / 1100);
    const late = isLateOnly || random.chance(0.03);
    const lost = late ? -random.int(1, 4) : Math.round(packets * profile.lossShare * random.fraction());
    const arrived = direction === 'recv' ? packets : Math.max(0, packets - Math.max(lost, 0));
    const readings = hasRtt ? random.int(0, 3) : 0;
    const rttUs = Math.round(profile.rttMs * 1000 * (0.5 + random.fraction()));
    const jitterUs = Math.round(profile.jitterMs * 1000 * random.fraction());
    const picture = media === 'audio' ? NO_PICTURE : makePicture(random, { direction, lengthMs });
    return {
      ...place,
      codec: random.chance(0.1) ? random.pick(codecs) : codec,
      bytes: BigInt(bytes),
      packets: BigInt(packets),
      packetsLost: isReported ? BigInt(lost) : 0n,
      packetsArrived: isReported ? BigInt(arrived) : 0n,
      jitterUs: hasJitter && random.chance(0.9) ? jitterUs : null,
      rttUsSum: BigInt(readings * rttUs),
      rttCount: readings,
      rttUsMax: readings === 0 ? 0 : rttUs + random.int(0, 900),
      pixels: picture.pixels,
      frames: picture.frames,
      width: picture.width,
      height: picture.height,
      freezes: picture.freezes,
    };
  };
}

const MUTED: Partial<SampleRow> = { bytes: 0n, packets: 0n, packetsLost: 0n, frames: 0 };
const NO_PICTURE: Picture = { pixels: 0, frames: 0, width: 0, height: 0, freezes: 0 };

/** Simulcast: several layers sent at once, so more pixels than the largest frame has. */
function makePicture(
  random: Random,
  { direction, lengthMs }: { direction: Direction; lengthMs: number },
): Picture {
  const freezes = random.chance(0.1) ? random.int(1, 3) : 0;
  const frames = Math.round((random.pick([0, 7.5, 15, 24, 30, 60]) * lengthMs) / 1000);
  if (random.chance(0.1)) return { ...NO_PICTURE, frames, freezes };
  const [width, height] = FRAME_SIZES[random.int(0, FRAME_SIZES.length - 1)] ?? FRAME_SIZES[0];
  const layers = direction === 'send' && random.chance(0.15) ? [1, 1 / 4, 1 / 16] : [1];
  const pixels = layers.reduce((sum, share) => sum + Math.floor(width * height * share), 0);
  return { pixels, frames, width, height, freezes };
}

/** All ticks alike, so that totals of ticks of 10 s end on a five behind the last printed decimal. */
function halfWay(trackRandom: Random, { media, direction }: Track): TickMaker {
  const odd = (most: number): number => 2 * trackRandom.int(0, most) + 1;
  const [bitrateHalves, lossTwentieths, jitterHalves, rttHalves] = [odd(60), odd(99), odd(100), odd(400)];
  return (_random, place) => ({
    ...place,
    codec: media === 'audio' ? 'opus' : 'VP8',
    bytes: BigInt(Math.round((bitrateHalves * 625 * place.tickMs) / 10_000)),
    packets: BigInt(direction === 'recv' ? 2000 - lossTwentieths : 2000),
    packetsLost: BigInt(lossTwentieths),
    packetsArrived: BigInt(2000 - lossTwentieths),
    jitterUs: jitterHalves * 500,
    rttUsSum: direction === 'send' ? BigInt(rttHalves * 500) : 0n,
    rttCount: direction === 'send' ? 1 : 0,
    rttUsMax: direction === 'send' ? rttHalves * 500 : 0,
    ...(media === 'audio'
      ? NO_PICTURE
      : { pixels: 640 * 360, frames: Math.round(place.tickMs / 40), width: 640, height: 360, freezes: 0 }),
  });
}

/**
 * Each counter at an end of its column, near it, or small: two such ticks have a sum that its column cannot
 * hold.
 */
function atLimits(_trackRandom: Random, { media, direction }: Track): TickMaker {
  return (random, place) => {
    const uint64 = (): bigint => random.pick([0n, 1n, UINT64_MAX, UINT64_MAX - 1n, 2n ** 53n + 1n]);
    const uint32 = (): number => random.pick([0, 1, UINT32_MAX, UINT32_MAX - 1]);
    const side = random.pick([0, 1, 65_535]);
    const picture = { pixels: uint32(), frames: uint32(), width: side, height: 65_535, freezes: uint32() };
    return {
      ...place,
      codec: random.pick(['', 'a', 'b']),
      bytes: uint64(),
      packets: uint64(),
      packetsLost: random.pick([0n, INT64_MIN, INT64_MAX, -1n]),
      packetsArrived: uint64(),
      jitterUs: random.chance(0.2) ? null : uint32(),
      rttUsSum: direction === 'send' ? uint64() : 0n,
      rttCount: direction === 'send' ? uint32() : 0,
      rttUsMax: direction === 'send' ? uint32() : 0,
      ...(media === 'audio' ? NO_PICTURE : picture),
    };
  };
}

/** Half a millisecond more than whole ones, or a millionth of a millisecond less than that. */
function rttUnderHalf(random: Random, wholeMs: number): Partial<SampleRow> {
  const us = wholeMs * 1000 + 500;
  return random.chance(0.5)
    ? { rttUsSum: BigInt(us), rttCount: 1, rttUsMax: us }
    : { rttUsSum: BigInt(us) * 1000n - 1n, rttCount: 1000, rttUsMax: us };
}

/** From one tick to a later one nothing is sent, though the track is there. */
function mutedStretch(random: Random): (index: number) => boolean {
  if (!random.chance(0.15)) return () => false;
  const from = random.int(0, 3);
  const until = from + random.int(1, 3);
  return (index) => index >= from && index < until;
}
