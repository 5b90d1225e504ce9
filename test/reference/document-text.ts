// The document a second time, slow and plain: for every room the rows that hold, the numbers in BigInt, and one line of JSON put together by
// hand. Shares no code with the product; texts, exact numbers and opinions are those of the oracle. What a number means is explained in
// docs/measurements.md.
import {
  divideHalfUp,
  meanOf,
  measurable,
  toDecimals,
  toMillionths,
  type Millionths,
} from '../oracle/exact-numbers.ts';
import { audioMos, delayOf, scoreOf, videoMos } from '../oracle/formulas.ts';
import { toJsonText, toWellFormed } from '../oracle/json-text.ts';
import type { FieldSet } from '../../workflows/model/stream.ts';
import { valueOf, type ByteText, type HistoryRows, type KeyedRow, type KeysOfPeer } from './history-rows.ts';

export interface ReferenceRoom {
  line: ByteText;
  /** Named as the table in docs/measurements.md does, in its order. */
  faults: string[];
}

const FAULTS = [
  'room_twice',
  'room_time',
  'peer_twice',
  'peer_time',
  'peer_count',
  'call_setup',
  'rating',
  'connection_type',
  'media_transport',
  'key_twice',
  'total_twice',
  'total_kind',
  'total_count',
  'total_of_nobody',
  'too_large',
  'text',
];

const LARGEST = 100_000_000;
const CONNECTION_TYPES = ['HOST', 'STUN', 'TURN'];
const MEDIA_TRANSPORTS = ['udp', 'tcp', 'tls'];

type Quantities = Record<
  'mos' | 'score' | 'bitrate' | 'packetLoss' | 'jitter' | 'rtt' | 'fps',
  Millionths | null
>;
type DirectionName = 'audio send' | 'audio recv' | 'video send' | 'video recv';
type Directions = Partial<Record<DirectionName, { row: KeyedRow; quantities: Quantities }>>;

interface MeasuredPeer {
  row: KeyedRow;
  directions: Directions;
  mos: Millionths | null;
  score: Millionths | null;
  callSetup: Millionths | null;
  rating: Millionths | null;
}

/** All rooms in the order of the file. Of rows with one key and one version any may hold, so there may be none such. */
export function toReferenceRooms(rows: HistoryRows, fields: FieldSet): ReferenceRoom[] {
  const rooms = groupBy(rows.rooms, roomKeyOf);
  const peers = groupBy(rows.peers, roomKeyOf);
  const totals = groupBy(rows.totals, roomKeyOf);
  return [...rooms]
    .sort(([, [a]], [, [b]]) => compareRows(a, b))
    .map(([key, ofRoom]) =>
      new RoomText(fields).write(ofRoom, peers.get(key) ?? [], groupBy(totals.get(key) ?? [], peerIdOf)),
    );
}

/** One room; collects its faults while it is written. */
class RoomText {
  readonly #fields: FieldSet;
  readonly #faults = new Set<string>();

  constructor(fields: FieldSet) {
    this.#fields = fields;
  }

