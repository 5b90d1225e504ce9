// Shared by the import's pure tests: the track totals and measurements of a dump, computed by the oracle from
// the ticks that the import made. Neither ClickHouse nor the import's own totals are needed, and a mistake in
// one of them does not hide here.
import { readFileSync } from 'node:fs';
import { toRooms } from '../../../importers/rooms.ts';
import type { PeerRow, Room } from '../../../importers/rooms.ts';
import type { ReadFile } from '../../../importers/read-file.ts';
import { measurePeer } from '../../oracle/measure-peer.ts';
import type { Stats, TotalsOfPeer } from '../../oracle/measure-peer.ts';
import type { Measured } from '../../oracle/formulas.ts';
import type { Direction, Media, SampleRow } from '../../oracle/history-rows.ts';
import { groupBy } from '../../oracle/history-rows.ts';
import { toTotals } from '../../oracle/track-totals.ts';
import type { TrackTotals } from '../../oracle/track-totals.ts';
import { readDump, tickLines } from './reading.ts';

export interface ShownPeer {
  peer: PeerRow;
  /** By `audio send`, `audio recv`, `video send`, `video recv`. */
  totals: TotalsOfPeer;
  stats: Stats<Measured>;
}

export interface ShownRoom extends Room {
  shown: ShownPeer[];
}

/** The bytes of a small recording of test/pure/recordings. */
export function recordingOf(name: string): Buffer {
  return readFileSync(new URL(`recordings/${name}`, import.meta.url));
}

/** What an import of this dump alone brings. */
export async function importOf(dump: Buffer): Promise<{ file: ReadFile; rooms: ShownRoom[] }> {
  const file = await readDump(dump);
  const rooms = toRooms(file.presences.map(({ presence }) => ({ presence, sessionId: null })));
  return {
    file,
    rooms: rooms.map((room) => ({
      ...room,
      shown: room.peers.map((peer) => showPeer(file, room, peer)),
    })),
  };
}

/** The only peer of the only room that a dump gives. */
export async function onlyPeerOf(dump: Buffer): Promise<ShownPeer & { file: ReadFile; room: Room }> {
  const { file, rooms } = await importOf(dump);
  const [room] = rooms;
  const [shown] = room?.shown ?? [];
  if (rooms.length !== 1 || room === undefined || shown === undefined || room.shown.length !== 1)
    throw new Error(`the dump gives ${rooms.length} rooms, ${room?.shown.length ?? 0} peers in the first`);
  return { file, room, ...shown };
}

/** Totals of one medium and direction. Throws where there are none. */
export function trackOf({ totals }: ShownPeer, name: string): TrackTotals {
  const track = totals.get(name);
  if (track === undefined) throw new Error(`no ${name}, only ${[...totals.keys()].join(', ')}`);
  return track;
}

/** Frames per second and pixels of a frame, as the measurements have them. */
export function pictureOf(track: TrackTotals): { fps: number; pixels: number } {
  const sizedMs = Number(track.sizedMs);
  return { fps: (1000 * Number(track.frames)) / sizedMs, pixels: Number(track.pixelMs) / sizedMs };
}

/** A value in millionths as a number with two decimals. */
export function toDecimals(millionths: bigint | null): number | null {
  return millionths === null ? null : Math.round(Number(millionths) / 1e4) / 100;
}

function showPeer(file: ReadFile, { presences }: Room, peer: PeerRow): ShownPeer {
  const stays = new Set(
    presences.filter(({ peerId }) => peerId === peer.peer_id).map(({ sourceId }) => sourceId),
  );
  const connections = new Set(
    file.presences
      .filter(({ presence }) => stays.has(presence.sourceId))
      .flatMap((one) => one.connections.map(({ index }) => index)),
  );
  const rows = tickLines(file)
    .map(toRow)
    .filter(({ connectionId }) => connections.has(Number(connectionId)));
  const groups = groupBy(rows, ({ media, direction }) => `${media} ${direction}`);
  const totals = new Map([...groups].map(([name, ticks]) => [name, toTotals(ticks)]));
  return { peer, totals, stats: measurePeer(totals, peer.call_setup_ms) };
}

/** A tick's line, with the connection's index as its id. */
function toRow(line: string): SampleRow {
  const [index = '', endMs = '', media, direction, codec = '', ...rest] = line.split('\t');
  const numbers = rest.map(Number);
  const at = (place: number): number => numbers[place] ?? 0;
  const whole = (place: number): bigint => BigInt(rest[place] ?? 0);
  return {
    sessionId: '',
    peerId: '',
    connectionId: index,
    media: media as Media,
    direction: direction as Direction,
    codec,
    tickEndMs: Number(endMs),
    tickMs: at(0),
    bytes: whole(1),
    packets: whole(2),
    packetsLost: whole(3),
    packetsArrived: whole(4),
    jitterUs: rest[5] === '\\N' ? null : at(5),
    rttUsSum: whole(6),
    rttCount: at(7),
    rttUsMax: at(8),
    pixels: at(9),
    frames: at(10),
    width: at(11),
    height: at(12),
    freezes: at(13),
    deliveredAtMs: 0,
  };
}
