// The score of one direction: 10 less penalties. The table of penalties is the one in docs/measurements.md.
import { clamp } from './mos.ts';
import { isMissing, MISSING } from './quantities.ts';

/**
 * What the score of a direction depends on. MISSING brings no penalty, but without packet loss there is no
 * score.
 */
export interface ScoreInputs {
  lossPercent: number;
  jitterMs: number;
  /** Of `send` only. */
  rttMs: number;
  kbps: number;
  /** See `bitrateVariation`. */
  variation: number;
  /** Of a frame; of video only. */
  pixels: number;
}

interface Weights {
  loss: number;
  delay: number;
  shortfall: number;
  variation: number;
  /** kbit/s at which nothing is missing. */
  fullKbps: number;
}

const AUDIO: Weights = { loss: 4, delay: 2, shortfall: 1, variation: 1, fullKbps: 40 };
const VIDEO: Weights = { loss: 4, delay: 1, shortfall: 2, variation: 1, fullKbps: 1500 };

/** A frame of 720p, of which nothing is missing. */
const FULL_PIXELS = 1280 * 720;

/** @returns 0 to 10; MISSING without packet loss. */
export function directionScore(x: ScoreInputs, isVideo: boolean): number {
  if (isMissing(x.lossPercent)) return MISSING;
  const weights = isVideo ? VIDEO : AUDIO;
  // The order of the terms is part of formula version 1: sums of doubles depend on it.
  const penalties =
    penalty(x.lossPercent, 0.5, 10, weights.loss) +
    penalty(x.jitterMs, 30, 150, weights.delay) +
    penalty(x.rttMs, 250, 1000, weights.delay) +
    penalty(1 - x.kbps / weights.fullKbps, 0, 1, weights.shortfall) +
    penalty(x.variation, 0.25, 1.25, weights.variation) +
    penalty(1 - x.pixels / FULL_PIXELS, 0, 1, 1);
  return 10 - penalties;
}

/** 0 up to `good`, `worst` from `bad` on, and a straight line between. */
function penalty(x: number, good: number, bad: number, worst: number): number {
  return isMissing(x) ? 0 : worst * clamp((x - good) / (bad - good), 0, 1);
}