  write(
    versions: readonly KeyedRow[],
    peerRows: readonly KeyedRow[],
    totals: ReadonlyMap<ByteText, KeyedRow[]>,
  ): ReferenceRoom {
    const room = this.#holding('rooms', versions, 'room_twice');
    if (toWellFormed(room.session_id) !== room.session_id) this.#faults.add('text');
    for (const row of peerRows) this.#checkPeer(row);
    const byId = groupBy(peerRows, peerIdOf);
    const peers = [...byId.values()].map((rows) => {
      const row = this.#holding('peers', rows, 'peer_twice');
      return this.#measurePeer(row, totals.get(peerIdOf(row)) ?? []);
    });
    for (const [peerId, rows] of totals) {
      if (byId.has(peerId)) continue;
      this.#faults.add('total_of_nobody');
      // What is wrong with them is looked for all the same.
      for (const row of rows) this.#checkTotal(row);
    }
    peers.sort(
      (a, b) =>
        Number(a.row['joined_at']) - Number(b.row['joined_at']) ||
        compareTexts(peerIdOf(a.row), peerIdOf(b.row)),
    );
    const line = this.#roomText(room, peers);
    return { line, faults: FAULTS.filter((code) => this.#faults.has(code)) };
  }

  #holding(scan: 'rooms' | 'peers' | 'totals', rows: readonly KeyedRow[], fault: string): KeyedRow {
    if (rows.length > 1) this.#faults.add(fault);
    const version = (row: KeyedRow) => BigInt(valueOf(scan, row, 'version') as number);
    return rows.reduce((best, row) => (version(row) > version(best) ? row : best));
  }

  #checkPeer(row: KeyedRow): void {
    const fault = (is: boolean, code: string) => void (is && this.#faults.add(code));
    fault(Number(valueOf('peers', row, 'left_at')) < Number(valueOf('peers', row, 'joined_at')), 'peer_time');
    const connected = count('peers', row, 'connected_ms');
    fault(connected === null || connected > BigInt(LARGEST) * 1000n, 'peer_count');
    fault(this.#fields === 'extended' && count('peers', row, 'joins') === null, 'peer_count');
    fault((count('peers', row, 'call_setup_ms') ?? 0n) > BigInt(LARGEST), 'call_setup');
    fault(count('peers', row, 'rating') !== null && ratingOf(row) === null, 'rating');
    fault(isOtherWord(row, 'connection_type', CONNECTION_TYPES), 'connection_type');
    fault(isOtherWord(row, 'media_transport', MEDIA_TRANSPORTS), 'media_transport');
    const names = keysOf(row).map(([name]) => name);
    const shown = names.map(toWellFormed);
    fault(new Set(shown).size < names.length, 'key_twice');
    fault(
      shown.some((name, index) => name !== names[index]),
      'text',
    );
  }

  #measurePeer(row: KeyedRow, totals: readonly KeyedRow[]): MeasuredPeer {
    const directions = this.#directionsOf(totals);
    const measured = Object.values(directions).map(({ quantities }) => quantities);
    const callSetup = count('peers', row, 'call_setup_ms');
    const rating = ratingOf(row);
    return {
      row,
      directions,
      mos: meanOf([
        directions['audio send']?.quantities.mos ?? null,
        directions['audio recv']?.quantities.mos ?? null,
      ]),
      score: meanOf(measured.map(({ score }) => score)),
      callSetup: callSetup === null || callSetup > BigInt(LARGEST) ? null : callSetup * 1_000_000n,
      rating: rating === null ? null : rating * 1_000_000n,
    };
  }

  /** The totals that hold, measured; also finds what is wrong with those that do not. */
  #directionsOf(totals: readonly KeyedRow[]): Directions {
    const found: Directions = {};
    for (const row of totals) this.#checkTotal(row);
    for (const rows of groupBy(totals, directionOf).values()) {
      const name = directionOf(rows[0]);
      if (!isDirection(name)) continue;
      const row = this.#holding('totals', rows, 'total_twice');
      found[name] = { row, quantities: this.#measure(row, null) };
    }
    for (const of of Object.values(found)) {
      const media = String(of.row['media']);
      const sender = found[`${media} send` as DirectionName];
      const rttMs = sender === undefined ? null : meanMs(sender.row, 'rtt_us_sum', 'rtt_count');
      of.quantities = this.#measure(of.row, measurable(rttMs));
    }
    return found;
  }

  #checkTotal(row: KeyedRow): void {
    if (!isDirection(directionOf(row))) this.#faults.add('total_kind');
    this.#measure(row, null);
  }

