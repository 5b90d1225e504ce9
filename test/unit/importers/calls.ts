// Shared by the import's tests of single situations: short calls, written as lines of getStats with the names
// and times around them.
import { AT } from './reading.ts';

type Report = Record<string, unknown>;

/** The reports of the reading that is taken `second` seconds after the connection stands. */
export type Reading = (second: number) => Report[];

export interface CallOptions {
  /** Seconds after the connection stands at which it is read. */
  seconds: readonly number[];
  /** Default: it stands from the start on. */
  hasOpening?: boolean;
}

/** Seconds from 1 to `last`. */
export function everySecond(last: number): number[] {
  return Array.from({ length: last }, (_none, index) => index + 1);
}

/** One peer with one connection, opened and standing at AT. */
export function callOf(reading: Reading, { seconds, hasOpening = true }: CallOptions): Buffer {
  const at = (second: number): number => AT + Math.round(second * 1000);
  const opening = [
    { type: 'join', peer: 'ada', at: AT },
    { type: 'open', peer: 'ada', connection: 'c1', at: AT },
    { type: 'state', peer: 'ada', connection: 'c1', state: 'connected', at: AT },
  ];
  const lines = [
    { type: 'call', room_id: 'planning' },
    ...(hasOpening ? opening : []),
    ...seconds.map((second) => ({
      peer: 'ada',
      connection: 'c1',
      at: at(second),
      reports: reading(second).map((report) => ({ timestamp: at(second), ...report })),
    })),
  ];
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A stream sent: 50 packets of 80 bytes a second. */
export function audioSent(second: number, fields: Report = {}): Report {
  const packetsSent = Math.round(50 * second);
  return {
    id: 'OT01A222',
    type: 'outbound-rtp',
    kind: 'audio',
    ssrc: 222,
    packetsSent,
    bytesSent: 80 * packetsSent,
    ...fields,
  };
}

/** A stream received: 50 packets of 80 bytes a second. */
export function audioReceived(second: number, fields: Report = {}): Report {
  const packetsReceived = Math.round(50 * second);
  return {
    id: 'IT01A111',
    type: 'inbound-rtp',
    kind: 'audio',
    ssrc: 111,
    packetsReceived,
    bytesReceived: 80 * packetsReceived,
    packetsLost: 0,
    jitter: 0.005,
    ...fields,
  };
}

export interface Picture {
  ssrc: number;
  width: number;
  height: number;
  fps: number;
  kbps: number;
}

/** A picture sent or received; what it has counted after `second` seconds. */
export function pictureOf(
  direction: 'send' | 'recv',
  { ssrc, width, height, fps, kbps }: Picture,
  second: number,
): Report {
  const [isSent, bytes] = [direction === 'send', Math.round((second * kbps * 1000) / 8)];
  const way = isSent ? 'Sent' : 'Received';
  return {
    id: `${isSent ? 'OT' : 'IT'}01V${ssrc}`,
    type: isSent ? 'outbound-rtp' : 'inbound-rtp',
    kind: 'video',
    ssrc,
    [`packets${way}`]: Math.ceil(bytes / 1000),
    [`bytes${way}`]: bytes,
    [isSent ? 'framesSent' : 'framesDecoded']: Math.round(second * fps),
    frameWidth: width,
    frameHeight: height,
    ...(isSent ? {} : { packetsLost: 0, jitter: 0.01, trackIdentifier: `track ${ssrc}` }),
  };
}
