// The edges that random histories have to reach, each told by looking at the rows, not by asking who made
// them.
import { divideHalfUp, meanOf, toMillionths } from './exact-numbers.ts';
import type { Millionths } from './exact-numbers.ts';
import { rttMsOf } from './formulas.ts';
import { groupBy } from './history-rows.ts';
import type { ByteText, Media, RoomHistory, RoomRow, SampleRow } from './history-rows.ts';
import type { HoldingPeer } from './holding-rows.ts';
import { toWellFormed } from './json-text.ts';
import type { MadeRoom } from './make-room.ts';
import { LONE_SURROGATE, LONG_TEXT_CHARACTERS } from './make-texts.ts';
import { trackOf } from './measure-peer.ts';
import type { TotalsOfPeer } from './measure-peer.ts';
import { toRoomText } from './room-text.ts';
import { isAtLimit } from './track-totals.ts';
import type { TrackTotals } from './track-totals.ts';

/** A room of the interval with everything an edge is told by. */
export interface SeenRoom {
  made: MadeRoom;
  history: RoomHistory;
  row: RoomRow;
  peers: readonly HoldingPeer[];
  /** Each tick once, of each peer that has any. */
  ticks: ReadonlyMap<ByteText, readonly SampleRow[]>;
  keyNames: readonly ByteText[];
  keyTexts: readonly ByteText[];
  /** Every text of the room that comes from outside. */
  texts: readonly ByteText[];
  startMs: number;
  endMs: number;
  roomIdsBefore: ReadonlySet<ByteText>;
}

export type Edge = (room: SeenRoom) => boolean;

const HOUR_MS = 3_600_000;
const FIVE_MEGABYTES = 5_000_000;

