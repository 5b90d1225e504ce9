// One room as the file has it: one line of JSON, in bytes. The order of keys, the decimals of each quantity
// and what is null stand here and nowhere else in the oracle. Extended fields follow the standard ones of
// their object.
import {
  divideHalfUp,
  meanOf,
  toDecimals,
  toMillionths,
  wholeToMillionths,
  toSeconds,
} from './exact-numbers.ts';
import { fpsOf } from './formulas.ts';
import type { Measured } from './formulas.ts';
import { compareTexts } from './history-rows.ts';
import type { ByteText, Direction, Media, PeerRow } from './history-rows.ts';
import type { HoldingPeer, HoldingRoom } from './holding-rows.ts';
import { toJsonText, toWellFormed } from './json-text.ts';
import { measurePeer, measureRoom, trackOf } from './measure-peer.ts';
import type { Medium, Network, RoomDirection, Stats } from './measure-peer.ts';
import type { TrackTotals } from './track-totals.ts';

export type Fields = 'standard' | 'extended';

/** Raised when the file's keys change. */
const SCHEMA_VERSION = '1';

const DECIMALS = { mos: 2, score: 1, packetLoss: 1, fps: 1, rating: 2 } as const;

const CONNECTION_TYPES: ReadonlySet<ByteText> = new Set(['HOST', 'STUN', 'TURN']);
const MEDIA_TRANSPORTS: ReadonlySet<ByteText> = new Set(['udp', 'tcp', 'tls']);

/** A key of an object with its finished JSON. */
type Entry = readonly [key: string, json: string];

interface MeasuredPeer {
  peer: HoldingPeer;
  stats: Stats<Measured>;
}

/** Without what joins it to the next. */
export function toRoomText({ row, peers }: HoldingRoom, fields: Fields): ByteText {
  const measured = [...peers]
    .sort((a, b) => a.row.joinedAtMs - b.row.joinedAtMs || compareTexts(a.row.peerId, b.row.peerId))
    .map((peer) => ({ peer, stats: measurePeer(peer.totals, peer.row.callSetupMs) }));
  const lastedMs = row.endedAtMs - row.startedAtMs;
  const standard: Entry[] = [
    ['room_url', textOrNull(row.roomUrl)],
    ['room_id', toJsonText(row.roomId)],
    ['start_time', toTime(row.startedAtMs)],
    ['end_time', toTime(row.endedAtMs)],
    ['duration', lastedMs < 0 ? 'null' : `${toSeconds(BigInt(lastedMs))}`],
    ['users', String(peers.length)],
    ['stats', roomStats(measureRoom(measured.map(({ stats }) => stats)))],
    ['peers', `[${measured.map((each) => peerText(each, fields)).join(',')}]`],
  ];
  if (fields === 'standard') return toObject(standard);
  return toObject([
    ...standard,
    ['session_id', toJsonText(row.sessionId)],
    ['finalized_at', toTime(row.finalizedAtMs)],
    ['schema_version', SCHEMA_VERSION],
    ['user', meanRating(peers)],
    ['measured', measuredCounts(measured)],
  ]);
}

function roomStats(stats: Stats<RoomDirection>): string {
  const medium = (media: Media): string => {
    const { send, recv } = stats[media];
    return toObject([
      ['send', toObject([...network(send), ['rtt', toDecimals(send.rtt, 0)]])],
      ['recv', toObject(network(recv))],
      ...network(stats[media]),
    ]);
  };
  return toObject([...headOf(stats), ['audio', medium('audio')], ['video', medium('video')]]);
}

function peerText({ peer, stats }: MeasuredPeer, fields: Fields): string {
  const { row } = peer;
  const location: Entry[] = [
    ['city', textOrNull(row.city)],
    ['country', textOrNull(row.country)],
    ['organization', textOrNull(row.organization)],
  ];
  const features: Entry[] = [
    ['connection_type', oneOfOrNull(CONNECTION_TYPES, row.connectionType)],
    ['media_transport', oneOfOrNull(MEDIA_TRANSPORTS, row.mediaTransport)],
  ];
  const standard: Entry[] = [
    ['peer_id', textOrNull(row.peerId)],
    ['os', textOrNull(row.os)],
    ['os_version', textOrNull(row.osVersion)],
    ['browser', textOrNull(row.browser)],
    ['browser_version', textOrNull(row.browserVersion)],
    ['location', toObject(location)],
    ['sdk_version', textOrNull(row.sdkVersion)],
    ['start_time', toTime(row.joinedAtMs)],
    ['duration', `${toSeconds(row.connectedMs)}`],
    ['keys', keysText(row.keys)],
    ['features', toObject(features)],
    ['stats', peerStats(stats, peer, fields)],
    ['audio_device', textOrNull(row.audioDevice)],
    ['video_device', textOrNull(row.videoDevice)],
  ];
  if (fields === 'standard') return toObject(standard);
  return toObject([
    ...standard,
    ['end_time', toTime(row.leftAtMs)],
    ['joins', String(row.joins)],
    ['user', String(ratingOf(row))],
    ['end_reason', textOrNull(row.endReason)],
  ]);
}

function peerStats(stats: Stats<Measured>, { totals }: HoldingPeer, fields: Fields): string {
  const medium = (media: Media): string => {
    const direction = (name: Direction): string => {
      const standard = directionEntries(media, name, stats[media][name]);
      return fields === 'standard'
        ? toObject(standard)
        : toObject([...standard, ...extendedEntries(media, name, totals.get(trackOf(media, name)))]);
    };
    return toObject([['send', direction('send')], ['recv', direction('recv')], ...network(stats[media])]);
  };
  return toObject([...headOf(stats), ['audio', medium('audio')], ['video', medium('video')]]);
}

