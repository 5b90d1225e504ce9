// All measures of one direction of one medium of one peer, from its sums to millionths. The quantities, scores and opinions themselves
// are in files of their own; this file says which of them a direction has and what each is computed from.
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

/** The sums of one track total, as doubles. A sum that is no count is MISSING, and so is what follows from it. */
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

/** What a direction's values depend on besides its own sums. */
export interface DirectionContext {
  isVideo: boolean;
  isSend: boolean;
  /** The round trip of the peer's send of the same medium, see `senderRttMs`. */
  senderRttMs: number;
}

/** The round trip that the sender measured, in ms; MISSING where it measured none, or one that cannot be. */
export function senderRttMs({ rttUsSum, rttCount }: DirectionSums): number {
  return possible(meanMs(rttUsSum, rttCount));
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

  /** Replaces all measures by those of these sums. */
  measure(sums: DirectionSums, { isVideo, isSend, senderRttMs: rttOfSender }: DirectionContext): void {
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

    const kbps = possible(anyKbps);
    const jitterMs = possible(anyJitterMs);
    const rttMs = possible(anyRttMs);
    const pixels = possible(anyPixels);
    const fps = possible(anyFps);
    const lossPercent = packetLoss(sums.packetsLost, sums.packetsArrived);
    const delay = delayMs(rttOfSender, jitterMs);
    const variation = bitrateVariation(sums.bitrateSqMs, sums.activeMs, kbps);

    this.mos = toMillionths(isVideo ? videoMos({ kbps, pixels, fps }, delay) : audioMos(lossPercent, delay));
    this.score = toMillionths(
      directionScore({ lossPercent, jitterMs, rttMs, kbps, variation, pixels }, isVideo),
    );
    this.bitrate = toMillionths(kbps);
    this.packetLoss = toMillionths(lossPercent);
    this.jitter = toMillionths(jitterMs);
    this.rtt = toMillionths(rttMs);
    this.fps = toMillionths(fps);
  }
}