export const EDGES: Readonly<Record<string, Edge>> = {
  'room without peers': ({ peers }) => peers.length === 0,
  'peer without media': ({ peers }) => peers.some(({ totals }) => totals.size === 0),
  'audio only': hasPeer((totals) => hasMedia(totals, 'audio') && !hasMedia(totals, 'video')),
  'video only': hasPeer((totals) => hasMedia(totals, 'video') && !hasMedia(totals, 'audio')),
  'receive only': hasPeer(
    (totals) => totals.size > 0 && [...totals.keys()].every((track) => track.endsWith('recv')),
  ),
  'send only': hasPeer(
    (totals) => totals.size > 0 && [...totals.keys()].every((track) => track.endsWith('send')),
  ),
  'no RTT ever': hasTrack(({ rttCount }, track) => track.endsWith('send') && rttCount === 0n),
  'no report of losses': hasTrack(
    ({ packets, packetsLost, packetsArrived }) => packets > 0n && packetsLost === 0n && packetsArrived === 0n,
  ),
  'no jitter ever': hasTrack(({ jitterCount }) => jitterCount === 0n),
  'everything lost': hasTrack(({ packetsLost, packetsArrived }) => packetsLost > 0n && packetsArrived === 0n),
  'one sample only': hasTicks((ticks) => [...byTrack(ticks).values()].some((track) => track.length === 1)),
  'negative lost packets': hasTicks((ticks) => ticks.some(({ packetsLost }) => packetsLost < 0n)),
  'more late than lost': hasTrack(({ packetsLost }) => packetsLost < 0n),
  'counter reset by rejoin': (room) =>
    room.peers.some(({ row }) => row.joins > 1 && connectionsOf(room, row.peerId) === 'one after the other'),
  'two peer connections of one peer': (room) =>
    room.peers.some(({ row }) => connectionsOf(room, row.peerId) === 'at once'),
  'sample delivered twice': ({ history }) => isRepeated(history.samples, () => true),
  'sample delivered twice, differently': ({ history }) =>
    isRepeated(history.samples, (a, b) => a.bytes !== b.bytes),
  'late sample': ({ made }) => made.late.samples.length > 0,
  'sample of no length': hasTicks((ticks) => ticks.some(({ tickMs }) => tickMs === 0)),
  'samples without their peer': ({ history, row, peers }) =>
    history.samples.some(
      (tick) => tick.sessionId === row.sessionId && !peers.some((peer) => peer.row.peerId === tick.peerId),
    ),
  'samples of an open room': ({ history, row }) =>
    history.samples.some((tick) => tick.sessionId !== row.sessionId),
  simulcast: hasTicks((ticks) =>
    ticks.some((tick) => tick.direction === 'send' && tick.pixels > tick.width * tick.height),
  ),
  'muted stretch': hasTicks((ticks) =>
    [...byTrack(ticks).values()].some((track) => track.some(isMuted) && !track.every(isMuted)),
  ),
  'zero duration': ({ row }) => row.endedAtMs === row.startedAtMs,
  'end before start': ({ row }) => row.endedAtMs < row.startedAtMs,
  'end is missing': ({ row }) => row.endedAtMs === 0,
  '8-hour room': ({ row, history }) =>
    row.endedAtMs - row.startedAtMs >= 8 * HOUR_MS && history.samples.length > 400,
  'room across several intervals': ({ row, startMs, endMs }) => row.startedAtMs < startMs - (endMs - startMs),
  'first moment of the interval': ({ row, startMs }) => row.finalizedAtMs === startMs,
  'last moment of the interval': ({ row, endMs }) => row.finalizedAtMs === endMs - 1,
  'corrected room': ({ history }) => history.rooms.length > 1,
  'correction came first': ({ history, row }) => (history.rooms.at(-1)?.version ?? row.version) < row.version,
  'corrected peer': ({ history, peers }) => history.peers.length > peers.length,
  'late key': ({ peers }) => peers.some(({ row }) => row.keys.some(([name]) => name === '~late')),
  'same room_id twice': ({ row, roomIdsBefore }) => roomIdsBefore.has(row.roomId),
  'array key': ({ peers }) => peers.some(({ row }) => row.keys.some(([, values]) => values.length > 1)),
  'key without values': ({ peers }) =>
    peers.some(({ row }) => row.keys.some(([, values]) => values.length === 0)),
  'key without a name': ({ keyNames }) => keyNames.includes(''),
  'key with an empty value': ({ peers }) =>
    peers.some(({ row }) => row.keys.some(([, values]) => values.includes(''))),
  'key with quotes': hasKeyText((text) => text.includes('"')),
  'key with newlines': hasKeyText((text) => text.includes('\n')),
  'key with NUL': hasKeyText((text) => text.includes('\0')),
  'key with emoji': hasKeyText((text) => text.includes('\xf0\x9f\x98\x80')),
  'key with a lone surrogate': hasKeyText((text) => text.includes(LONE_SURROGATE)),
  'key with </script>': hasKeyText((text) => text.includes('</script>')),
  'key of 512 characters': hasKeyText(
    (text) =>
      text.length >= LONG_TEXT_CHARACTERS &&
      Buffer.from(text, 'latin1').toString('utf8').length >= LONG_TEXT_CHARACTERS,
  ),
  'invalid UTF-8 in a key name': ({ keyNames }) => keyNames.some(isBroken),
  'invalid UTF-8 elsewhere': ({ texts }) => texts.some(isBroken),
  'invalid UTF-8 in the session': ({ row }) => isBroken(row.sessionId),
  'key names that become one': ({ peers }) =>
    peers.some(({ row }) => new Set(row.keys.map(([name]) => toWellFormed(name))).size < row.keys.length),
  'empty peer_id': ({ peers }) => peers.some(({ row }) => row.peerId === ''),
  'unknown connection type': ({ peers }) =>
    peers.some(({ row }) => !['HOST', 'STUN', 'TURN', ''].includes(row.connectionType)),
  'rating out of bounds': ({ peers }) =>
    peers.some(({ row: { rating } }) => rating !== null && (rating < 1 || rating > 5)),
  'sum at the limit of its type': hasTrack((totals) => isAtLimit(totals)),
  'more than any measurement': ({ peers }) =>
    peers.some(({ row }) => (row.callSetupMs ?? 0) > 2 ** 31 || row.connectedMs > 2n ** 63n),
  'mean that rounding to millionths lifts to a half': ({ peers }) =>
    (['audio', 'video'] as const).some((media) => isLifted(peers.map(({ totals }) => rttOf(totals, media)))),
  '1,000 peers': ({ peers }) => peers.length >= 1_000,
  '5 MB room': ({ row, peers }) =>
    peers.length > 200 && toRoomText({ row, peers: [...peers] }, 'standard').length >= FIVE_MEGABYTES,
};

