// The document, once: every field of the file with its path, level, unit, decimals, field set, first schema
// version, and where its value comes from. The JSON writer, the JSON Schema, the columns that are read and
// the tables in docs/measurements.md are made from these tables. To add a field, add one entry; if its value
// is new, add one formula in measurements/. The oracle in the tests is independent of all this.
import { SCHEMA_VERSION } from '../workflows/model/manifest.ts';
import type { FieldSet } from '../workflows/model/stream.ts';
import type { PeerColumn, RoomColumn, TotalColumn } from './history-contract.ts';
import { DURATION_MS_MAX, QUANTITY_MAX } from '../measurements/quantities.ts';
import type { Direction, Medium } from '../measurements/peer.ts';

/** The definition of a quantity, wherever it is shown. `range` is inclusive. */
export interface Quantity {
  unit: string;
  decimals: 0 | 1 | 2;
  range: readonly [low: number, high: number];
}

const MS: Quantity = { unit: 'ms', decimals: 0, range: [0, QUANTITY_MAX] };
const KBPS: Quantity = { unit: 'kbit/s', decimals: 0, range: [0, QUANTITY_MAX] };
const PERCENT: Quantity = { unit: 'percent', decimals: 1, range: [0, 100] };
const SCORE: Quantity = { unit: '', decimals: 1, range: [0, 10] };
const AUDIO_MOS: Quantity = { unit: '', decimals: 2, range: [1, 4.5] };
const VIDEO_MOS: Quantity = { unit: '', decimals: 2, range: [1, 5] };
const STARS: Quantity = { unit: '', decimals: 0, range: [1, 5] };
const MEAN_STARS: Quantity = { unit: '', decimals: 2, range: [1, 5] };
const FPS: Quantity = { unit: 'frames/s', decimals: 1, range: [0, QUANTITY_MAX] };

/**
 * The source of a value and its form in the file. An unknown value is `null`, unless a kind says otherwise.
 * `Column` are the columns of the level's view; `measure` names a slot of measurements/peer.ts.
 */
export type Value<Column extends string> =
  /** Text; an empty one is null. */
  | { kind: 'text'; column: Column }
  /** Text that is never null: an empty one is written as it is. */
  | { kind: 'name'; column: Column }
  /** One of these words; any other text is null and a fault. */
  | { kind: 'enum'; column: Column; words: readonly string[] }
  /** ISO 8601 in UTC, with milliseconds. Never null. */
  | { kind: 'time'; column: Column }
  /** Whole seconds, half up, of a number of milliseconds; null where there are more than `msMax`. */
  | { kind: 'seconds'; of: Column | 'lifetime'; unit: 's'; msMax: number }
  /** An integer of up to 64 bits as the history has it. */
  | { kind: 'count'; column: Column; unit?: string; zeroIsNull?: true }
  /** Lost packets; negative when packets came late, and null when no packet is known. */
  | { kind: 'lost'; column: Column; arrived: Column }
  /** A reading in µs, written in ms; null where there is no reading. */
  | { kind: 'largest'; column: Column; readings: Column; unit: 'ms' }
  | { kind: 'quantity'; measure: string; quantity: Quantity }
  /** The customer's own keys. */
  | { kind: 'keys'; column: Column }
  /** How many peers, or how many that have something; never null. */
  | { kind: 'peers'; having: 'any' | 'mos' | 'score' | 'audio' | 'video' }
  | { kind: 'constant'; value: number }
  /** The object of one direction: DIRECTION_FIELDS. */
  | { kind: 'direction'; medium: Medium; direction: Direction }
  /** The array of peers: PEER_FIELDS. */
  | { kind: 'array'; of: 'peers' };

export interface Field<Column extends string = string> {
  /** Keys from the object of the level to the value, joined by dots. Their order is the order in the file. */
  path: string;
  /**
   * `extended` fields are left out of `fields: standard`. They follow the standard fields of their object.
   */
  fields: FieldSet;
  /** The schema version that had it first. */
  since: number;
  value: Value<Column>;
  /** The description of the value for the schema and the documents. */
  says: string;
}

/** A field that only some directions have. */
export interface DirectionField extends Field<TotalColumn> {
  of?: { medium?: Medium; direction?: Direction };
}

type Entry<Column extends string> = [path: string, value: Value<Column>, says: string];

function fieldsOf<Column extends string>(
  fields: FieldSet,
  since: number,
  entries: readonly Entry<Column>[],
): Field<Column>[] {
  return entries.map(([path, value, says]) => ({ path, fields, since, value, says }));
}

function quantity(measure: string, of: Quantity): { kind: 'quantity'; measure: string; quantity: Quantity } {
  return { kind: 'quantity', measure, quantity: of };
}

