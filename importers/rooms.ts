// Puts presences together to rooms and peers: files of one meeting become one room, one person's stays one
// peer. Pure; the presences of earlier imports come in with the session they already have, and never change
// it.
import type { Presence } from './presences.ts';

/** A presence as it goes into a room. `sessionId` is set when an earlier import has put it into a session. */
export interface PlacedPresence {
  presence: Presence;
  sessionId: string | null;
}

export interface RoomRow {
  session_id: string;
  room_id: string;
  room_url: string;
  started_at: number;
  ended_at: number;
}

/** Columns of the table peers; texts that are not known are empty, times are epoch ms. */
export interface PeerRow {
  session_id: string;
  peer_id: string;
  joined_at: number;
  left_at: number;
  connected_ms: number;
  joins: number;
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
  end_reason: string;
  keys: Record<string, string[]>;
  call_setup_ms: number | null;
  rating: number | null;
}

export interface Room {
  room: RoomRow;
  peers: PeerRow[];
  presences: Presence[];
}

/**
 * Someone who drops out and comes back within this time is still in the same session, also when nobody else
 * was recorded.
 */
const SESSION_GAP_MS = 5 * 60 * 1000;

const UINT32_MAX = 4_294_967_295;

/** All rooms that the presences make, in the order of their start. */
export function toRooms(placed: readonly PlacedPresence[]): Room[] {
  const groups = groupBySession(placed);
  const taken = new Set(groups.map(heldSession).filter((sessionId) => sessionId !== null));
  return groups
    .sort((a, b) => byJoin(firstOf(a), firstOf(b)))
    .map((group) => toRoom(group, heldSession(group) ?? nameSession(group, taken)));
}

/** The session that an earlier import has made of it. */
function heldSession(group: readonly PlacedPresence[]): string | null {
  return group.find(({ sessionId }) => sessionId !== null)?.sessionId ?? null;
}

/**
 * The meeting's own id where it has one; where another room bears it already, with what tells the two apart.
 */
function nameSession(group: readonly PlacedPresence[], taken: Set<string>): string {
  const { roomKey, sourceId } = firstOf(group).presence;
  const meetingId = group.find(({ presence }) => presence.meetingId !== null)?.presence.meetingId ?? null;
  const wanted = meetingId === null ? [] : [meetingId, `${meetingId}-${roomKey}`];
  const name = wanted.find((one) => !taken.has(one)) ?? `${roomKey}-${sourceId}`;
  taken.add(name);
  return name;
}

/**
 * Two presences of rooms of the same name are of one session when they bear the same meeting id, or, unless
 * both bear one, when the same client session took part or their times meet. Sessions made by earlier imports
 * are never merged. Each group is in the order of joining.
 */
export function groupBySession(placed: readonly PlacedPresence[]): PlacedPresence[][] {
  return [...byRoomKey(placed).values()].flatMap((ofRoom) => {
    let groups: Group[] = [];
    for (const one of [...ofRoom].sort(byJoin)) {
      const merged = mergeableGroups(
        groups.filter((group) => belongsTo(one, group)),
        one.sessionId,
      );
      const into = merged[0] ?? emptyGroup();
      for (const group of merged.slice(1)) for (const member of group.members) addTo(into, member);
      addTo(into, one);
      groups = [...groups.filter((group) => !merged.includes(group)), into];
    }
    return groups.map(({ members }) => members.sort(byJoin));
  });
}

/**
 * A session in the making, and what decides whether a presence that joined no earlier than all of its members
 * belongs to it.
 */
interface Group {
  members: PlacedPresence[];
  sessionId: string | null;
  meetingIds: Set<string>;
  clientMeetings: Set<string>;
  lastLeftMs: number;
  /** The same of those members that bear no meeting id. */
  unnamed: { clientMeetings: Set<string>; lastLeftMs: number };
}

function emptyGroup(): Group {
  return {
    members: [],
    sessionId: null,
    meetingIds: new Set(),
    clientMeetings: new Set(),
    lastLeftMs: -Infinity,
    unnamed: { clientMeetings: new Set(), lastLeftMs: -Infinity },
  };
}

function addTo(group: Group, member: PlacedPresence): void {
  const { meetingId, clientMeeting, leftAtMs } = member.presence;
  group.members.push(member);
  group.sessionId ??= member.sessionId;
  if (meetingId !== null) group.meetingIds.add(meetingId);
  for (const known of meetingId === null ? [group, group.unnamed] : [group]) {
    if (clientMeeting !== null) known.clientMeetings.add(clientMeeting);
    known.lastLeftMs = Math.max(known.lastLeftMs, leftAtMs);
  }
}

function belongsTo({ presence, sessionId }: PlacedPresence, group: Group): boolean {
  if (sessionId !== null && sessionId === group.sessionId) return true;
  if (presence.meetingId !== null && group.meetingIds.has(presence.meetingId)) return true;
  // Of two that both bear a meeting id only the ids decide.
  const { clientMeetings, lastLeftMs } = presence.meetingId === null ? group : group.unnamed;
  return (
    (presence.clientMeeting !== null && clientMeetings.has(presence.clientMeeting)) ||
    presence.joinedAtMs <= lastLeftMs + SESSION_GAP_MS
  );
}

