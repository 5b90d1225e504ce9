// From directions to peers and from peers to rooms: means of what is there, all in integers. Says nothing of
// text.
import { meanOf, wholeToMillionths } from './exact-numbers.ts';
import type { Millionths } from './exact-numbers.ts';
import { measure, rttMsOf } from './formulas.ts';
import type { Measured } from './formulas.ts';
import type { Direction, Media } from './history-rows.ts';
import type { TrackTotals } from './track-totals.ts';

/** What audio and video have in each direction of a room, and, of the peer or room, without one (no rtt). */
export interface Network {
  bitrate: Millionths | null;
  packetLoss: Millionths | null;
  jitter: Millionths | null;
}

export interface Medium<Each extends Network> extends Network {
  send: Each;
  recv: Each;
}

export interface Stats<Each extends Network> {
  mos: Millionths | null;
  score: Millionths | null;
  callSetupTime: Millionths | null;
  audio: Medium<Each>;
  video: Medium<Each>;
}

export interface RoomDirection extends Network {
  rtt: Millionths | null;
}

/** Totals by `audio send`, `audio recv`, `video send`, `video recv`. */
export type TotalsOfPeer = ReadonlyMap<string, TrackTotals>;

export function trackOf(media: Media, direction: Direction): string {
  return `${media} ${direction}`;
}

export function measurePeer(totals: TotalsOfPeer, callSetupMs: number | null): Stats<Measured> {
  const audio = measureMedium(totals, 'audio');
  const video = measureMedium(totals, 'video');
  return {
    mos: meanOf([audio.send.mos, audio.recv.mos]),
    score: meanOf([audio.send.score, audio.recv.score, video.send.score, video.recv.score]),
    callSetupTime: wholeToMillionths(callSetupMs),
    audio,
    video,
  };
}

/** Every peer that has a value weighs the same. */
export function measureRoom(peers: readonly Stats<Measured>[]): Stats<RoomDirection> {
  const mean = (of: (peer: Stats<Measured>) => Millionths | null): Millionths | null => meanOf(peers.map(of));
  const directionOf = (of: (peer: Stats<Measured>) => Measured): RoomDirection => ({
    bitrate: mean((peer) => of(peer).bitrate),
    packetLoss: mean((peer) => of(peer).packetLoss),
    jitter: mean((peer) => of(peer).jitter),
    rtt: mean((peer) => of(peer).rtt),
  });
  const mediumOf = (media: Media): Medium<RoomDirection> =>
    withMeans(
      directionOf((peer) => peer[media].send),
      directionOf((peer) => peer[media].recv),
    );
  return {
    mos: mean((peer) => peer.mos),
    score: mean((peer) => peer.score),
    callSetupTime: mean((peer) => peer.callSetupTime),
    audio: mediumOf('audio'),
    video: mediumOf('video'),
  };
}

function measureMedium(totals: TotalsOfPeer, media: Media): Medium<Measured> {
  const sent = totals.get(trackOf(media, 'send'));
  const sendRttMs = sent === undefined ? null : rttMsOf(sent);
  const measureDirection = (direction: Direction): Measured =>
    measure({ media, direction, totals: totals.get(trackOf(media, direction)), sendRttMs });
  return withMeans(measureDirection('send'), measureDirection('recv'));
}

function withMeans<Each extends Network>(send: Each, recv: Each): Medium<Each> {
  return {
    send,
    recv,
    bitrate: meanOf([send.bitrate, recv.bitrate]),
    packetLoss: meanOf([send.packetLoss, recv.packetLoss]),
    jitter: meanOf([send.jitter, recv.jitter]),
  };
}
