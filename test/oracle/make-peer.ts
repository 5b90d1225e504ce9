// One peer of a room: who it is, when it was there and on which connections, which tracks it had, and its
// ticks.
import type { ByteText, Direction, Media, PeerRow, SampleRow } from './history-rows.ts';
import { makeProfile, makeTicks } from './make-ticks.ts';
import type { TickTime, Track } from './make-ticks.ts';
import { fieldText, LONE_SURROGATE, longText, oddText, plainText } from './make-texts.ts';
import type { Random } from './random.ts';

export interface PeerSetting {
  sessionId: ByteText;
  finalizedAtMs: number;
  startedAtMs: number;
  /** At least this many ticks for each connection. */
  ticksMin: number;
  /** See NetworkProfile; for all peers of a room. */
  rttUnderHalfMs: number | null;
  /** Values of its keys that are this long, for rooms of many megabytes; 0 for usual keys. */
  largeKeys: number;
}

export interface MadePeer {
  row: PeerRow;
  samples: SampleRow[];
}

type TrackKind = readonly [Media, Direction];

const AUDIO: readonly TrackKind[] = [
  ['audio', 'send'],
  ['audio', 'recv'],
];
const RECEIVED: readonly TrackKind[] = [
  ['audio', 'recv'],
  ['video', 'recv'],
];
const SENT: readonly TrackKind[] = [
  ['audio', 'send'],
  ['video', 'send'],
];

/** The first three are one in the file, and so are the last two, which are one already. */
const NAMES_THAT_BECOME_ONE: readonly ByteText[] = ['\xff', '\xfe\xfe', '\xef\xbf\xbd', 'twice', 'twice'];

const TICK_MS = 10_000;
const LONG_TICK_MS = 60_000;
const UINT64_MAX = 2n ** 64n - 1n;

export function makePeer(random: Random, setting: PeerSetting, peerId: ByteText): MadePeer {
  const joinedAtMs = setting.startedAtMs + random.pick([0, 0, random.int(0, 3000), random.int(0, 600_000)]);
  const connections = makeConnections(random, joinedAtMs, setting.ticksMin);
  const profile = makeProfile(random, setting.rttUnderHalfMs);
  const samples = makeTracks(random).flatMap(([media, direction]) => {
    const track: Track = { sessionId: setting.sessionId, peerId, media, direction };
    return makeTicks(random, track, connections.times, profile);
  });
  const ends = [...connections.times.values()].flatMap((times) => times.map(({ endMs }) => endMs));
  const leftAtMs = Math.max(joinedAtMs, ...ends);
  return {
    row: {
      ...makeIdentity(random),
      sessionId: setting.sessionId,
      finalizedAtMs: setting.finalizedAtMs,
      peerId,
      version: random.int(1, 3),
      joinedAtMs,
      leftAtMs,
      connectedMs: makeConnectedMs(random, leftAtMs - joinedAtMs),
      joins: connections.joins,
      keys: setting.largeKeys > 0 ? largeKeys(random, setting.largeKeys) : makeKeys(random),
      callSetupMs: random.weighted([
        [null, 2],
        [random.int(0, 5000), 8],
        [2 ** 32 - 1, 0.1],
      ]),
      rating: random.weighted([
        [null, 6],
        [random.int(1, 5), 4],
        [random.pick([0, 6, 255]), 0.3],
      ]),
    },
    samples,
  };
}

function makeTracks(random: Random): readonly TrackKind[] {
  const all = [...AUDIO, ['video', 'send'], ['video', 'recv']] as const;
  return random.weighted<readonly TrackKind[]>([
    [all, 55],
    [AUDIO, 15],
    [RECEIVED, 10],
    [SENT, 5],
    [[], 7],
    [all.filter(() => random.chance(0.5)), 8],
  ]);
}

/**
 * One connection, two at once (audio and screen, or a reconnect that overlaps), or a second one after a
 * rejoin, whose counters begin anew.
 */
function makeConnections(
  random: Random,
  fromMs: number,
  ticksMin: number,
): { times: Map<string, TickTime[]>; joins: number } {
  const first = makeTickTimes(random, fromMs, ticksMin);
  const endMs = first.at(-1)?.endMs ?? fromMs;
  const times = new Map([['c1', first]]);
  const kind = random.fraction();
  if (kind < 0.08) times.set('c2', makeTickTimes(random, fromMs + random.int(0, endMs - fromMs), 1));
  if (kind < 0.08 || kind > 0.16) return { times, joins: random.chance(0.02) ? 65_535 : 1 };
  times.set('c2', makeTickTimes(random, endMs + random.int(0, 120_000), 1));
  return { times, joins: 2 };
}

