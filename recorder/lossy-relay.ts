// A UDP relay on the loopback interface that drops a seeded share of the media packets between two pages and
// counts, for every synchronisation source, what it let through and what it dropped. Only RTP is dropped:
// control packets and connectivity checks pass, as otherwise the count of losses would depend on what the
// browsers could tell each other.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import type { RelayLine } from './record-format.ts';

const HOST = '127.0.0.1';

/** A receiver counts losses from the first packet it saw, so each source's first packets pass. */
const PACKETS_SPARED = 20;

export interface LossyRelayOptions {
  /** Names of the two ends, for the count. */
  ends: readonly [string, string];
  /** Share of media packets dropped, 0..1. */
  lossShare: number;
  /** A number in [0, 1); seeded by the caller so that a recording can be made again. */
  random: () => number;
}

export interface LossyRelay {
  /** Where the first end finds the second, and the second the first: ports on 127.0.0.1. */
  ports: readonly [number, number];
  /** Tells the relay the real media port of an end, found in its session description. */
  setTarget: (end: 0 | 1, port: number) => void;
  /**
   * From now on everything passes; the losses so far can then be noticed by the receivers before the call
   * ends.
   */
  stopDropping: () => void;
  counts: () => RelayLine[];
  close: () => void;
}

/**
 * Opens the two sockets of the relay: what arrives at socket 0 came from end 0 and leaves to end 1 through
 * socket 1.
 */
export async function openLossyRelay(options: LossyRelayOptions): Promise<LossyRelay> {
  const sockets: readonly [Socket, Socket] = [await openSocket(), await openSocket()];
  const targets: [number | null, number | null] = [null, null];
  const counts = new Map<string, RelayLine>();
  let dropping = true;
  const forward = (from: 0 | 1): void => {
    const to = from === 0 ? 1 : 0;
    sockets[from].on('message', (packet) => {
      const target = targets[to];
      if (target === null) return;
      if (isMedia(packet) && packet.length >= 12) {
        const count = countOf(counts, options.ends, from, packet);
        if (dropping && count.forwarded >= PACKETS_SPARED && options.random() < options.lossShare) {
          count.dropped += 1;
          return;
        }
        count.forwarded += 1;
      }
      sockets[to].send(packet, target, HOST);
    });
  };
  forward(0);
  forward(1);
  return {
    // End 0 sends to socket 0, so that is the port under which end 1 is announced to it.
    ports: [sockets[0].address().port, sockets[1].address().port],
    setTarget: (end, port) => {
      targets[end] = port;
    },
    stopDropping: () => {
      dropping = false;
    },
    counts: () => [...counts.values()],
    close: () => sockets.forEach((socket) => socket.close()),
  };
}

/**
 * Rewrites a session description so that the other side sends to `relayPort`: one host candidate stands for
 * all. Returns the real port as well, to which the relay must deliver.
 */
export function announceRelay(sdp: string, relayPort: number): { sdp: string; realPort: number } {
  const lines = sdp.split('\r\n');
  const isUsable = (line: string): boolean =>
    /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/.test(line);
  const first = lines.find(isUsable);
  if (first === undefined) throw new Error('the session description has no UDP host candidate on 127.0.0.1');
  const fields = first.split(' ');
  const realPort = Number(fields[5]);
  fields[5] = String(relayPort);
  const kept = lines.filter((line) => !line.startsWith('a=candidate:') || line === first);
  return { sdp: kept.map((line) => (line === first ? fields.join(' ') : line)).join('\r\n'), realPort };
}

/** A seeded source of numbers in [0, 1): mulberry32, 32 bits of state, enough to choose packets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}

/** RTP by RFC 5761 and 7983: first byte 128..191, and not a control packet (payload type field 64..95). */
function isMedia(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  const payloadType = (packet[1] ?? 0) & 0x7f;
  return first >= 128 && first <= 191 && (payloadType < 64 || payloadType > 95);
}

function countOf(
  counts: Map<string, RelayLine>,
  ends: readonly [string, string],
  from: 0 | 1,
  packet: Buffer,
): RelayLine {
  const ssrc = packet.readUInt32BE(8);
  const key = `${from} ${ssrc}`;
  const known = counts.get(key);
  if (known !== undefined) return known;
  const made: RelayLine = {
    type: 'relay',
    from: ends[from],
    to: ends[from === 0 ? 1 : 0],
    ssrc,
    payload_type: (packet[1] ?? 0) & 0x7f,
    forwarded: 0,
    dropped: 0,
  };
  counts.set(key, made);
  return made;
}
