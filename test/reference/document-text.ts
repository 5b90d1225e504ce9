// The document a second time, slow and plain: one line of JSON for every room, put together by hand. The
// order of the keys, the decimals and what is null are written down here again, independently of
// document/definition.ts. What a number means is explained in docs/measurements.md.
import type { FieldSet } from '../../workflows/model/stream.ts';
import { divideHalfUp, meanOf, toDecimals } from '../oracle/exact-numbers.ts';
import { toJsonText, toWellFormed } from '../oracle/json-text.ts';
import { valueOf } from './history-rows.ts';
import type { ByteText, HistoryRows, KeyedRow, ScanName } from './history-rows.ts';
import {
  compareTexts,
  connectedMsOf,
  CONNECTION_TYPES,
  countOf,
  groupBy,
  isWellFormed,
  keysOf,
  LARGEST,
  MEDIA_TRANSPORTS,
  ratingOf,
  RoomMeasures,
} from './measured-peers.ts';
import type { DirectionName, Directions, MeasuredPeer, Quantities } from './measured-peers.ts';

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

/**
 * All rooms in the order of the file. Of rows with one key and one version any may hold, so there may be none
 * such.
 */
export function toReferenceRooms(rows: HistoryRows, fields: FieldSet): ReferenceRoom[] {
  const peers = groupBy(rows.peers, roomKeyOf);
  const totals = groupBy(rows.totals, roomKeyOf);
  return [...groupBy(rows.rooms, roomKeyOf)]
    .sort(([, [a]], [, [b]]) => compareRows(a, b))
    .map(([key, versions]) => {
      const measures = new RoomMeasures(fields);
      const room = measures.holding('rooms', versions, 'room_twice');
      const measured = measures.measurePeers(peers.get(key) ?? [], totals.get(key) ?? []);
      const line = new RoomText(measures).write(room, measured);
      return { line, faults: FAULTS.filter((code) => measures.faults.has(code)) };
    });
}

/** The order of the file, and that of the scans. */
export function compareRows(a: KeyedRow, b: KeyedRow): number {
  return a.finalized_at - b.finalized_at || compareTexts(a.session_id, b.session_id);
}

function roomKeyOf(row: KeyedRow): string {
  return `${row.finalized_at} ${row.session_id}`;
}

class RoomText {
  readonly #isExtended: boolean;
  readonly #faults: Set<string>;

  constructor({ fields, faults }: RoomMeasures) {
    this.#isExtended = fields === 'extended';
    this.#faults = faults;
  }

  write(room: KeyedRow, peers: readonly MeasuredPeer[]): ByteText {
    const [endedMs, startedMs] = [valueOf('rooms', room, 'ended_at'), valueOf('rooms', room, 'started_at')];
    const lastedMs = Number(endedMs) - Number(startedMs);
    const isDuration = lastedMs >= 0 && lastedMs <= 1000 * LARGEST;
    if (!isDuration) this.#faults.add('room_time');
    // The log names a room by it, whether the file shows it or not.
    if (!isWellFormed(room.session_id)) this.#faults.add('text');
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
    if (!this.#isExtended) return toObject(standard);
    const has = (is: (peer: MeasuredPeer) => boolean) => peers.filter(is).length;
    const measured = [
      `"mos":${has(({ mos }) => mos !== null)}`,
      `"score":${has(({ score }) => score !== null)}`,
      `"audio":${has(hasAny('audio'))}`,
      `"video":${has(hasAny('video'))}`,
    ];
    return toObject([
      ...standard,
      `"session_id":${this.#text(room.session_id)}`,
      `"finalized_at":${time('rooms', room, 'finalized_at')}`,
      '"schema_version":1',
      `"user":${toDecimals(meanOf(peers.map(({ rating }) => rating)), 2)}`,
      `"measured":${toObject(measured)}`,
    ]);
  }

  #peerText(peer: MeasuredPeer): ByteText {
    const { row } = peer;
    const text = (key: string) => `"${key}":${this.#textOrNull('peers', row, key)}`;
    const word = (key: string, words: readonly string[]) => `"${key}":${oneOf(row, key, words)}`;
    const connectedMs = connectedMsOf(row);
    const standard = [
      text('peer_id'),
      text('os'),
      text('os_version'),
      text('browser'),
      text('browser_version'),
      `"location":${toObject([text('city'), text('country'), text('organization')])}`,
      text('sdk_version'),
      `"start_time":${time('peers', row, 'joined_at')}`,
      `"duration":${thousandth(connectedMs)}`,
      `"keys":${this.#keysText(row)}`,
      `"features":${toObject([word('connection_type', CONNECTION_TYPES), word('media_transport', MEDIA_TRANSPORTS)])}`,
      `"stats":${this.#peerStats(peer)}`,
      text('audio_device'),
      text('video_device'),
    ];
    if (!this.#isExtended) return toObject(standard);
    return toObject([
      ...standard,
      `"end_time":${time('peers', row, 'left_at')}`,
      `"joins":${countOf('peers', row, 'joins') ?? 'null'}`,
      `"user":${ratingOf(row) ?? 'null'}`,
      text('end_reason'),
    ]);
  }

  #peerStats(peer: MeasuredPeer): ByteText {
    const medium = (media: 'audio' | 'video') => {
      const [send, recv] = [peer.directions[`${media} send`], peer.directions[`${media} recv`]];
      return toObject([
        `"send":${this.#directionText(`${media} send`, send)}`,
        `"recv":${this.#directionText(`${media} recv`, recv)}`,
        ...means(send?.quantities, recv?.quantities),
      ]);
    };
    return toObject([...opinions(peer), `"audio":${medium('audio')}`, `"video":${medium('video')}`]);
  }

