// Mean opinion scores of one direction. Audio follows the E-model of ITU-T G.107 with the loss behaviour of
// G.711 under concealment (G.113); video follows the shape of ggarber/rtcscore. docs/measurements.md explains
// both.
import { isMissing, MISSING } from './quantities.ts';

/** ms that coding, packetising and playing take in addition to the network. */
const FIXED_DELAY_MS = 20;

/** Up to this delay, in ms, nobody is disturbed. */
const UNNOTICED_DELAY_MS = 100;

/** The transmission rating of a call without loss and delay. */
const RATING_MAX = 93.2;

/** Packet loss robustness of G.711 with concealment, in percent. */
const LOSS_ROBUSTNESS = 25.1;

/** Frame rate, in frames per second, below which a picture is felt to stutter. */
const SMOOTH_FPS = 30;

/**
 * The delay from mouth to ear.
 * @param rttMs of the peer's send of the same medium; MISSING counts as 0
 * @param jitterMs of this direction; MISSING counts as 0
 */
export function delayMs(rttMs: number, jitterMs: number): number {
  return (isMissing(rttMs) ? 0 : rttMs) / 2 + 2 * (isMissing(jitterMs) ? 0 : jitterMs) + FIXED_DELAY_MS;
}

/**
 * @param lossPercent MISSING gives MISSING
 * @returns 1 to 4.5
 */
export function audioMos(lossPercent: number, delay: number): number {
  if (isMissing(lossPercent)) return MISSING;
  const lossImpairment = (95 * lossPercent) / (lossPercent + LOSS_ROBUSTNESS);
  const rating = clamp(RATING_MAX - delayImpairment(delay) - lossImpairment, 0, 100);
  return clamp(1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating), 1, 4.5);
}

/** `Idd` of ITU-T G.107. */
function delayImpairment(delay: number): number {
  if (delay <= UNNOTICED_DELAY_MS) return 0;
  const octaves = Math.log2(delay / UNNOTICED_DELAY_MS);
  return 25 * ((1 + octaves ** 6) ** (1 / 6) - 3 * (1 + (octaves / 3) ** 6) ** (1 / 6) + 2);
}

/**
 * @param kbps, pixels, fps MISSING or 0 gives MISSING
 * @returns 1 to 5
 */
export function videoMos({ kbps, pixels, fps }: Picture, delay: number): number {
  if (!(kbps > 0 && pixels > 0 && fps > 0)) return MISSING;
  const coding = clamp(0.56 * Math.log((1000 * kbps) / pixels / fps) + 5.36, 1, 5);
  const stutter = 1.9 * Math.log(Math.max(SMOOTH_FPS, fps) / fps);
  return clamp(coding - stutter - 0.002 * delay, 1, 5);
}

/** What a receiver sees of a video direction. */
export interface Picture {
  /** kbit/s */
  kbps: number;
  /** of a frame */
  pixels: number;
  /** frames per second */
  fps: number;
}

export function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}