  #measure(row: KeyedRow, sendRttMs: number | null): Quantities {
    const media = row['media'] === 'video' ? 'video' : 'audio';
    const isVideo = media === 'video';
    const isSend = row['direction'] === 'send';
    this.#checkCounts(row, { isVideo, isSend });
    const any = {
      bitrate: quotient(times(8, number(row, 'bytes')), number(row, 'active_ms')),
      jitter: meanMs(row, 'jitter_us_sum', 'jitter_count'),
      rtt: isSend ? meanMs(row, 'rtt_us_sum', 'rtt_count') : null,
      pixels: isVideo ? quotient(number(row, 'pixel_ms'), number(row, 'sized_ms')) : null,
      fps: isVideo ? quotient(times(1000, number(row, 'frames')), number(row, 'sized_ms')) : null,
    };
    if (Object.values(any).some((x) => x !== null && x > LARGEST)) this.#faults.add('too_large');
    const bitrate = measurable(any.bitrate);
    const jitter = measurable(any.jitter);
    const rtt = measurable(any.rtt);
    const pixels = measurable(any.pixels);
    const fps = measurable(any.fps);
    const lost = number(row, 'packets_lost');
    const arrived = number(row, 'packets_arrived');
    const packetLoss =
      lost === null || arrived === null
        ? null
        : quotient(100 * Math.max(0, lost), Math.max(0, lost) + arrived);
    const delayMs = delayOf(sendRttMs, jitter);
    const heard = packetLoss === null ? null : audioMos(packetLoss, delayMs);
    const variation = variationOf(row, bitrate);
    return {
      mos: toMillionths(isVideo ? videoMos({ bitrate, pixels, fps, delayMs }) : heard),
      score: toMillionths(scoreOf(media, { packetLoss, jitter, rtt, bitrate, variation, pixels })),
      bitrate: toMillionths(bitrate),
      packetLoss: toMillionths(packetLoss),
      jitter: toMillionths(jitter),
      rtt: toMillionths(rtt),
      fps: toMillionths(fps),
    };
  }

  #checkCounts(row: KeyedRow, { isVideo, isSend }: { isVideo: boolean; isSend: boolean }): void {
    const isExtended = this.#fields === 'extended';
    const used = [
      ...['bytes', 'packets_lost', 'packets_arrived', 'active_ms', 'bitrate_sq_ms'],
      ...['jitter_us_sum', 'jitter_count'],
      ...(isSend ? ['rtt_us_sum', 'rtt_count'] : []),
      ...(isVideo ? ['pixel_ms', 'sized_ms', 'frames'] : []),
      ...(isExtended ? ['packets', 'jitter_us_max'] : []),
      ...(isExtended && isSend ? ['rtt_us_max'] : []),
      ...(isExtended && isVideo ? ['width_max', 'height_max', 'freezes'] : []),
    ];
    if (used.some((column) => valueOf('totals', row, column) === null)) this.#faults.add('total_count');
  }

  #roomText(room: KeyedRow, peers: readonly MeasuredPeer[]): ByteText {
    const lastedMs =
      Number(valueOf('rooms', room, 'ended_at')) - Number(valueOf('rooms', room, 'started_at'));
    const isDuration = lastedMs >= 0 && lastedMs <= 1000 * LARGEST;
    if (!isDuration) this.#faults.add('room_time');
    const standard = [
      `"room_url":${this.#textOrNull('rooms', room, 'room_url')}`,
      `"room_id":${this.#text(String(valueOf('rooms', room, 'room_id')))}`,
      `"start_time":${time('rooms', room, 'started_at')}`,
      `"end_time":${time('rooms', room, 'ended_at')}`,
      `"duration":${isDuration ? divideHalfUp(BigInt(lastedMs), 1000n) : 'null'}`,
      `"users":${peers.length}`,
      `"stats":${roomStats(peers)}`,
      `"peers":[${peers.map((peer) => this.#peerText(peer)).join(',')}]`,
    ];
    if (this.#fields === 'standard') return `{${standard.join(',')}}`;
    const has = (is: (peer: MeasuredPeer) => boolean) => peers.filter(is).length;
    const extended = [
      `"session_id":${this.#text(room.session_id)}`,
      `"finalized_at":${time('rooms', room, 'finalized_at')}`,
      '"schema_version":1',
      `"user":${toDecimals(meanOf(peers.map(({ rating }) => rating)), 2)}`,
      `"measured":{"mos":${has(({ mos }) => mos !== null)},"score":${has(({ score }) => score !== null)},` +
        `"audio":${has(hasAny('audio'))},"video":${has(hasAny('video'))}}`,
    ];
    return `{${[...standard, ...extended].join(',')}}`;
  }

  #peerText(peer: MeasuredPeer): ByteText {
    const { row } = peer;
    const text = (key: string, column = key) => `"${key}":${this.#textOrNull('peers', row, column)}`;
    const connected = count('peers', row, 'connected_ms');
    const duration =
      connected === null || connected > BigInt(LARGEST) * 1000n ? 'null' : divideHalfUp(connected, 1000n);
    const standard = [
      ...[text('peer_id'), text('os'), text('os_version'), text('browser'), text('browser_version')],
      `"location":{${text('city')},${text('country')},${text('organization')}}`,
      text('sdk_version'),
      `"start_time":${time('peers', row, 'joined_at')}`,
      `"duration":${duration}`,
      `"keys":${this.#keysText(row)}`,
      `"features":{"connection_type":${oneOf(row, 'connection_type', CONNECTION_TYPES)},"media_transport":${oneOf(row, 'media_transport', MEDIA_TRANSPORTS)}}`,
      `"stats":${this.#peerStats(peer)}`,
      text('audio_device'),
      text('video_device'),
    ];
    if (this.#fields === 'standard') return `{${standard.join(',')}}`;
    const extended = [
      `"end_time":${time('peers', row, 'left_at')}`,
      `"joins":${count('peers', row, 'joins') ?? 'null'}`,
      `"user":${ratingOf(row) ?? 'null'}`,
      text('end_reason'),
    ];
    return `{${[...standard, ...extended].join(',')}}`;
  }

  #peerStats({ directions, mos, score, callSetup }: MeasuredPeer): ByteText {
    const of = (name: DirectionName) => this.#directionText(name, directions[name]);
    const both = (media: 'audio' | 'video') => {
      const [send, recv] = [directions[`${media} send`]?.quantities, directions[`${media} recv`]?.quantities];
      return `{"send":${of(`${media} send`)},"recv":${of(`${media} recv`)},${means(send, recv)}}`;
    };
    return `{${opinions({ mos, score, callSetup })},"audio":${both('audio')},"video":${both('video')}}`;
  }

  #directionText(name: DirectionName, of: Directions[DirectionName]): ByteText {
    const [media, direction] = name.split(' ');
    const q = of?.quantities;
    const standard = [
      `"mos":${toDecimals(q?.mos ?? null, 2)}`,
      ...(media === 'audio' ? [`"score":${toDecimals(q?.score ?? null, 1)}`] : []),
      network(q),
      ...(direction === 'send' ? [`"rtt":${toDecimals(q?.rtt ?? null, 0)}`] : []),
    ];
    if (this.#fields === 'standard') return `{${standard.join(',')}}`;
    const row = of?.row;
    const whole = (column: string) => (row === undefined ? null : count('totals', row, column));
    const isUnheard = whole('packets_lost') === 0n && whole('packets_arrived') === 0n;
    const size = (column: string) => (whole(column) === 0n ? 'null' : (whole(column) ?? 'null'));
    const extended = [
      `"codec":${row === undefined ? 'null' : this.#textOrNull('totals', row, 'codec')}`,
      `"packets":${whole('packets') ?? 'null'}`,
      `"packets_lost":${isUnheard ? 'null' : (whole('packets_lost') ?? 'null')}`,
      `"bytes":${whole('bytes') ?? 'null'}`,
      `"active_time":${thousandth(whole('active_ms'))}`,
      `"jitter_max":${whole('jitter_count') === 0n ? 'null' : thousandth(whole('jitter_us_max'))}`,
      ...(direction === 'send'
        ? [`"rtt_max":${whole('rtt_count') === 0n ? 'null' : thousandth(whole('rtt_us_max'))}`]
        : []),
      ...(media === 'video'
        ? [
            `"width":${size('width_max')}`,
            `"height":${size('height_max')}`,
            `"fps":${toDecimals(q?.fps ?? null, 1)}`,
            `"freezes":${whole('freezes') ?? 'null'}`,
          ]
        : []),
    ];
    return `{${[...standard, ...extended].join(',')}}`;
  }

  #keysText(row: KeyedRow): ByteText {
    const merged = new Map<ByteText, ByteText[]>();
    for (const [name, values] of keysOf(row)) {
      const shown = toWellFormed(name);
      merged.set(shown, [...(merged.get(shown) ?? []), ...values]);
    }
    const entries = [...merged]
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([name, values]) => {
        const texts = values.map((value) => this.#text(value));
        return `${toJsonText(name)}:${texts.length === 1 ? texts.join('') : `[${texts.join(',')}]`}`;
      });
    return `{${entries.join(',')}}`;
  }

  #textOrNull(scan: 'rooms' | 'peers' | 'totals', row: KeyedRow, column: string): ByteText {
    const text = String(valueOf(scan, row, column));
    return text === '' ? 'null' : this.#text(text);
  }

  #text(text: ByteText): ByteText {
    if (toWellFormed(text) !== text) this.#faults.add('text');
    return toJsonText(text);
  }
}