/** Bitrate, packet loss and jitter of a direction or a medium; `measures` is the path of its slots. */
function basics(path: string, measures: string): Entry<never>[] {
  return [
    [`${path}.bitrate`, quantity(`${measures}.bitrate`, KBPS), 'kbit/s'],
    [`${path}.packet_loss`, quantity(`${measures}.packet_loss`, PERCENT), 'percent'],
    [`${path}.jitter`, quantity(`${measures}.jitter`, MS), 'ms'],
  ];
}

function rtt(path: string, measures: string): Entry<never> {
  return [`${path}.rtt`, quantity(`${measures}.rtt`, MS), 'ms, round trip'];
}

/** A medium of the room: means over the peers. */
function roomMedium(medium: Medium): Entry<never>[] {
  const path = `stats.${medium}`;
  return [
    ...basics(`${path}.send`, `${medium}.send`),
    rtt(`${path}.send`, `${medium}.send`),
    ...basics(`${path}.recv`, `${medium}.recv`),
    ...basics(path, medium),
  ];
}

export const ROOM_FIELDS: readonly Field<RoomColumn>[] = [
  ...fieldsOf<RoomColumn>('standard', 1, [
    ['room_url', { kind: 'text', column: 'room_url' }, 'link to the room in the monitoring service'],
    ['room_id', { kind: 'name', column: 'room_id' }, "the customer's name for the room"],
    ['start_time', { kind: 'time', column: 'started_at' }, 'first join'],
    ['end_time', { kind: 'time', column: 'ended_at' }, 'last leave'],
    [
      'duration',
      { kind: 'seconds', of: 'lifetime', unit: 's', msMax: DURATION_MS_MAX },
      's, end less start; null where the end is before the start',
    ],
    ['users', { kind: 'peers', having: 'any' }, 'distinct peers'],
    ['stats.mos', quantity('mos', AUDIO_MOS), 'audio, 1 to 4.5'],
    ['stats.score', quantity('score', SCORE), '0 to 10'],
    ['stats.call_setup_time', quantity('call_setup_time', MS), 'ms'],
    ...roomMedium('audio'),
    ...roomMedium('video'),
    ['peers', { kind: 'array', of: 'peers' }, 'by start time, then peer_id'],
  ]),
  ...fieldsOf<RoomColumn>('extended', 1, [
    ['session_id', { kind: 'name', column: 'session_id' }, 'names the room within its project'],
    [
      'finalized_at',
      { kind: 'time', column: 'finalized_at' },
      'when the room was closed and analysed; decides the interval',
    ],
    ['schema_version', { kind: 'constant', value: SCHEMA_VERSION }, 'raised when the keys change'],
    ['user', quantity('user', MEAN_STARS), "mean of the users' ratings, 1 to 5"],
    ['measured.mos', { kind: 'peers', having: 'mos' }, 'peers that have a mos'],
    ['measured.score', { kind: 'peers', having: 'score' }, 'peers that have a score'],
    ['measured.audio', { kind: 'peers', having: 'audio' }, 'peers with a quantity of audio'],
    ['measured.video', { kind: 'peers', having: 'video' }, 'peers with a quantity of video'],
  ]),
];

/** A medium of a peer: both directions, then the means over them. */
function peerMedium(medium: Medium): Entry<PeerColumn>[] {
  return [
    [`stats.${medium}.send`, { kind: 'direction', medium, direction: 'send' }, 'sent'],
    [`stats.${medium}.recv`, { kind: 'direction', medium, direction: 'recv' }, 'received'],
    ...basics(`stats.${medium}`, medium),
  ];
}

