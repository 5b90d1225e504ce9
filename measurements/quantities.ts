// The quantities of one direction of one medium, computed from the sums over its ticks. One function per
// quantity, as in docs/measurements.md, formula version 1. All arithmetic is double precision; fixed-point.ts
// fixes the results afterwards. A quantity that was not measured is NaN: it needs no boxed null, and every
// comparison with it is false.

/** Says that a quantity was not measured. Test with `isMissing`, because NaN is not equal to itself. */
export const MISSING = Number.NaN;

/**
 * The largest value that is taken for a measurement, in the unit of the quantity. What is larger is not
 * known.
 */
export const QUANTITY_MAX = 100_000_000;

/**
 * The longest time that is taken for the duration of a room or of a peer's stay, in ms: about three years.
 */
export const DURATION_MS_MAX = 1000 * QUANTITY_MAX;

export function isMissing(x: number): boolean {
  return x !== x;
}

/** The quantity itself; MISSING where it is larger than any measurement can be. */
export function possible(x: number): number {
  return x > QUANTITY_MAX ? MISSING : x;
}

/** @returns kbit/s; MISSING where the medium was active for no time. */
export function bitrate(bytes: number, activeMs: number): number {
  return activeMs === 0 ? MISSING : (8 * bytes) / activeMs;
}

/**
 * @param lost packets; a negative total (late packets) counts as 0
 * @param arrived packets
 * @returns percent, 0 to 100; MISSING where nothing is known of any packet.
 */
export function packetLoss(lost: number, arrived: number): number {
  const lostPackets = lost < 0 ? 0 : lost;
  const packets = lostPackets + arrived;
  return packets === 0 ? MISSING : (100 * lostPackets) / packets;
}

/**
 * The mean of readings, for jitter and for round trips.
 * @param sumUs sum of the readings in µs
 * @param readings how many there are
 * @returns ms; MISSING without readings.
 */
export function meanMs(sumUs: number, readings: number): number {
  return readings === 0 ? MISSING : sumUs / readings / 1000;
}

/** @returns pixels of a frame, weighted by time; MISSING where no frame size is known. */
export function frameSize(pixelMs: number, sizedMs: number): number {
  return sizedMs === 0 ? MISSING : pixelMs / sizedMs;
}

/** @returns frames per second over the time in which the frame size is known; MISSING where it never is. */
export function frameRate(frames: number, sizedMs: number): number {
  return sizedMs === 0 ? MISSING : (1000 * frames) / sizedMs;
}

/**
 * How much the bitrate varied: the standard deviation over the mean.
 * @param bitrateSqMs Σ (kbit/s)² · ms
 * @param meanKbps the bitrate of the direction
 * @returns a ratio, 0 or more; MISSING where the bitrate is missing or 0.
 */
export function bitrateVariation(bitrateSqMs: number, activeMs: number, meanKbps: number): number {
  if (!(meanKbps > 0)) return MISSING;
  // A bitrate so small that its square is 0 must not divide by 0.
  const square = Math.max(meanKbps * meanKbps, 1e-300);
  const excess = bitrateSqMs / activeMs / square - 1;
  return isMissing(excess) ? MISSING : Math.sqrt(Math.max(excess, 0));
}