/** Video has no score of its own in the file, recv no rtt. */
function directionEntries(media: Media, direction: Direction, measured: Measured): Entry[] {
  return [
    ['mos', toDecimals(measured.mos, DECIMALS.mos)],
    ...(media === 'audio' ? [['score', toDecimals(measured.score, DECIMALS.score)] as const] : []),
    ...network(measured),
    ...(direction === 'send' ? [['rtt', toDecimals(measured.rtt, 0)] as const] : []),
  ];
}

/** Of a direction that never existed, all null; of one that did, what was not measured. */
function extendedEntries(media: Media, direction: Direction, totals: TrackTotals | undefined): Entry[] {
  const of = (show: (totals: TrackTotals) => string): string =>
    totals === undefined ? 'null' : show(totals);
  const isReported = (each: TrackTotals): boolean => each.packetsLost !== 0n || each.packetsArrived > 0n;
  const entries: Entry[] = [
    ['codec', of(({ codec }) => textOrNull(codec))],
    ['packets', of(({ packets }) => packets.toString())],
    ['packets_lost', of((each) => (isReported(each) ? each.packetsLost.toString() : 'null'))],
    ['bytes', of(({ bytes }) => bytes.toString())],
    ['active_time', of(({ activeMs }) => divideHalfUp(activeMs, 1000n).toString())],
    ['jitter_max', of(({ jitterCount, jitterUsMax }) => largestMs(jitterCount, jitterUsMax))],
  ];
  if (direction === 'send')
    entries.push(['rtt_max', of(({ rttCount, rttUsMax }) => largestMs(rttCount, rttUsMax))]);
  if (media === 'audio') return entries;
  return [
    ...entries,
    ['width', of(({ widthMax }) => sizeOrNull(widthMax))],
    ['height', of(({ heightMax }) => sizeOrNull(heightMax))],
    ['fps', of((each) => toDecimals(toMillionths(fpsOf(each)), DECIMALS.fps))],
    ['freezes', of(({ freezes }) => freezes.toString())],
  ];
}

function headOf(stats: Stats<Network>): Entry[] {
  return [
    ['mos', toDecimals(stats.mos, DECIMALS.mos)],
    ['score', toDecimals(stats.score, DECIMALS.score)],
    ['call_setup_time', toDecimals(stats.callSetupTime, 0)],
  ];
}

function network({ bitrate, packetLoss, jitter }: Network): Entry[] {
  return [
    ['bitrate', toDecimals(bitrate, 0)],
    ['packet_loss', toDecimals(packetLoss, DECIMALS.packetLoss)],
    ['jitter', toDecimals(jitter, 0)],
  ];
}

/**
 * By name, as it stands in the file. Names that are one there, though not in the history, are one key with
 * the values of all.
 */
function keysText(keys: PeerRow['keys']): string {
  const merged = new Map<ByteText, ByteText[]>();
  for (const [name, values] of keys) {
    const shown = toWellFormed(name);
    merged.set(shown, [...(merged.get(shown) ?? []), ...values]);
  }
  const entries = [...merged]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([name, values]) => {
      const [first] = values;
      const isSingle = values.length === 1 && first !== undefined;
      return `${toJsonText(name)}:${isSingle ? toJsonText(first) : `[${values.map(toJsonText).join(',')}]`}`;
    });
  return `{${entries.join(',')}}`;
}

function meanRating(peers: readonly HoldingPeer[]): string {
  const ratings = peers.map(({ row }) => ratingOf(row));
  return toDecimals(meanOf(ratings.map(wholeToMillionths)), DECIMALS.rating);
}

/** Other numbers than 1 to 5 are no ratings. */
function ratingOf({ rating }: PeerRow): number | null {
  return rating !== null && rating >= 1 && rating <= 5 ? rating : null;
}

function measuredCounts(peers: readonly MeasuredPeer[]): string {
  const count = (has: (stats: Stats<Measured>) => boolean): string =>
    String(peers.filter(({ stats }) => has(stats)).length);
  const isSeen = ({ bitrate, packetLoss, jitter, send }: Medium<Measured>): boolean =>
    [bitrate, packetLoss, jitter, send.rtt].some((quantity) => quantity !== null);
  return toObject([
    ['mos', count(({ mos }) => mos !== null)],
    ['score', count(({ score }) => score !== null)],
    ['audio', count(({ audio }) => isSeen(audio))],
    ['video', count(({ video }) => isSeen(video))],
  ]);
}

function largestMs(count: bigint, largestUs: number): string {
  return count === 0n ? 'null' : divideHalfUp(BigInt(largestUs), 1000n).toString();
}

function sizeOrNull(pixels: number): string {
  return pixels === 0 ? 'null' : String(pixels);
}

function oneOfOrNull(known: ReadonlySet<ByteText>, text: ByteText): string {
  return known.has(text) ? toJsonText(text) : 'null';
}

function textOrNull(text: ByteText): string {
  return text === '' ? 'null' : toJsonText(text);
}

/** ISO 8601 in UTC with milliseconds. */
function toTime(ms: number): string {
  return `"${new Date(ms).toISOString()}"`;
}

function toObject(entries: readonly Entry[]): string {
  return `{${entries.map(([key, json]) => `"${key}":${json}`).join(',')}}`;
}
