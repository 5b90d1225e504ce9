// The reference's numbers: which rows of a room hold, what is wrong with its rows, and the quantities of each
// peer, in BigInt and one value at a time. Shares no code with the product; exact numbers and opinions are
// those of the oracle.
import type { FieldSet } from '../../workflows/model/stream.ts';
import { meanOf, measurable, toMillionths } from '../oracle/exact-numbers.ts';
import type { Millionths } from '../oracle/exact-numbers.ts';
import { audioMos, delayOf, scoreOf, videoMos } from '../oracle/formulas.ts';
import { toWellFormed } from '../oracle/json-text.ts';
import { valueOf } from './history-rows.ts';
import type { ByteText, KeyedRow, KeysOfPeer, ScanName } from './history-rows.ts';

export const LARGEST = 100_000_000;
export const CONNECTION_TYPES = ['HOST', 'STUN', 'TURN'];
export const MEDIA_TRANSPORTS = ['udp', 'tcp', 'tls'];

const DIRECTIONS = ['audio send', 'audio recv', 'video send', 'video recv'] as const;
export type DirectionName = (typeof DIRECTIONS)[number];

export type Quantities = Record<
  'mos' | 'score' | 'bitrate' | 'packetLoss' | 'jitter' | 'rtt' | 'fps',
  Millionths | null
>;

export type Directions = Partial<Record<DirectionName, { row: KeyedRow; quantities: Quantities }>>;

export interface MeasuredPeer {
  row: KeyedRow;
  directions: Directions;
  mos: Millionths | null;
  score: Millionths | null;
  callSetup: Millionths | null;
  rating: Millionths | null;
}

/** Measures the rows of one room and collects what is wrong with them. */
export class RoomMeasures {
  readonly fields: FieldSet;
  readonly faults = new Set<string>();

  constructor(fields: FieldSet) {
    this.fields = fields;
  }

  /** The row of the highest version. */
  holding(scan: ScanName, rows: readonly KeyedRow[], fault: string): KeyedRow {
    if (rows.length > 1) this.faults.add(fault);
    const version = (row: KeyedRow) => BigInt(valueOf(scan, row, 'version') as number | bigint);
    return rows.reduce((best, row) => (version(row) > version(best) ? row : best));
  }

  /** By start time, then by id. */
  measurePeers(peerRows: readonly KeyedRow[], totals: readonly KeyedRow[]): MeasuredPeer[] {
    for (const row of peerRows) this.#checkPeer(row);
    for (const row of totals) this.#checkTotal(row);
    const keyOf = (row: KeyedRow) => JSON.stringify([peerIdOf(row), directionOf(row)]);
    this.#fault(new Set(totals.map(keyOf)).size < totals.length, 'total_twice');
    const peers = groupBy(peerRows, peerIdOf);
    const totalsOf = groupBy(totals, peerIdOf);
    if ([...totalsOf.keys()].some((peerId) => !peers.has(peerId))) this.faults.add('total_of_nobody');
    return [...peers]
      .map(([peerId, rows]) =>
        this.#measurePeer(this.holding('peers', rows, 'peer_twice'), totalsOf.get(peerId) ?? []),
      )
      .sort(
        (a, b) =>
          Number(a.row['joined_at']) - Number(b.row['joined_at']) ||
          compareTexts(peerIdOf(a.row), peerIdOf(b.row)),
      );
  }

