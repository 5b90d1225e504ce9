// All measures of one direction of one medium of one peer, from its sums to millionths. The quantities,
// scores and opinions themselves are in files of their own; this file says which of them a direction has and
// what each is computed from.
import { toMillionths } from './fixed-point.ts';
import { audioMos, delayMs, videoMos } from './mos.ts';
import {
  bitrate,
  bitrateVariation,
  frameRate,
  frameSize,
  meanMs,
  MISSING,
  packetLoss,
  possible,
  QUANTITY_MAX,
} from './quantities.ts';
import { directionScore } from './score.ts';

/**
 * The sums of one track total, as doubles. A sum that is no count is MISSING, and so is what follows from it.
 */
export class DirectionSums {
  bytes = 0;
  packetsLost = 0;
  packetsArrived = 0;
  activeMs = 0;
  /** Σ (kbit/s)² · ms */
  bitrateSqMs = 0;
  jitterUsSum = 0;
  jitterCount = 0;
  /** 0 where the peer received. */
  rttUsSum = 0;
  rttCount = 0;
  /** Pictures are 0 for audio. */
  pixelMs = 0;
  sizedMs = 0;
  frames = 0;
}

/** Which of the four directions it is. */
export interface DirectionKind {
  isVideo: boolean;
  isSend: boolean;
}

/** The round trip that the sender measured, in ms; MISSING where it measured none, or one that cannot be. */
export function senderRttMs({ rttUsSum, rttCount }: DirectionSums): number {
  return possible(meanMs(rttUsSum, rttCount));
}

/** The quantities of one direction before they are fixed to millionths. */
class DirectionQuantities {
  kbps = MISSING;
  lossPercent = MISSING;
  jitterMs = MISSING;
  rttMs = MISSING;
  pixels = MISSING;
  fps = MISSING;
  variation = MISSING;
}

/** The measures of one direction, all in millionths. One object serves total after total. */
export class DirectionMeasures {
  mos = MISSING;
  score = MISSING;
  bitrate = MISSING;
  packetLoss = MISSING;
  jitter = MISSING;
  /** Of `send` only. */
  rtt = MISSING;
  /** Of video only. */
  fps = MISSING;
  /** A quantity is larger than any measurement can be, and is therefore missing. */
  isTooLarge = false;
  /**
   * Kept, because an object for every total would be most of what is thrown away while a batch is written.
   */
  readonly #quantities = new DirectionQuantities();

  /**
   * Replaces all measures by those of these sums.
   * @param rttOfSender the round trip of the peer's send of the same medium, see `senderRttMs`
   */
  measure(sums: DirectionSums, { isVideo, isSend }: DirectionKind, rttOfSender: number): void {
    const anyKbps = bitrate(sums.bytes, sums.activeMs);
    const anyJitterMs = meanMs(sums.jitterUsSum, sums.jitterCount);
    const anyRttMs = isSend ? meanMs(sums.rttUsSum, sums.rttCount) : MISSING;
    const anyPixels = isVideo ? frameSize(sums.pixelMs, sums.sizedMs) : MISSING;
    const anyFps = isVideo ? frameRate(sums.frames, sums.sizedMs) : MISSING;
    this.isTooLarge =
      anyKbps > QUANTITY_MAX ||
      anyJitterMs > QUANTITY_MAX ||
      anyRttMs > QUANTITY_MAX ||
      anyPixels > QUANTITY_MAX ||
      anyFps > QUANTITY_MAX;

    const of = this.#quantities;
    of.kbps = possible(anyKbps);
    of.jitterMs = possible(anyJitterMs);
    of.rttMs = possible(anyRttMs);
    of.pixels = possible(anyPixels);
    of.fps = possible(anyFps);
    of.lossPercent = packetLoss(sums.packetsLost, sums.packetsArrived);
    of.variation = bitrateVariation(sums.bitrateSqMs, sums.activeMs, of.kbps);
    const delay = delayMs(rttOfSender, of.jitterMs);

    this.mos = toMillionths(isVideo ? videoMos(of, delay) : audioMos(of.lossPercent, delay));
    this.score = toMillionths(directionScore(of, isVideo));
    this.bitrate = toMillionths(of.kbps);
    this.packetLoss = toMillionths(of.lossPercent);
    this.jitter = toMillionths(of.jitterMs);
    this.rtt = toMillionths(of.rttMs);
    this.fps = toMillionths(of.fps);
  }
}
