// The shape of the file, once: its keys in their order, their types and bounds, the decimals of each quantity. Handed out as a JSON
// Schema (draft 2020-12), which `room-streams schema` prints and which the tests hold every file against, its text included. The
// statement activities/sql/export-rooms.sql writes what this describes; what the numbers mean stands in docs/measurements.md.
import { SCHEMA_VERSION } from './manifest.ts';
import { type FieldSet, type FileFormat } from './stream.ts';

/** As much of JSON Schema as the file needs. `x-decimals` says how many decimals the text of a number has; 0 is a whole number. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  const?: number;
  enum?: (string | null)[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  not?: JsonSchema;
  anyOf?: JsonSchema[];
  'x-decimals'?: number;
}

/** What is larger, in whatever unit, is no measurement; the statement's `quantity_max`. */
export const QUANTITY_MAX = 100_000_000;

/** Of the whole file for json; of each of its lines for ndjson. */
export function toFileSchema(fields: FieldSet, format: FileFormat): JsonSchema {
  const room = toRoomSchema(fields);
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:room-streams:schema:${SCHEMA_VERSION}:${fields}:${format}`,
    title: `room-streams, schema version ${SCHEMA_VERSION}, fields ${fields}`,
  };
  return format === 'ndjson' ? { ...head, ...room } : { ...head, type: 'array', items: room };
}

function toRoomSchema(fields: FieldSet): JsonSchema {
  const object = objectsOf(fields);
  const direction = (which: Record<string, JsonSchema>) => object('mean over the peers that have it', which);
  const medium = (what: string) =>
    object(what, { send: direction(sent(basics)), recv: direction(basics), ...basics });
  return object(
    'one room: from first join to last leave',
    {
      room_url: textOrNull('link to the room in the monitoring service'),
      room_id: { type: 'string', description: "the customer's name for the room" },
      start_time: instant('first join'),
      end_time: instant('last leave'),
      duration: whole('s, end less start; null where the end is before the start'),
      users: { ...count('distinct peers'), type: 'integer' },
      stats: object('means over the peers', {
        mos: quantity(2, 'audio, 1 to 4.5', 1, 4.5),
        score: quantity(1, '0 to 10', 0, 10),
        call_setup_time: whole('ms'),
        audio: medium('audio of the room'),
        video: medium('video of the room'),
      }),
      peers: { type: 'array', description: 'by start time, then peer_id', items: toPeerSchema(fields) },
    },
    {
      session_id: { type: 'string', description: 'names the room within its project' },
      finalized_at: instant('when the room was closed and analysed; decides the interval'),
      schema_version: { type: 'integer', const: SCHEMA_VERSION, 'x-decimals': 0 },
      user: quantity(2, "mean of the users' ratings, 1 to 5", 1, 5),
      measured: object('how many peers stand behind the means', {
        mos: { ...count('peers that have a mos'), type: 'integer' },
        score: { ...count('peers that have a score'), type: 'integer' },
        audio: { ...count('peers with a quantity of audio'), type: 'integer' },
        video: { ...count('peers with a quantity of video'), type: 'integer' },
      }),
    },
  );
}

function toPeerSchema(fields: FieldSet): JsonSchema {
  const object = objectsOf(fields);
  const audio = { mos: quantity(2, '1 to 4.5', 1, 4.5), score: quantity(1, '0 to 10', 0, 10), ...basics };
  const video = { mos: quantity(2, '1 to 5', 1, 5), ...basics };
  return object(
    'one participant',
    {
      peer_id: textOrNull('the participant'),
      os: textOrNull('operating system'),
      os_version: textOrNull('its version'),
      browser: textOrNull('browser'),
      browser_version: textOrNull('its version'),
      location: object('where the peer was', {
        city: textOrNull('city'),
        country: textOrNull('country'),
        organization: textOrNull('ISP or carrier'),
      }),
      sdk_version: textOrNull('version of the SDK'),
      start_time: instant('first join'),
      duration: whole('s, the sum of the time connected'),
      keys: {
        type: 'object',
        description: "the customer's own keys, by name; several values or none are an array",
        additionalProperties: { anyOf: [{ type: 'string' }, severalOrNone] },
      },
      features: object('how the media went', {
        connection_type: wordOrNull('local candidate of the pair in use', ['HOST', 'STUN', 'TURN']),
        media_transport: wordOrNull('its transport', ['udp', 'tcp', 'tls']),
      }),
      stats: object('measurements of the peer', {
        mos: quantity(2, 'mean of audio send and recv, 1 to 4.5', 1, 4.5),
        score: quantity(1, 'mean of the directions, 0 to 10', 0, 10),
        call_setup_time: whole('ms'),
        audio: object('audio', {
          send: object('sent', sent(audio), { ...more, rtt_max: largest }),
          recv: object('received', audio, more),
          ...basics,
        }),
        video: object('video', {
          send: object('sent', sent(video), { ...more, rtt_max: largest, ...picture }),
          recv: object('received', video, { ...more, ...picture }),
          ...basics,
        }),
      }),
      audio_device: textOrNull('label of the microphone'),
      video_device: textOrNull('label of the camera'),
    },
    {
      end_time: instant('last leave'),
      joins: count('how often the peer joined'),
      user: { ...quantity(0, "the user's rating, 1 to 5", 1, 5), type: ['integer', 'null'] },
      end_reason: textOrNull('why the peer left'),
    },
  );
}

/** Objects of this field set: every key is always there, those of `extended` behind the standard ones. */
function objectsOf(fields: FieldSet) {
  return (
    description: string,
    standard: Record<string, JsonSchema>,
    extended: Record<string, JsonSchema> = {},
  ): JsonSchema => {
    const properties = fields === 'extended' ? { ...standard, ...extended } : standard;
    const required = Object.keys(properties);
    return { type: 'object', description, properties, required, additionalProperties: false };
  };
}

function quantity(decimals: number, description: string, minimum: number, maximum: number): JsonSchema {
  return { type: ['number', 'null'], description, minimum, maximum, 'x-decimals': decimals };
}

function whole(description: string): JsonSchema {
  return { ...quantity(0, description, 0, QUANTITY_MAX), type: ['integer', 'null'] };
}

/** Not bounded: what the history holds, up to 64 bits. */
function count(description: string): JsonSchema {
  return { type: ['integer', 'null'], description, minimum: 0, 'x-decimals': 0 };
}

function textOrNull(description: string): JsonSchema {
  return { type: ['string', 'null'], description };
}

function wordOrNull(description: string, words: string[]): JsonSchema {
  return { enum: [...words, null], description };
}

function instant(description: string): JsonSchema {
  return { type: 'string', description, pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' };
}

/** Round trips are measured by who sends; they follow the other standard keys. */
function sent(quantities: Record<string, JsonSchema>): Record<string, JsonSchema> {
  return { ...quantities, rtt: whole('ms, round trip') };
}

const severalOrNone: JsonSchema = {
  type: 'array',
  items: { type: 'string' },
  not: { type: 'array', minItems: 1, maxItems: 1 },
};

const basics: Record<string, JsonSchema> = {
  bitrate: whole('kbit/s'),
  packet_loss: quantity(1, 'percent', 0, 100),
  jitter: whole('ms'),
};

const largest = whole('ms, the largest');

const more: Record<string, JsonSchema> = {
  codec: textOrNull('the one with most packets'),
  packets: count('sent or received'),
  packets_lost: {
    type: ['integer', 'null'],
    description: 'negative where packets came late',
    'x-decimals': 0,
  },
  bytes: count('of payload, sent or received'),
  active_time: count('s in which this media existed in this direction'),
  jitter_max: largest,
};

const picture: Record<string, JsonSchema> = {
  width: count('pixels, of the largest frame'),
  height: count('pixels, of the largest frame'),
  fps: quantity(1, 'frames per second', 0, QUANTITY_MAX),
  freezes: count('of the picture'),
};
