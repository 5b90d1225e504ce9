// The rows of the raw history as the oracle holds them: field by field those of the tables rooms, peers and
// media_samples, of one project. Texts are bytes, because the history may hold what is no UTF-8: one
// character per byte, so that comparing with < is byte order.

/** Bytes of a text: every character is one byte, U+0000 to U+00FF. */
export type ByteText = string;

export interface RoomRow {
  sessionId: ByteText;
  finalizedAtMs: number;
  version: number;
  roomId: ByteText;
  roomUrl: ByteText;
  startedAtMs: number;
  endedAtMs: number;
}

export interface PeerRow {
  sessionId: ByteText;
  finalizedAtMs: number;
  peerId: ByteText;
  version: number;
  joinedAtMs: number;
  leftAtMs: number;
  connectedMs: bigint;
  joins: number;
  os: ByteText;
  osVersion: ByteText;
  browser: ByteText;
  browserVersion: ByteText;
  sdkVersion: ByteText;
  city: ByteText;
  country: ByteText;
  organization: ByteText;
  connectionType: ByteText;
  mediaTransport: ByteText;
  audioDevice: ByteText;
  videoDevice: ByteText;
  endReason: ByteText;
  keys: readonly (readonly [name: ByteText, values: readonly ByteText[]])[];
  callSetupMs: number | null;
  rating: number | null;
}

export type Media = 'audio' | 'video';
export type Direction = 'send' | 'recv';

/** One tick of one connection, media and direction. */
export interface SampleRow {
  sessionId: ByteText;
  peerId: ByteText;
  connectionId: string;
  media: Media;
  direction: Direction;
  codec: string;
  tickEndMs: number;
  tickMs: number;
  bytes: bigint;
  packets: bigint;
  packetsLost: bigint;
  packetsArrived: bigint;
  jitterUs: number | null;
  rttUsSum: bigint;
  rttCount: number;
  rttUsMax: number;
  pixels: number;
  frames: number;
  width: number;
  height: number;
  freezes: number;
  deliveredAtMs: number;
}

/**
 * All rows of one room: several versions of the room and of each peer, ticks delivered several times, in the
 * order of their arrival.
 */
export interface RoomHistory {
  rooms: readonly RoomRow[];
  peers: readonly PeerRow[];
  samples: readonly SampleRow[];
}

/** Bytes of a text that is well-formed. */
export function toByteText(text: string): ByteText {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Byte order. */
export function compareTexts(a: ByteText, b: ByteText): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** In the order of their first appearance, each group in the order of the rows. */
export function groupBy<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