function roomStats(peers: readonly MeasuredPeer[]): string {
  const mean = (name: DirectionName): Quantities => {
    const of = (key: keyof Quantities) =>
      meanOf(peers.map(({ directions }) => directions[name]?.quantities[key] ?? null));
    return {
      mos: null,
      score: null,
      bitrate: of('bitrate'),
      packetLoss: of('packetLoss'),
      jitter: of('jitter'),
      rtt: of('rtt'),
      fps: null,
    };
  };
  const medium = (media: 'audio' | 'video') => {
    const [send, recv] = [mean(`${media} send`), mean(`${media} recv`)];
    return `{"send":{${network(send)},"rtt":${toDecimals(send.rtt, 0)}},"recv":{${network(recv)}},${means(send, recv)}}`;
  };
  const own = {
    mos: meanOf(peers.map(({ mos }) => mos)),
    score: meanOf(peers.map(({ score }) => score)),
    callSetup: meanOf(peers.map(({ callSetup }) => callSetup)),
  };
  return `{${opinions(own)},"audio":${medium('audio')},"video":${medium('video')}}`;
}

function opinions({ mos, score, callSetup }: Pick<MeasuredPeer, 'mos' | 'score' | 'callSetup'>): string {
  return `"mos":${toDecimals(mos, 2)},"score":${toDecimals(score, 1)},"call_setup_time":${toDecimals(callSetup, 0)}`;
}

