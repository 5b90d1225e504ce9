// The measurements of docs/measurements.md as somebody writes them who reads that page and computes with
// plain numbers: floats, rounded at the end, null for what is missing. Part of the exporter that works row by
// row.

/** A row of export_track_totals, as JSONEachRow has it. */
export interface TotalRow {
  session_id: string;
  peer_id: string;
  media: string;
  direction: string;
  bytes: number;
  packets_lost: number;
  packets_arrived: number;
  active_ms: number;
  bitrate_sq_ms: number;
  jitter_us_sum: number;
  jitter_count: number;
  rtt_us_sum: number;
  rtt_count: number;
  pixel_ms: number;
  sized_ms: number;
  frames: number;
}

export interface DirectionMeasures {
  mos: number | null;
  score: number | null;
  bitrate: number | null;
  loss: number | null;
  jitter: number | null;
  rtt: number | null;
}

export const NOTHING_MEASURED: DirectionMeasures = {
  mos: null,
  score: null,
  bitrate: null,
  loss: null,
  jitter: null,
  rtt: null,
};

/** @param rttOfSender Of the peer's sent track of the same medium, in ms. */
export function measureDirection(total: TotalRow, rttOfSender: number | null): DirectionMeasures {
  const isVideo = total.media === 'video';
  const lost = Math.max(0, total.packets_lost);
  const bitrate = quotient(8 * total.bytes, total.active_ms);
  const loss = quotient(100 * lost, lost + total.packets_arrived);
  const jitter = quotient(total.jitter_us_sum / 1000, total.jitter_count);
  const rtt = total.direction === 'send' ? rttOfSender : null;
  const pixels = isVideo ? quotient(total.pixel_ms, total.sized_ms) : null;
  const fps = isVideo ? quotient(1000 * total.frames, total.sized_ms) : null;
  const delay = (rttOfSender ?? 0) / 2 + 2 * (jitter ?? 0) + 20;
  const mos = isVideo ? mosOfVideo({ bitrate, pixels, fps }, delay) : mosOfAudio(loss, delay);
  const variation = variationOf(total, bitrate);
  const score = scoreOf({ isVideo, loss, jitter, rtt, bitrate, variation, pixels });
  return { mos, score, bitrate, loss, jitter, rtt };
}

/** In ms; null without readings. */
export function rttOf(total: TotalRow | undefined): number | null {
  return total === undefined ? null : quotient(total.rtt_us_sum / 1000, total.rtt_count);
}

/** Of those that are there; null when none is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count += 1;
  }
  return quotient(sum, count);
}

export function roundTo(value: number | null, unit: 1 | 10 | 100): number | null {
  return value === null ? null : Math.round(value * unit) / unit;
}

function quotient(x: number, y: number): number | null {
  return y === 0 ? null : x / y;
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/** The E-model of ITU-T G.107. */
function mosOfAudio(loss: number | null, delay: number): number | null {
  if (loss === null) return null;
  const r = clamp(93.2 - delayImpairment(delay) - (95 * loss) / (loss + 25.1), 0, 100);
  return clamp(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5);
}

function delayImpairment(delay: number): number {
  if (delay <= 100) return 0;
  const x = Math.log2(delay / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

function mosOfVideo(
  { bitrate, pixels, fps }: { bitrate: number | null; pixels: number | null; fps: number | null },
  delay: number,
): number | null {
  if (!bitrate || !pixels || !fps) return null;
  const coding = clamp(0.56 * Math.log((1000 * bitrate) / pixels / fps) + 5.36, 1, 5);
  return clamp(coding - 1.9 * Math.log(Math.max(30, fps) / fps) - 0.002 * delay, 1, 5);
}

function variationOf(total: TotalRow, bitrate: number | null): number | null {
  if (!bitrate) return null;
  return Math.sqrt(Math.max(0, total.bitrate_sq_ms / total.active_ms / bitrate ** 2 - 1));
}

interface ScoreInputs {
  isVideo: boolean;
  loss: number | null;
  jitter: number | null;
  rtt: number | null;
  bitrate: number | null;
  variation: number | null;
  pixels: number | null;
}

function scoreOf({ isVideo, loss, jitter, rtt, bitrate, variation, pixels }: ScoreInputs): number | null {
  if (loss === null) return null;
  const shortfall = (x: number | null, full: number): number | null => (x === null ? null : 1 - x / full);
  return (
    10 -
    penalty(loss, [0.5, 10], 4) -
    penalty(jitter, [30, 150], isVideo ? 1 : 2) -
    penalty(rtt, [250, 1000], isVideo ? 1 : 2) -
    penalty(shortfall(bitrate, isVideo ? 1500 : 40), [0, 1], isVideo ? 2 : 1) -
    penalty(variation, [0.25, 1.25], 1) -
    penalty(shortfall(pixels, 1280 * 720), [0, 1], 1)
  );
}

function penalty(x: number | null, [good, bad]: readonly [number, number], worst: number): number {
  return x === null ? 0 : worst * clamp((x - good) / (bad - good), 0, 1);
}