  #directionText(name: DirectionName, of: Directions[DirectionName]): ByteText {
    const [media, direction] = name.split(' ');
    const q = of?.quantities;
    const standard = [
      `"mos":${toDecimals(q?.mos ?? null, 2)}`,
      ...(media === 'audio' ? [`"score":${toDecimals(q?.score ?? null, 1)}`] : []),
      ...network(q),
      ...(direction === 'send' ? [`"rtt":${toDecimals(q?.rtt ?? null, 0)}`] : []),
    ];
    if (!this.#isExtended) return toObject(standard);
    const whole = (column: string) => (of === undefined ? null : countOf('totals', of.row, column));
    const isUnheard = whole('packets_lost') === 0n && whole('packets_arrived') === 0n;
    const size = (column: string) => (whole(column) === 0n ? 'null' : `${whole(column) ?? 'null'}`);
    const largest = (column: string, readings: string) =>
      whole(readings) === 0n ? 'null' : thousandth(whole(column));
    const ofSend = [`"rtt_max":${largest('rtt_us_max', 'rtt_count')}`];
    const ofVideo = [
      `"width":${size('width_max')}`,
      `"height":${size('height_max')}`,
      `"fps":${toDecimals(q?.fps ?? null, 1)}`,
      `"freezes":${whole('freezes') ?? 'null'}`,
    ];
    return toObject([
      ...standard,
      `"codec":${of === undefined ? 'null' : this.#textOrNull('totals', of.row, 'codec')}`,
      `"packets":${whole('packets') ?? 'null'}`,
      `"packets_lost":${isUnheard ? 'null' : (whole('packets_lost') ?? 'null')}`,
      `"bytes":${whole('bytes') ?? 'null'}`,
      `"active_time":${thousandth(whole('active_ms'))}`,
      `"jitter_max":${largest('jitter_us_max', 'jitter_count')}`,
      ...(direction === 'send' ? ofSend : []),
      ...(media === 'video' ? ofVideo : []),
    ]);
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
    return toObject(entries);
  }

  #textOrNull(scan: ScanName, row: KeyedRow, column: string): ByteText {
    const text = String(valueOf(scan, row, column));
    return text === '' ? 'null' : this.#text(text);
  }

  #text(text: ByteText): ByteText {
    if (!isWellFormed(text)) this.#faults.add('text');
    return toJsonText(text);
  }
}

function roomStats(peers: readonly MeasuredPeer[]): string {
  const mean = (name: DirectionName, key: keyof Quantities) =>
    meanOf(peers.map(({ directions }) => directions[name]?.quantities[key] ?? null));
  const ofDirection = (name: DirectionName) => ({
    bitrate: mean(name, 'bitrate'),
    packetLoss: mean(name, 'packetLoss'),
    jitter: mean(name, 'jitter'),
  });
  const medium = (media: 'audio' | 'video') => {
    const [send, recv] = [ofDirection(`${media} send`), ofDirection(`${media} recv`)];
    const rtt = `"rtt":${toDecimals(mean(`${media} send`, 'rtt'), 0)}`;
    return toObject([
      `"send":${toObject([...network(send), rtt])}`,
      `"recv":${toObject(network(recv))}`,
      ...means(send, recv),
    ]);
  };
  const own = {
    mos: meanOf(peers.map(({ mos }) => mos)),
    score: meanOf(peers.map(({ score }) => score)),
    callSetup: meanOf(peers.map(({ callSetup }) => callSetup)),
  };
  return toObject([...opinions(own), `"audio":${medium('audio')}`, `"video":${medium('video')}`]);
}

function opinions({ mos, score, callSetup }: Pick<MeasuredPeer, 'mos' | 'score' | 'callSetup'>): string[] {
  return [
    `"mos":${toDecimals(mos, 2)}`,
    `"score":${toDecimals(score, 1)}`,
    `"call_setup_time":${toDecimals(callSetup, 0)}`,
  ];
}

type Network = Pick<Quantities, 'bitrate' | 'packetLoss' | 'jitter'>;

function network(of: Network | undefined): string[] {
  return [
    `"bitrate":${toDecimals(of?.bitrate ?? null, 0)}`,
    `"packet_loss":${toDecimals(of?.packetLoss ?? null, 1)}`,
    `"jitter":${toDecimals(of?.jitter ?? null, 0)}`,
  ];
}

function means(send: Network | undefined, recv: Network | undefined): string[] {
  const of = (key: keyof Network) => meanOf([send?.[key] ?? null, recv?.[key] ?? null]);
  return network({ bitrate: of('bitrate'), packetLoss: of('packetLoss'), jitter: of('jitter') });
}

function hasAny(media: 'audio' | 'video') {
  return ({ directions }: MeasuredPeer): boolean => {
    const [send, recv] = [directions[`${media} send`]?.quantities, directions[`${media} recv`]?.quantities];
    const all = [send, recv].flatMap((q) => [q?.bitrate, q?.packetLoss, q?.jitter]);
    return [...all, send?.rtt].some((quantity) => quantity !== undefined && quantity !== null);
  };
}

function thousandth(x: bigint | null): string {
  return x === null ? 'null' : String(divideHalfUp(x, 1000n));
}

function time(scan: ScanName, row: KeyedRow, column: string): string {
  return `"${new Date(Number(valueOf(scan, row, column))).toISOString()}"`;
}

function oneOf(row: KeyedRow, column: string, words: readonly string[]): string {
  const word = String(valueOf('peers', row, column));
  return words.includes(word) ? `"${word}"` : 'null';
}

function toObject(members: readonly string[]): string {
  return `{${members.join(',')}}`;
}
