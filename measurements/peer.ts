// The measures of a peer and of a room: a row of numbers in millionths, one slot for each name below. A
// peer's row is made from its four directions; a room's row holds the means over its peers. Writers look a
// value up by its slot.
import type { DirectionMeasures } from './direction.ts';
import { ExactMeans, meanOfTwo, toMillionths } from './fixed-point.ts';
import { isMissing, MISSING } from './quantities.ts';

export const MEDIA = ['audio', 'video'] as const;
export const DIRECTIONS = ['send', 'recv'] as const;
export type Medium = (typeof MEDIA)[number];
export type Direction = (typeof DIRECTIONS)[number];

/** What a direction's part of the row holds, in this order. */
export const DIRECTION_MEASURES = ['mos', 'score', 'bitrate', 'packet_loss', 'jitter', 'rtt', 'fps'] as const;
export type DirectionMeasure = (typeof DIRECTION_MEASURES)[number];

/** Means over send and recv of a medium. */
const MEDIUM_MEASURES = ['bitrate', 'packet_loss', 'jitter'] as const;

const OWN_MEASURES = ['mos', 'score', 'call_setup_time', 'user'] as const;

/** The four directions, numbered as `directionIndex` does. */
export const DIRECTION_NAMES = MEDIA.flatMap((medium) =>
  DIRECTIONS.map((direction) => `${medium}.${direction}` as const),
);

/** Every name of the row: `mos`, `audio.send.bitrate`, `video.jitter`. */
export const MEASURES: readonly string[] = [
  ...OWN_MEASURES,
  ...DIRECTION_NAMES.flatMap((name) => DIRECTION_MEASURES.map((measure) => `${name}.${measure}`)),
  ...MEDIA.flatMap((medium) => MEDIUM_MEASURES.map((measure) => `${medium}.${measure}`)),
];

/** How many numbers a row has. */
export const ROW_LENGTH = MEASURES.length;

/** Where a measure is in a row. @throws RangeError for a name that is not in MEASURES. */
export function slotOf(name: string): number {
  const slot = MEASURES.indexOf(name);
  if (slot === -1) throw new RangeError(`measure: got "${name}", allowed: ${MEASURES.join(', ')}`);
  return slot;
}

/** 0 audio send, 1 audio recv, 2 video send, 3 video recv. */
export function directionIndex(isVideo: boolean, isSend: boolean): number {
  return (isVideo ? 2 : 0) + (isSend ? 0 : 1);
}

const MOS = slotOf('mos');
const SCORE = slotOf('score');
const CALL_SETUP_TIME = slotOf('call_setup_time');
const USER = slotOf('user');
const FIRST_DIRECTION = slotOf('audio.send.mos');
const FIRST_MEDIUM = slotOf('audio.bitrate');
const AUDIO_SEND_RTT = slotOf('audio.send.rtt');
const VIDEO_SEND_RTT = slotOf('video.send.rtt');
const BITRATE_OF_DIRECTION = DIRECTION_MEASURES.indexOf('bitrate');

/** What a peer's row is made from. */
export interface MeasuredPeer {
  /** ms; MISSING where not measured */
  callSetupMs: number;
  /** 1 to 5; MISSING where the user gave none */
  rating: number;
  /** By `directionIndex`; undefined where the peer has no total of that direction. */
  readonly directions: (DirectionMeasures | undefined)[];
}

/** Fills the peer's row, which begins at `from`. */
export function fillPeerRow(
  row: Float64Array,
  from: number,
  { callSetupMs, rating, directions }: MeasuredPeer,
): void {
  let scores = 0;
  let scored = 0;
  for (let index = 0; index < DIRECTION_NAMES.length; index++) {
    const of = directions[index];
    let slot = from + FIRST_DIRECTION + index * DIRECTION_MEASURES.length;
    if (of === undefined) {
      row.fill(MISSING, slot, slot + DIRECTION_MEASURES.length);
      continue;
    }
    row[slot++] = of.mos;
    row[slot++] = of.score;
    row[slot++] = of.bitrate;
    row[slot++] = of.packetLoss;
    row[slot++] = of.jitter;
    row[slot++] = of.rtt;
    row[slot] = of.fps;
    if (isMissing(of.score)) continue;
    scores += of.score;
    scored += 1;
  }
  fillMedia(row, from);
  row[from + MOS] = meanOfTwo(directions[0]?.mos ?? MISSING, directions[1]?.mos ?? MISSING);
  // At most four scores of at most 10⁷ millionths: exact in doubles.
  row[from + SCORE] = scored === 0 ? MISSING : Math.floor((scores + Math.floor(scored / 2)) / scored);
  row[from + CALL_SETUP_TIME] = toMillionths(callSetupMs);
  row[from + USER] = toMillionths(rating);
}

/**
 * Bitrate, packet loss and jitter of each medium: the mean of its send and its recv, at a peer and again at a
 * room.
 */
function fillMedia(row: Float64Array, from: number): void {
  for (let medium = 0; medium < MEDIA.length; medium++) {
    const send = from + FIRST_DIRECTION + 2 * medium * DIRECTION_MEASURES.length + BITRATE_OF_DIRECTION;
    const recv = send + DIRECTION_MEASURES.length;
    const mean = from + FIRST_MEDIUM + medium * MEDIUM_MEASURES.length;
    for (let index = 0; index < MEDIUM_MEASURES.length; index++) {
      row[mean + index] = meanOfTwo(row[send + index] ?? MISSING, row[recv + index] ?? MISSING);
    }
  }
}

/** How many peers stand behind a room's values. */
export interface MeasuredPeers {
  mos: number;
  score: number;
  audio: number;
  video: number;
}

/** The row of a room: means over its peers, all with equal weight. One object serves room after room. */
export class RoomMeans {
  readonly row = new Float64Array(ROW_LENGTH);
  readonly measured: MeasuredPeers = { mos: 0, score: 0, audio: 0, video: 0 };
  readonly #means = new ExactMeans(FIRST_MEDIUM);

  clear(): void {
    this.#means.clear();
    this.measured.audio = 0;
    this.measured.video = 0;
  }

  /** Adds a peer, whose row begins at `from`. */
  add(rows: Float64Array, from: number): void {
    this.#means.add(rows, from);
    if (hasAny(rows, from + FIRST_MEDIUM, from + AUDIO_SEND_RTT)) this.measured.audio += 1;
    if (hasAny(rows, from + FIRST_MEDIUM + MEDIUM_MEASURES.length, from + VIDEO_SEND_RTT))
      this.measured.video += 1;
  }

  /** Fills `row` and `measured` from the peers added since `clear`. */
  finish(): void {
    for (let slot = 0; slot < FIRST_MEDIUM; slot++) this.row[slot] = this.#means.mean(slot);
    fillMedia(this.row, 0);
    this.measured.mos = this.#means.count(MOS);
    this.measured.score = this.#means.count(SCORE);
  }
}

/** Whether the peer has any quantity of a medium: one of its three means, or a round trip. */
function hasAny(rows: Float64Array, firstMean: number, rtt: number): boolean {
  if (!isMissing(rows[rtt] ?? MISSING)) return true;
  for (let index = 0; index < MEDIUM_MEASURES.length; index++) {
    if (!isMissing(rows[firstMean + index] ?? MISSING)) return true;
  }
  return false;
}