/** Ticks of 10 s, the last one often shorter, now and then one of no length or of any. */
function makeTickTimes(random: Random, fromMs: number, ticksMin: number): TickTime[] {
  const count = Math.max(ticksMin, random.pick([1, 2, 2, 3, 3, 4, 6]));
  const isOdd = random.chance(0.1);
  const isCut = random.chance(0.5);
  const usualMs = ticksMin > 1 ? LONG_TICK_MS : TICK_MS;
  let endMs = fromMs;
  return random.times(count, (index) => {
    const isLast = index === count - 1;
    const lengthMs = isOdd
      ? random.pick([0, 1, 3, 999, 20_000])
      : isLast && isCut
        ? random.int(1, usualMs)
        : usualMs;
    // A tick's end names it, so two of a connection never have the same.
    endMs += Math.max(lengthMs, 1);
    return { endMs, lengthMs };
  });
}

function makeConnectedMs(random: Random, presentMs: number): bigint {
  return random.weighted([
    [BigInt(presentMs), 8],
    [BigInt(random.int(0, presentMs)), 2],
    [BigInt(random.int(0, 400) * 1000 + 500), 2],
    [0n, 0.5],
    [UINT64_MAX, 0.1],
  ]);
}

function makeIdentity(
  random: Random,
): Omit<
  PeerRow,
  | 'sessionId'
  | 'finalizedAtMs'
  | 'peerId'
  | 'version'
  | 'joinedAtMs'
  | 'leftAtMs'
  | 'connectedMs'
  | 'joins'
  | 'keys'
  | 'callSetupMs'
  | 'rating'
> {
  return {
    os: fieldText(random, ['Linux', 'Windows', 'macOS', 'Android', 'iOS']),
    osVersion: fieldText(random, ['64-bit', '10', '14.5', '13']),
    browser: fieldText(random, ['Chrome', 'Firefox', 'Safari', 'Edge']),
    browserVersion: fieldText(random, ['102.0.5005.61', '128.0', '17.4']),
    sdkVersion: fieldText(random, ['1.34.1-beta.1', '2.0.0']),
    city: fieldText(random, ['Frankfurt am Main', 'S\xc3\xa3o Paulo', 'Oslo']),
    country: fieldText(random, ['Germany', 'Brazil', 'Norway']),
    organization: fieldText(random, ['Google', 'Telekom "Netz"', 'AT&T']),
    connectionType: random.weighted([
      ['HOST', 3],
      ['STUN', 3],
      ['TURN', 3],
      ['', 1],
      [random.pick(['relay', 'turn', 'X"']), 0.1],
    ]),
    mediaTransport: random.weighted([
      ['udp', 5],
      ['tcp', 2],
      ['tls', 2],
      ['', 1],
      [random.pick(['UDP', 'quic']), 0.1],
    ]),
    audioDevice: fieldText(random, ['Fake Default Audio Input', 'Built-in (1234:5678)']),
    videoDevice: fieldText(random, ['/video/KrankyGeek-1080p.y4m', 'FaceTime HD']),
    endReason: fieldText(random, ['left', 'timeout', 'kicked']),
  };
}

/** Names differ, and stay different when what is ill-formed in them is replaced, but for a few. */
function makeKeys(random: Random): PeerRow['keys'] {
  if (random.chance(0.003))
    return random.shuffled(NAMES_THAT_BECOME_ONE.map((name) => [name, [plainText(random)]] as const));
  const keys = new Map<ByteText, ByteText[]>();
  const count = random.weighted([
    [0, 3],
    [1, 3],
    [2, 2],
    [random.int(3, 6), 1],
  ]);
  for (let index = 0; index < count; index += 1) {
    const isOdd = random.chance(0.2);
    const name = isOdd
      ? random.pick(['', `${oddText(random)}${index}`])
      : `key${random.pick(['A', 'B', 'b', '\xc3\xa9'])}${random.int(0, 20)}`;
    const values = random.weighted([
      [1, 6],
      [0, 1],
      [random.int(2, 4), 2],
    ]);
    keys.set(
      name,
      random.times(values, () => makeValue(random)),
    );
  }
  return random.shuffled([...keys]);
}

function makeValue(random: Random): ByteText {
  return random.weighted<() => ByteText>([
    [() => plainText(random), 12],
    [() => '', 1],
    [() => oddText(random), 3],
    [() => `${plainText(random)}${LONE_SURROGATE}`, 0.3],
  ])();
}

function largeKeys(random: Random, count: number): PeerRow['keys'] {
  return random.times(count, (index) => [`large${index}`, [longText(random), longText(random)]] as const);
}