/** Of the groups that match, those that may become one: at most one of them has a session already. */
function mergeableGroups(groups: readonly Group[], sessionId: string | null): Group[] {
  let held = sessionId;
  const kept: Group[] = [];
  for (const group of groups) {
    if (group.sessionId !== null && held !== null && group.sessionId !== held) continue;
    held = held ?? group.sessionId;
    kept.push(group);
  }
  return kept;
}

function byRoomKey(placed: readonly PlacedPresence[]): Map<string, PlacedPresence[]> {
  const rooms = new Map<string, PlacedPresence[]>();
  for (const one of placed) {
    const room = rooms.get(one.presence.roomKey);
    if (room === undefined) rooms.set(one.presence.roomKey, [one]);
    else room.push(one);
  }
  return rooms;
}

function byJoin({ presence: a }: PlacedPresence, { presence: b }: PlacedPresence): number {
  return a.joinedAtMs - b.joinedAtMs || (a.sourceId < b.sourceId ? -1 : 1);
}

function firstOf(group: readonly PlacedPresence[]): PlacedPresence {
  const [first] = group;
  if (first === undefined) throw new Error('a room needs a presence');
  return first;
}

/** `group` in the order of joining. */
function toRoom(group: readonly PlacedPresence[], sessionId: string): Room {
  const presences = group.map(({ presence }) => presence);
  const first = firstOf(group).presence;
  const peers = new Map<string, Presence[]>();
  for (const presence of presences) {
    const known = peers.get(presence.peerId);
    if (known === undefined) peers.set(presence.peerId, [presence]);
    else known.push(presence);
  }
  return {
    room: {
      session_id: sessionId,
      room_id: first.roomId,
      room_url: firstText(presences.map(({ roomUrl }) => roomUrl)),
      started_at: first.joinedAtMs,
      ended_at: presences.reduce((latest, { leftAtMs }) => Math.max(latest, leftAtMs), 0),
    },
    peers: [...peers.values()].map((stays) => toPeer(sessionId, stays)),
    presences,
  };
}

/**
 * `stays` in the order of joining. What one stay does not tell, the next may; the end is that of the last.
 */
function toPeer(sessionId: string, stays: readonly Presence[]): PeerRow {
  const [first] = stays;
  const last = stays[stays.length - 1];
  if (first === undefined || last === undefined) throw new Error('a peer needs a presence');
  const client = stays.find(({ browser }) => browser !== '') ?? first;
  const path = longestPath(stays);
  const rated = stays.filter(({ rating }) => rating !== null);
  return {
    session_id: sessionId,
    peer_id: first.peerId,
    joined_at: first.joinedAtMs,
    left_at: stays.reduce((latest, { leftAtMs }) => Math.max(latest, leftAtMs), 0),
    connected_ms: coveredMs(stays.flatMap(({ connectedMs }) => connectedMs)),
    joins: Math.min(stays.length, 65_535),
    os: client.os,
    os_version: client.osVersion,
    browser: client.browser,
    browser_version: client.browserVersion,
    sdk_version: firstText(stays.map(({ sdkVersion }) => sdkVersion)),
    city: firstText(stays.map(({ city }) => city)),
    country: firstText(stays.map(({ country }) => country)),
    organization: firstText(stays.map(({ organization }) => organization)),
    connection_type: path.type,
    media_transport: path.transport,
    audio_device: firstText(stays.map(({ audioDevice }) => audioDevice)),
    video_device: firstText(stays.map(({ videoDevice }) => videoDevice)),
    end_reason: last.endReason ?? '',
    keys: mergeKeys(stays),
    call_setup_ms: stays.map(({ callSetupMs }) => callSetupMs).find((ms) => ms !== null) ?? null,
    rating: rated[rated.length - 1]?.rating ?? null,
  };
}

function firstText(texts: readonly (string | null)[]): string {
  return texts.find((text) => text !== null && text !== '') ?? '';
}

/** Time covered by intervals that may overlap. */
export function coveredMs(intervals: readonly (readonly [number, number])[]): number {
  let covered = 0;
  let until = -Infinity;
  for (const [from, to] of [...intervals].sort(([a], [b]) => a - b)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return Math.round(Math.min(covered, UINT32_MAX * 1000));
}

function longestPath(stays: readonly Presence[]): { type: string; transport: string } {
  const sums = new Map<string, number>();
  for (const { pathMs } of stays) {
    for (const [path, ms] of Object.entries(pathMs)) sums.set(path, (sums.get(path) ?? 0) + ms);
  }
  const [longest] = [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const [type = '', transport = ''] = (longest?.[0] ?? '').split('/');
  return { type, transport };
}

/** Each key with all values that the stays gave it, in the order in which they came. */
function mergeKeys(stays: readonly Presence[]): Record<string, string[]> {
  const merged = new Map<string, Set<string>>();
  for (const { keys } of stays) {
    for (const [name, values] of Object.entries(keys)) {
      const known = merged.get(name) ?? new Set<string>();
      for (const value of values) known.add(value);
      merged.set(name, known);
    }
  }
  return Object.fromEntries([...merged].map(([name, values]) => [name, [...values]]));
}