/** Some peer's tracks are so. */
function hasPeer(isSo: (totals: TotalsOfPeer) => boolean): Edge {
  return ({ peers }) => peers.some(({ totals }) => isSo(totals));
}

/** Some track's totals are so; a track is named like `audio send`. */
function hasTrack(isSo: (totals: TrackTotals, track: string) => boolean): Edge {
  return hasPeer((tracks) => [...tracks].some(([track, totals]) => isSo(totals, track)));
}

/** The ticks of some peer are so. */
function hasTicks(isSo: (ticks: readonly SampleRow[]) => boolean): Edge {
  return ({ ticks }) => [...ticks.values()].some(isSo);
}

function hasKeyText(isSo: (text: ByteText) => boolean): Edge {
  return ({ keyTexts }) => keyTexts.some(isSo);
}

function rttOf(totals: TotalsOfPeer, media: Media): Millionths | null {
  const sent = totals.get(trackOf(media, 'send'));
  const rttMs = sent === undefined ? null : rttMsOf(sent);
  return toMillionths(rttMs);
}

/** The mean in whole units is another one without the step over millionths. */
function isLifted(values: readonly (Millionths | null)[]): boolean {
  const known = values.filter((value) => value !== null);
  const mean = meanOf(known);
  if (mean === null) return false;
  const sum = known.reduce((total, value) => total + value, 0n);
  return divideHalfUp(mean, 1_000_000n) !== divideHalfUp(sum, 1_000_000n * BigInt(known.length));
}

function hasMedia(totals: TotalsOfPeer, media: string): boolean {
  return [...totals.keys()].some((track) => track.startsWith(media));
}

function byTrack(ticks: readonly SampleRow[]): Map<string, SampleRow[]> {
  return groupBy(ticks, ({ media, direction, connectionId }) => `${media} ${direction} ${connectionId}`);
}

function isMuted({ bytes, packets }: SampleRow): boolean {
  return bytes === 0n && packets === 0n;
}

/** How the times of a peer's first two connections lie to each other; undefined when it had one. */
function connectionsOf({ ticks }: SeenRoom, peerId: ByteText): 'at once' | 'one after the other' | undefined {
  const connections = [...groupBy(ticks.get(peerId) ?? [], (tick) => tick.connectionId).values()];
  const [first, second] = connections.map((each) => ({
    fromMs: Math.min(...each.map(({ tickEndMs, tickMs }) => tickEndMs - tickMs)),
    toMs: Math.max(...each.map(({ tickEndMs }) => tickEndMs)),
  }));
  if (first === undefined || second === undefined) return undefined;
  const isApart = first.toMs <= second.fromMs || second.toMs <= first.fromMs;
  return isApart ? 'one after the other' : 'at once';
}

/** Some tick was delivered more than once, and two of its deliveries are so. */
function isRepeated(delivered: readonly SampleRow[], isSo: (a: SampleRow, b: SampleRow) => boolean): boolean {
  const deliveries = groupBy(delivered, (tick) =>
    [tick.sessionId, tick.peerId, tick.connectionId, tick.media, tick.direction, tick.tickEndMs].join('\n'),
  );
  return [...deliveries.values()].some(([first, second]) => first && second && isSo(first, second));
}

function isBroken(text: ByteText): boolean {
  return toWellFormed(text) !== text;
}
