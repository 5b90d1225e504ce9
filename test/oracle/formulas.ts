// The measurements of one direction, version 1: from its totals to quantities in double precision, each fixed
// to millionths once. Formulas take and give doubles, so that none of them sees a rounded value of another.
import type { Direction, Media } from './history-rows.ts';
import { measurable, toMillionths } from './exact-numbers.ts';
import type { Millionths } from './exact-numbers.ts';
import type { TrackTotals } from './track-totals.ts';

export interface Measured {
  mos: Millionths | null;
  score: Millionths | null;
  bitrate: Millionths | null;
  packetLoss: Millionths | null;
  jitter: Millionths | null;
  rtt: Millionths | null;
}

export interface DirectionToMeasure {
  media: Media;
  direction: Direction;
  totals: TrackTotals | undefined;
  /**
   * The round trip of the peer's send of the same medium, whichever direction this is; null when none was
   * measured.
   */
  sendRttMs: number | null;
}

/** Pixels of a frame from which there is no shortfall. */
const PIXELS_WANTED = 1280 * 720;

export const NOT_MEASURED: Measured = {
  mos: null,
  score: null,
  bitrate: null,
  packetLoss: null,
  jitter: null,
  rtt: null,
};

export function measure({ media, direction, totals, sendRttMs }: DirectionToMeasure): Measured {
  if (totals === undefined) return NOT_MEASURED;
  const bitrate = measurable(quotient(8 * Number(totals.bytes), Number(totals.activeMs)));
  const packetLoss = packetLossOf(totals);
  const jitter = meanMs(totals.jitterUsSum, totals.jitterCount);
  const rtt = rttMsOf(totals);
  const pixels = measurable(quotient(Number(totals.pixelMs), Number(totals.sizedMs)));
  const fps = fpsOf(totals);
  const delayMs = delayOf(sendRttMs, jitter);
  const mos =
    media === 'audio'
      ? packetLoss === null
        ? null
        : audioMos(packetLoss, delayMs)
      : videoMos({ bitrate, pixels, fps, delayMs });
  const score = scoreOf(media, {
    packetLoss,
    jitter,
    rtt: direction === 'send' ? rtt : null,
    bitrate,
    variation: variationOf(totals, bitrate),
    pixels,
  });
  return {
    mos: toMillionths(mos),
    score: toMillionths(score),
    bitrate: toMillionths(bitrate),
    packetLoss: toMillionths(packetLoss),
    jitter: toMillionths(jitter),
    rtt: toMillionths(rtt),
  };
}

export function rttMsOf(totals: TrackTotals): number | null {
  return meanMs(totals.rttUsSum, totals.rttCount);
}

export function fpsOf(totals: TrackTotals): number | null {
  return measurable(quotient(1000 * Number(totals.frames), Number(totals.sizedMs)));
}

/** ms of one way: half the round trip, a jitter buffer, and coding. */
export function delayOf(rttMs: number | null, jitterMs: number | null): number {
  return (rttMs ?? 0) / 2 + 2 * (jitterMs ?? 0) + 20;
}

/** The E-model's rating, 0 to 100 (ITU-T G.107; equipment factor of G.711 with concealment). */
export function ratingOf(lossPercent: number, delayMs: number): number {
  const equipment = (95 * lossPercent) / (lossPercent + 25.1);
  return clamp(93.2 - delayImpairment(delayMs) - equipment, 0, 100);
}

export function audioMos(lossPercent: number, delayMs: number): number {
  const r = ratingOf(lossPercent, delayMs);
  return clamp(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5);
}

export interface Picture {
  /** kbit/s. */
  bitrate: number | null;
  pixels: number | null;
  fps: number | null;
  delayMs: number;
}

export function videoMos({ bitrate, pixels, fps, delayMs }: Picture): number | null {
  if (isUnknown(bitrate) || isUnknown(pixels) || isUnknown(fps)) return null;
  const ofBits = clamp(0.56 * Math.log((1000 * bitrate) / pixels / fps) + 5.36, 1, 5);
  return clamp(ofBits - 1.9 * Math.log(Math.max(30, fps) / fps) - 0.002 * delayMs, 1, 5);
}

export interface ScoreInputs {
  packetLoss: number | null;
  jitter: number | null;
  /** Null for recv. */
  rtt: number | null;
  bitrate: number | null;
  variation: number | null;
  pixels: number | null;
}

interface Penalty {
  x: number | null;
  good: number;
  bad: number;
  max: number;
}

/** 10 less the penalties; what is missing brings none, but without packet loss there is no score. */
export function scoreOf(media: Media, inputs: ScoreInputs): number | null {
  if (inputs.packetLoss === null) return null;
  const isAudio = media === 'audio';
  const penalties: Penalty[] = [
    { x: inputs.packetLoss, good: 0.5, bad: 10, max: 4 },
    { x: inputs.jitter, good: 30, bad: 150, max: isAudio ? 2 : 1 },
    { x: inputs.rtt, good: 250, bad: 1000, max: isAudio ? 2 : 1 },
    { x: shortfall(inputs.bitrate, isAudio ? 40 : 1500), good: 0, bad: 1, max: isAudio ? 1 : 2 },
    { x: inputs.variation, good: 0.25, bad: 1.25, max: 1 },
    { x: isAudio ? null : shortfall(inputs.pixels, PIXELS_WANTED), good: 0, bad: 1, max: 1 },
  ];
  return penalties.reduce((score, penalty) => score - penaltyOf(penalty), 10);
}

function penaltyOf({ x, good, bad, max }: Penalty): number {
  return x === null ? 0 : max * clamp((x - good) / (bad - good), 0, 1);
}

function shortfall(x: number | null, wanted: number): number | null {
  return x === null ? null : 1 - x / wanted;
}

/**
 * Late packets make single ticks negative, so the total is clamped. Nothing lost and nothing arrived: not
 * measured.
 */
function packetLossOf({ packetsLost, packetsArrived }: TrackTotals): number | null {
  const lost = Math.max(0, Number(packetsLost));
  return quotient(100 * lost, lost + Number(packetsArrived));
}

function variationOf(totals: TrackTotals, bitrate: number | null): number | null {
  if (isUnknown(bitrate)) return null;
  const meanSquare = Number(totals.bitrateSqMs) / Number(totals.activeMs);
  return Math.sqrt(Math.max(0, meanSquare / (bitrate * bitrate) - 1));
}

function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

function meanMs(usSum: bigint, count: bigint): number | null {
  const us = quotient(Number(usSum), Number(count));
  return us === null ? null : measurable(us / 1000);
}

function quotient(dividend: number, divisor: number): number | null {
  return divisor === 0 ? null : dividend / divisor;
}

function isUnknown(x: number | null): x is null | 0 {
  return x === null || x === 0;
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}
