// A presence: one client's stay in one room, folded from what its file told. What rooms and peers are made of; small, and
// the same whenever the same file is read.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileRecording, RecordedConnection, RecordedSession } from './recording.ts';
import { lastSegment } from './formats/rtcstats-identity.ts';
import { readUserAgent } from './user-agent.ts';

const nullableText = z.string().nullable();
const nullableMs = z.number().nullable();

/** Also the form in which presences are kept in the history, so that a later file of the same room can be joined to them. */
export const presenceSchema = z.object({
  /** Names the presence: the same for the same stay, however often and however complete its file is read. */
  sourceId: z.string(),
  /** Rooms of the same name in any case are the same room. */
  roomKey: z.string(),
  roomId: z.string(),
  roomUrl: nullableText,
  meetingId: nullableText,
  clientMeeting: nullableText,
  peerId: z.string(),
  joinedAtMs: z.number(),
  leftAtMs: z.number(),
  /** Times in which a connection stood, from and to; may overlap. */
  connectedMs: z.array(z.tuple([z.number(), z.number()])),
  callSetupMs: nullableMs,
  os: z.string(),
  osVersion: z.string(),
  browser: z.string(),
  browserVersion: z.string(),
  sdkVersion: nullableText,
  city: nullableText,
  country: nullableText,
  organization: nullableText,
  audioDevice: nullableText,
  videoDevice: nullableText,
  endReason: nullableText,
  keys: z.record(z.string(), z.array(z.string())),
  rating: z.number().nullable(),
  /** Milliseconds over each path, by `type/transport`. */
  pathMs: z.record(z.string(), z.number()),
});

export type Presence = z.infer<typeof presenceSchema>;

/** A presence just read, with the connections whose ticks belong to it. */
export interface ReadPresence {
  presence: Presence;
  connections: { index: number; id: string }[];
}

/** A connection is taken as standing until its close event when that comes within a minute of its last report. */
const CLOSE_AFTER_REPORT_MS_MAX = 60_000;
/** Setting up a call for longer is no call set-up, but a connection that was opened ahead. */
const CALL_SETUP_MS_MAX = 3_600_000;

/** The presences of a file; sessions without media and without a stay are left out and counted. */
export function toPresences(recording: FileRecording, fallbackName: string): ReadPresence[] {
  const presences: ReadPresence[] = [];
  for (const session of recording.sessions) {
    const made = toPresence(session, fallbackName);
    if (made === null)
      recording.leaveOut('session without any media', session.key === '' ? 'file' : session.key);
    else presences.push(made);
  }
  return presences;
}

function toPresence(session: RecordedSession, fallbackName: string): ReadPresence | null {
  const { facts } = session;
  const used = session.connections.filter((connection) => connection.tickCount > 0);
  const connectedMs = used.map(standing);
  const joinedAtMs =
    facts.joinedAtMs ?? least(used.map(({ openedAtMs, ticks }) => openedBefore(openedAtMs, ticks.startMs)));
  const leftAtMs = facts.leftAtMs ?? greatest(connectedMs.map(([, to]) => to)) ?? joinedAtMs;
  if (joinedAtMs === null || leftAtMs === null) return null;
  if (used.length === 0 && facts.leftAtMs === null) return null;
  const roomId = facts.roomId ?? facts.roomIdFromUrl ?? fallbackName;
  const peerId = facts.peerId ?? fallbackName;
  const roomKey = roomId.toLowerCase();
  const presence: Presence = {
    sourceId: digest([roomKey, peerId, session.key, String(joinedAtMs)]),
    roomKey,
    roomId,
    roomUrl: urlOf(facts.roomUrl, facts.roomId),
    meetingId: facts.meetingId,
    clientMeeting: facts.clientMeeting,
    peerId,
    joinedAtMs,
    leftAtMs: Math.max(leftAtMs, joinedAtMs),
    connectedMs,
    callSetupMs: callSetup(facts.joinedAtMs, session.connections),
    ...readUserAgent(facts.userAgent),
    sdkVersion: facts.sdkVersion,
    city: facts.city,
    country: facts.country,
    organization: facts.organization,
    audioDevice: facts.audioDevice,
    videoDevice: facts.videoDevice,
    endReason: facts.endReason,
    keys: facts.keys,
    rating: facts.rating,
    pathMs: sumPaths(used),
  };
  return {
    presence,
    connections: used.map(({ index, id }) => ({ index, id: `${presence.sourceId}/${id}` })),
  };
}

function standing({ ticks, closedAtMs }: RecordedConnection): [number, number] {
  const from = ticks.startMs ?? ticks.lastEndMs ?? 0;
  const to = ticks.lastEndMs ?? from;
  const isClosedThen = closedAtMs !== null && closedAtMs > to && closedAtMs - to <= CLOSE_AFTER_REPORT_MS_MAX;
  return [from, isClosedThen ? closedAtMs : to];
}

/** The opening counts as the join when its clock fits the reports'. */
function openedBefore(openedAtMs: number | null, startMs: number | null): number | null {
  if (openedAtMs === null || startMs === null) return startMs;
  return openedAtMs <= startMs && startMs - openedAtMs <= CALL_SETUP_MS_MAX ? openedAtMs : startMs;
}

/** From joining, or else from opening the connection, until the first connection stood. */
function callSetup(joinedAtMs: number | null, connections: readonly RecordedConnection[]): number | null {
  let first: RecordedConnection | null = null;
  for (const connection of connections) {
    if (connection.connectedAtMs === null) continue;
    if (first?.connectedAtMs == null || connection.connectedAtMs < first.connectedAtMs) first = connection;
  }
  const from = joinedAtMs ?? first?.openedAtMs ?? null;
  if (first?.connectedAtMs == null || from === null) return null;
  const setupMs = Math.round(first.connectedAtMs - from);
  return setupMs >= 0 && setupMs <= CALL_SETUP_MS_MAX ? setupMs : null;
}

/** An address that names another room was spliced into the file: it is not this room's. */
function urlOf(url: string | null, roomId: string | null): string | null {
  if (url === null || roomId === null) return url;
  return lastSegment(url)?.toLowerCase() === roomId.toLowerCase() ? url : null;
}

function sumPaths(connections: readonly RecordedConnection[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { pathMs } of connections) for (const [path, ms] of pathMs) sums[path] = (sums[path] ?? 0) + ms;
  return sums;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => Math.min(a, b));
}

function greatest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b));
}