function network(of: Pick<Quantities, 'bitrate' | 'packetLoss' | 'jitter'> | undefined): string {
  return `"bitrate":${toDecimals(of?.bitrate ?? null, 0)},"packet_loss":${toDecimals(of?.packetLoss ?? null, 1)},"jitter":${toDecimals(of?.jitter ?? null, 0)}`;
}

function means(send: Quantities | undefined, recv: Quantities | undefined): string {
  const of = (key: 'bitrate' | 'packetLoss' | 'jitter') => meanOf([send?.[key] ?? null, recv?.[key] ?? null]);
  return network({ bitrate: of('bitrate'), packetLoss: of('packetLoss'), jitter: of('jitter') });
}

function hasAny(media: 'audio' | 'video') {
  return ({ directions }: MeasuredPeer): boolean => {
    const [send, recv] = [directions[`${media} send`]?.quantities, directions[`${media} recv`]?.quantities];
    const all = [send, recv].flatMap((q) => [q?.bitrate, q?.packetLoss, q?.jitter]);
    return [...all, send?.rtt].some((quantity) => quantity !== undefined && quantity !== null);
  };
}

function variationOf(row: KeyedRow, bitrate: number | null): number | null {
  const [squares, activeMs] = [number(row, 'bitrate_sq_ms'), number(row, 'active_ms')];
  if (bitrate === null || bitrate === 0 || squares === null || activeMs === null) return null;
  return Math.sqrt(Math.max(0, squares / activeMs / (bitrate * bitrate) - 1));
}

function meanMs(row: KeyedRow, sum: string, readings: string): number | null {
  const us = quotient(number(row, sum), number(row, readings));
  return us === null ? null : us / 1000;
}

function quotient(dividend: number | null, divisor: number | null): number | null {
  return dividend === null || divisor === null || divisor === 0 ? null : dividend / divisor;
}

function times(factor: number, x: number | null): number | null {
  return x === null ? null : factor * x;
}

function number(row: KeyedRow, column: string): number | null {
  const value = count('totals', row, column);
  return value === null ? null : Number(value);
}

function count(scan: 'peers' | 'totals', row: KeyedRow, column: string): bigint | null {
  const value = valueOf(scan, row, column);
  return value === null ? null : BigInt(value as number | bigint);
}

function thousandth(x: bigint | null): string {
  return x === null ? 'null' : String(divideHalfUp(x, 1000n));
}

function time(scan: 'rooms' | 'peers', row: KeyedRow, column: string): string {
  return `"${new Date(Number(valueOf(scan, row, column))).toISOString()}"`;
}

function ratingOf(row: KeyedRow): bigint | null {
  const rating = count('peers', row, 'rating');
  return rating !== null && rating >= 1n && rating <= 5n ? rating : null;
}

function oneOf(row: KeyedRow, column: string, words: readonly string[]): string {
  const word = String(valueOf('peers', row, column));
  return words.includes(word) ? `"${word}"` : 'null';
}

function isOtherWord(row: KeyedRow, column: string, words: readonly string[]): boolean {
  const word = String(valueOf('peers', row, column));
  return word !== '' && !words.includes(word);
}

function keysOf(row: KeyedRow): KeysOfPeer {
  return valueOf('peers', row, 'keys') as KeysOfPeer;
}

function isDirection(name: string): name is DirectionName {
  return ['audio send', 'audio recv', 'video send', 'video recv'].includes(name);
}

function directionOf(row: KeyedRow | undefined): string {
  return `${String(row?.['media'])} ${String(row?.['direction'])}`;
}

function peerIdOf(row: KeyedRow): ByteText {
  return String(row['peer_id']);
}

function roomKeyOf(row: KeyedRow): string {
  return `${row.finalized_at} ${row.session_id}`;
}

/** The order of the file, and that of the scans. */
export function compareRows(a: KeyedRow, b: KeyedRow): number {
  return a.finalized_at - b.finalized_at || compareTexts(a.session_id, b.session_id);
}

function compareTexts(a: ByteText, b: ByteText): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, [Row, ...Row[]]> {
  const groups = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