  #fault(is: boolean, code: string): void {
    if (is) this.faults.add(code);
  }

  #checkPeer(row: KeyedRow): void {
    const time = (column: string) => Number(valueOf('peers', row, column));
    this.#fault(time('left_at') < time('joined_at'), 'peer_time');
    this.#fault(connectedMsOf(row) === null, 'peer_count');
    this.#fault(this.fields === 'extended' && countOf('peers', row, 'joins') === null, 'peer_count');
    this.#fault((countOf('peers', row, 'call_setup_ms') ?? 0n) > BigInt(LARGEST), 'call_setup');
    this.#fault(countOf('peers', row, 'rating') !== null && ratingOf(row) === null, 'rating');
    this.#fault(isOtherWord(row, 'connection_type', CONNECTION_TYPES), 'connection_type');
    this.#fault(isOtherWord(row, 'media_transport', MEDIA_TRANSPORTS), 'media_transport');
    const names = keysOf(row).map(([name]) => name);
    this.#fault(new Set(names.map(toWellFormed)).size < names.length, 'key_twice');
    this.#fault(!names.every(isWellFormed), 'text');
  }

  #checkTotal(row: KeyedRow): void {
    this.#fault(!isDirection(directionOf(row)), 'total_kind');
    const isSend = row['direction'] === 'send';
    const isVideo = row['media'] === 'video';
    const isExtended = this.fields === 'extended';
    const used = [
      'bytes',
      'packets_lost',
      'packets_arrived',
      'active_ms',
      'bitrate_sq_ms',
      'jitter_us_sum',
      'jitter_count',
      ...(isSend ? ['rtt_us_sum', 'rtt_count'] : []),
      ...(isVideo ? ['pixel_ms', 'sized_ms', 'frames'] : []),
      ...(isExtended ? ['packets', 'jitter_us_max'] : []),
      ...(isExtended && isSend ? ['rtt_us_max'] : []),
      ...(isExtended && isVideo ? ['width_max', 'height_max', 'freezes'] : []),
    ];
    this.#fault(
      used.some((column) => valueOf('totals', row, column) === null),
      'total_count',
    );
    this.#fault(
      Object.values(plainQuantitiesOf(row)).some((x) => x !== null && x > LARGEST),
      'too_large',
    );
  }

  #measurePeer(row: KeyedRow, totals: readonly KeyedRow[]): MeasuredPeer {
    const directions = this.#directionsOf(totals);
    const heard = [directions['audio send'], directions['audio recv']];
    const callSetup = countOf('peers', row, 'call_setup_ms');
    const rating = ratingOf(row);
    return {
      row,
      directions,
      mos: meanOf(heard.map((of) => of?.quantities.mos ?? null)),
      score: meanOf(Object.values(directions).map(({ quantities }) => quantities.score)),
      callSetup: callSetup === null || callSetup > BigInt(LARGEST) ? null : callSetup * 1_000_000n,
      rating: rating === null ? null : rating * 1_000_000n,
    };
  }

  /** The totals that hold. Of other media and directions none does. */
  #directionsOf(totals: readonly KeyedRow[]): Directions {
    const held = new Map<string, KeyedRow>();
    for (const [name, rows] of groupBy(totals, directionOf))
      if (isDirection(name)) held.set(name, this.holding('totals', rows, 'total_twice'));
    const found: Directions = {};
    for (const [name, row] of held) {
      const sender = held.get(`${String(row['media'])} send`);
      const rttMs = sender === undefined ? null : meanMs(sender, 'rtt_us_sum', 'rtt_count');
      found[name as DirectionName] = { row, quantities: measure(row, measurable(rttMs)) };
    }
    return found;
  }
}

/** As the formulas give them, however large. */
function plainQuantitiesOf(row: KeyedRow) {
  const isVideo = row['media'] === 'video';
  const isSend = row['direction'] === 'send';
  const eightfold = numberOf(row, 'bytes');
  const frames = numberOf(row, 'frames');
  return {
    bitrate: quotient(eightfold === null ? null : 8 * eightfold, numberOf(row, 'active_ms')),
    jitter: meanMs(row, 'jitter_us_sum', 'jitter_count'),
    rtt: isSend ? meanMs(row, 'rtt_us_sum', 'rtt_count') : null,
    pixels: isVideo ? quotient(numberOf(row, 'pixel_ms'), numberOf(row, 'sized_ms')) : null,
    fps: isVideo ? quotient(frames === null ? null : 1000 * frames, numberOf(row, 'sized_ms')) : null,
  };
}

