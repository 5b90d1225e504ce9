// The document of a room as an object for JSON.stringify, from the rows of the three views. Part of the
// exporter that works row by row.
import { meanOf, measureDirection, NOTHING_MEASURED, roundTo, rttOf } from './row-measures.ts';
import type { DirectionMeasures, TotalRow } from './row-measures.ts';

/** A row of export_rooms, as JSONEachRow has it with times in ISO 8601. */
export interface RoomRow {
  session_id: string;
  room_id: string;
  room_url: string;
  started_at: string;
  ended_at: string;
}

/** A row of export_peers. */
export interface PeerRow {
  session_id: string;
  peer_id: string;
  joined_at: string;
  connected_ms: number;
  os: string;
  os_version: string;
  browser: string;
  browser_version: string;
  sdk_version: string;
  city: string;
  country: string;
  organization: string;
  connection_type: string;
  media_transport: string;
  audio_device: string;
  video_device: string;
  keys: Record<string, string[]>;
  call_setup_ms: number | null;
}

/** What a room's means are taken over. */
export interface MeasuredPeer {
  row: PeerRow;
  mos: number | null;
  score: number | null;
  audio: MeasuredMedium;
  video: MeasuredMedium;
}

interface MeasuredMedium {
  send: DirectionMeasures;
  recv: DirectionMeasures;
}

/** @param totals Those of this peer, in any order. */
export function measurePeer(row: PeerRow, totals: readonly TotalRow[]): MeasuredPeer {
  const audio = measureMedium('audio', totals);
  const video = measureMedium('video', totals);
  const mos = meanOf([audio.send.mos, audio.recv.mos]);
  const score = meanOf([audio.send.score, audio.recv.score, video.send.score, video.recv.score]);
  return { row, mos, score, audio, video };
}

export function toRoomDocument(room: RoomRow, peers: readonly MeasuredPeer[]): unknown {
  const durationMs = Date.parse(room.ended_at) - Date.parse(room.started_at);
  return {
    room_url: room.room_url || null,
    room_id: room.room_id,
    start_time: room.started_at,
    end_time: room.ended_at,
    duration: durationMs < 0 ? null : Math.round(durationMs / 1000),
    users: peers.length,
    stats: toRoomStats(peers),
    peers: peers.toSorted(byStart).map(toPeerDocument),
  };
}

function measureMedium(media: string, totals: readonly TotalRow[]): MeasuredMedium {
  const find = (direction: string) =>
    totals.find((total) => total.media === media && total.direction === direction);
  const [send, recv] = [find('send'), find('recv')];
  const rtt = rttOf(send);
  return {
    send: send === undefined ? NOTHING_MEASURED : measureDirection(send, rtt),
    recv: recv === undefined ? NOTHING_MEASURED : measureDirection(recv, rtt),
  };
}

function byStart({ row: a }: MeasuredPeer, { row: b }: MeasuredPeer): number {
  if (a.joined_at !== b.joined_at) return a.joined_at < b.joined_at ? -1 : 1;
  return a.peer_id < b.peer_id ? -1 : 1;
}

function toPeerDocument({ row, mos, score, audio, video }: MeasuredPeer): unknown {
  return {
    peer_id: row.peer_id,
    os: row.os || null,
    os_version: row.os_version || null,
    browser: row.browser || null,
    browser_version: row.browser_version || null,
    location: {
      city: row.city || null,
      country: row.country || null,
      organization: row.organization || null,
    },
    sdk_version: row.sdk_version || null,
    start_time: row.joined_at,
    duration: Math.round(row.connected_ms / 1000),
    keys: toKeys(row.keys),
    features: { connection_type: row.connection_type || null, media_transport: row.media_transport || null },
    stats: {
      mos: roundTo(mos, 100),
      score: roundTo(score, 10),
      call_setup_time: row.call_setup_ms,
      audio: {
        send: {
          mos: roundTo(audio.send.mos, 100),
          score: roundTo(audio.send.score, 10),
          ...toSent(audio.send),
        },
        recv: {
          mos: roundTo(audio.recv.mos, 100),
          score: roundTo(audio.recv.score, 10),
          ...toShared(audio.recv),
        },
        ...toShared(ofBoth(audio)),
      },
      video: {
        send: { mos: roundTo(video.send.mos, 100), ...toSent(video.send) },
        recv: { mos: roundTo(video.recv.mos, 100), ...toShared(video.recv) },
        ...toShared(ofBoth(video)),
      },
    },
    audio_device: row.audio_device || null,
    video_device: row.video_device || null,
  };
}

function toRoomStats(peers: readonly MeasuredPeer[]): unknown {
  return {
    mos: roundTo(meanOf(peers.map(({ mos }) => mos)), 100),
    score: roundTo(meanOf(peers.map(({ score }) => score)), 10),
    call_setup_time: roundTo(meanOf(peers.map(({ row }) => row.call_setup_ms)), 1),
    audio: toRoomMedium(peers.map(({ audio }) => audio)),
    video: toRoomMedium(peers.map(({ video }) => video)),
  };
}

function toRoomMedium(media: readonly MeasuredMedium[]): unknown {
  const send = meanOfDirections(media.map((medium) => medium.send));
  const recv = meanOfDirections(media.map((medium) => medium.recv));
  return { send: toSent(send), recv: toShared(recv), ...toShared(ofBoth({ send, recv })) };
}

type Quantities = Pick<DirectionMeasures, 'bitrate' | 'loss' | 'jitter' | 'rtt'>;

function meanOfDirections(directions: readonly DirectionMeasures[]): Quantities {
  return {
    bitrate: meanOf(directions.map(({ bitrate }) => bitrate)),
    loss: meanOf(directions.map(({ loss }) => loss)),
    jitter: meanOf(directions.map(({ jitter }) => jitter)),
    rtt: meanOf(directions.map(({ rtt }) => rtt)),
  };
}

function ofBoth({ send, recv }: { send: Quantities; recv: Quantities }): Quantities {
  return {
    bitrate: meanOf([send.bitrate, recv.bitrate]),
    loss: meanOf([send.loss, recv.loss]),
    jitter: meanOf([send.jitter, recv.jitter]),
    rtt: null,
  };
}

function toShared({ bitrate, loss, jitter }: Quantities): Record<string, number | null> {
  return { bitrate: roundTo(bitrate, 1), packet_loss: roundTo(loss, 10), jitter: roundTo(jitter, 1) };
}

function toSent(quantities: Quantities): Record<string, number | null> {
  return { ...toShared(quantities), rtt: roundTo(quantities.rtt, 1) };
}

/** A key with one value is a text, with several or none an array. */
function toKeys(keys: Record<string, string[]>): Record<string, string | string[]> {
  const names = Object.keys(keys).sort();
  return Object.fromEntries(names.map((name) => [name, toOneOrAll(keys[name] ?? [])]));
}

function toOneOrAll(texts: string[]): string | string[] {
  const [first, ...more] = texts;
  return first !== undefined && more.length === 0 ? first : texts;
}