export const PEER_FIELDS: readonly Field<PeerColumn>[] = [
  ...fieldsOf<PeerColumn>('standard', 1, [
    ['peer_id', { kind: 'text', column: 'peer_id' }, 'the participant'],
    ['os', { kind: 'text', column: 'os' }, 'operating system'],
    ['os_version', { kind: 'text', column: 'os_version' }, 'its version'],
    ['browser', { kind: 'text', column: 'browser' }, 'browser'],
    ['browser_version', { kind: 'text', column: 'browser_version' }, 'its version'],
    ['location.city', { kind: 'text', column: 'city' }, 'city'],
    ['location.country', { kind: 'text', column: 'country' }, 'country'],
    ['location.organization', { kind: 'text', column: 'organization' }, 'ISP or carrier'],
    ['sdk_version', { kind: 'text', column: 'sdk_version' }, 'version of the SDK'],
    ['start_time', { kind: 'time', column: 'joined_at' }, 'first join'],
    [
      'duration',
      { kind: 'seconds', of: 'connected_ms', unit: 's', msMax: DURATION_MS_MAX },
      's, the sum of the time connected',
    ],
    [
      'keys',
      { kind: 'keys', column: 'keys' },
      "the customer's own keys, by name; several values or none are an array",
    ],
    [
      'features.connection_type',
      { kind: 'enum', column: 'connection_type', words: ['HOST', 'STUN', 'TURN'] },
      'local candidate of the pair in use',
    ],
    [
      'features.media_transport',
      { kind: 'enum', column: 'media_transport', words: ['udp', 'tcp', 'tls'] },
      'its transport',
    ],
    ['stats.mos', quantity('mos', AUDIO_MOS), 'mean of audio send and recv, 1 to 4.5'],
    ['stats.score', quantity('score', SCORE), 'mean of the directions, 0 to 10'],
    ['stats.call_setup_time', quantity('call_setup_time', MS), 'ms'],
    ...peerMedium('audio'),
    ...peerMedium('video'),
    ['audio_device', { kind: 'text', column: 'audio_device' }, 'label of the microphone'],
    ['video_device', { kind: 'text', column: 'video_device' }, 'label of the camera'],
  ]),
  ...fieldsOf<PeerColumn>('extended', 1, [
    ['end_time', { kind: 'time', column: 'left_at' }, 'last leave'],
    ['joins', { kind: 'count', column: 'joins' }, 'how often the peer joined'],
    ['user', quantity('user', STARS), "the user's rating, 1 to 5"],
    ['end_reason', { kind: 'text', column: 'end_reason' }, 'why the peer left'],
  ]),
];

/** Measures are those of the direction itself: `bitrate`, not `audio.send.bitrate`. */
export const DIRECTION_FIELDS: readonly DirectionField[] = [
  ...only(
    { medium: 'audio' },
    fieldsOf<TotalColumn>('standard', 1, [
      ['mos', quantity('mos', AUDIO_MOS), '1 to 4.5'],
      ['score', quantity('score', SCORE), '0 to 10'],
    ]),
  ),
  ...only(
    { medium: 'video' },
    fieldsOf<TotalColumn>('standard', 1, [['mos', quantity('mos', VIDEO_MOS), '1 to 5']]),
  ),
  ...fieldsOf<TotalColumn>('standard', 1, [
    ['bitrate', quantity('bitrate', KBPS), 'kbit/s'],
    ['packet_loss', quantity('packet_loss', PERCENT), 'percent'],
    ['jitter', quantity('jitter', MS), 'ms'],
  ]),
  ...only(
    { direction: 'send' },
    fieldsOf<TotalColumn>('standard', 1, [['rtt', quantity('rtt', MS), 'ms, round trip']]),
  ),
  ...fieldsOf<TotalColumn>('extended', 1, [
    ['codec', { kind: 'text', column: 'codec' }, 'the one with most packets'],
    ['packets', { kind: 'count', column: 'packets' }, 'sent or received'],
    [
      'packets_lost',
      { kind: 'lost', column: 'packets_lost', arrived: 'packets_arrived' },
      'negative where packets came late',
    ],
    ['bytes', { kind: 'count', column: 'bytes' }, 'of payload, sent or received'],
    [
      'active_time',
      { kind: 'seconds', of: 'active_ms', unit: 's', msMax: Infinity },
      's in which this media existed in this direction',
    ],
    [
      'jitter_max',
      { kind: 'largest', column: 'jitter_us_max', readings: 'jitter_count', unit: 'ms' },
      'ms, the largest',
    ],
  ]),
  ...only(
    { direction: 'send' },
    fieldsOf<TotalColumn>('extended', 1, [
      [
        'rtt_max',
        { kind: 'largest', column: 'rtt_us_max', readings: 'rtt_count', unit: 'ms' },
        'ms, the largest',
      ],
    ]),
  ),
  ...only(
    { medium: 'video' },
    fieldsOf<TotalColumn>('extended', 1, [
      ['width', { kind: 'count', column: 'width_max', zeroIsNull: true }, 'pixels, of the largest frame'],
      ['height', { kind: 'count', column: 'height_max', zeroIsNull: true }, 'pixels, of the largest frame'],
      ['fps', quantity('fps', FPS), 'frames per second'],
      ['freezes', { kind: 'count', column: 'freezes' }, 'of the picture'],
    ]),
  ),
];

function only(
  of: NonNullable<DirectionField['of']>,
  fields: readonly Field<TotalColumn>[],
): DirectionField[] {
  return fields.map((field) => ({ ...field, of }));
}

/** The fields of one direction of one medium. */
export function fieldsOfDirection(medium: Medium, direction: Direction): Field<TotalColumn>[] {
  return DIRECTION_FIELDS.filter(
    ({ of }) => (of?.medium ?? medium) === medium && (of?.direction ?? direction) === direction,
  );
}