function measure(row: KeyedRow, sendRttMs: number | null): Quantities {
  const media = row['media'] === 'video' ? 'video' : 'audio';
  const plain = plainQuantitiesOf(row);
  const bitrate = measurable(plain.bitrate);
  const jitter = measurable(plain.jitter);
  const rtt = measurable(plain.rtt);
  const pixels = measurable(plain.pixels);
  const fps = measurable(plain.fps);
  const packetLoss = packetLossOf(row);
  const delayMs = delayOf(sendRttMs, jitter);
  const heard = packetLoss === null ? null : audioMos(packetLoss, delayMs);
  const variation = variationOf(row, bitrate);
  return {
    mos: toMillionths(media === 'video' ? videoMos({ bitrate, pixels, fps, delayMs }) : heard),
    score: toMillionths(scoreOf(media, { packetLoss, jitter, rtt, bitrate, variation, pixels })),
    bitrate: toMillionths(bitrate),
    packetLoss: toMillionths(packetLoss),
    jitter: toMillionths(jitter),
    rtt: toMillionths(rtt),
    fps: toMillionths(fps),
  };
}

function packetLossOf(row: KeyedRow): number | null {
  const [lost, arrived] = [numberOf(row, 'packets_lost'), numberOf(row, 'packets_arrived')];
  if (lost === null || arrived === null) return null;
  return quotient(100 * Math.max(0, lost), Math.max(0, lost) + arrived);
}

function variationOf(row: KeyedRow, bitrate: number | null): number | null {
  const [squares, activeMs] = [numberOf(row, 'bitrate_sq_ms'), numberOf(row, 'active_ms')];
  if (bitrate === null || bitrate === 0 || squares === null || activeMs === null) return null;
  return Math.sqrt(Math.max(0, squares / activeMs / (bitrate * bitrate) - 1));
}

function meanMs(row: KeyedRow, sum: string, readings: string): number | null {
  const us = quotient(numberOf(row, sum), numberOf(row, readings));
  return us === null ? null : us / 1000;
}

function quotient(dividend: number | null, divisor: number | null): number | null {
  return dividend === null || divisor === null || divisor === 0 ? null : dividend / divisor;
}

function numberOf(row: KeyedRow, column: string): number | null {
  const value = countOf('totals', row, column);
  return value === null ? null : Number(value);
}

export function countOf(scan: ScanName, row: KeyedRow, column: string): bigint | null {
  const value = valueOf(scan, row, column);
  return value === null ? null : BigInt(value as number | bigint);
}

/** null where it is none, or too large. */
export function connectedMsOf(row: KeyedRow): bigint | null {
  const connected = countOf('peers', row, 'connected_ms');
  return connected === null || connected > 1000n * BigInt(LARGEST) ? null : connected;
}

export function ratingOf(row: KeyedRow): bigint | null {
  const rating = countOf('peers', row, 'rating');
  return rating !== null && rating >= 1n && rating <= 5n ? rating : null;
}

function isOtherWord(row: KeyedRow, column: string, words: readonly string[]): boolean {
  const word = String(valueOf('peers', row, column));
  return word !== '' && !words.includes(word);
}

export function keysOf(row: KeyedRow): KeysOfPeer {
  return valueOf('peers', row, 'keys') as KeysOfPeer;
}

export function isWellFormed(text: ByteText): boolean {
  return toWellFormed(text) === text;
}

function isDirection(name: string): name is DirectionName {
  return DIRECTIONS.some((direction) => direction === name);
}

function directionOf(row: KeyedRow): string {
  return `${String(row['media'])} ${String(row['direction'])}`;
}

function peerIdOf(row: KeyedRow): ByteText {
  return String(valueOf('peers', row, 'peer_id'));
}

export function compareTexts(a: ByteText, b: ByteText): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function groupBy<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Map<string, [Row, ...Row[]]> {
  const groups = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
