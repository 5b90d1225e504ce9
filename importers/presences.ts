// A presence: one client's stay in one room, folded from what its file told. What rooms and peers are made
// of; small, and the same whenever the same file is read.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileRecording, RecordedConnection, RecordedSession, SessionFacts } from './recording.ts';
import { lastSegment } from './formats/rtcstats-identity.ts';
import { nameTabs } from './tabs.ts';
import { readUserAgent } from './user-agent.ts';
import type { Client } from './user-agent.ts';

const nullableText = z.string().nullable();
const nullableMs = z.number().nullable();

/**
 * Also the form in which presences are kept in the history, so that a later file of the same room can be
 * joined to them.
 */
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

/**
 * A connection is taken as standing until its close event when that comes within a minute of its last report.
 */
const CLOSE_AFTER_REPORT_MS_MAX = 60_000;
/** Setting up a call for longer is no call set-up, but a connection that was opened ahead. */
const CALL_SETUP_MS_MAX = 3_600_000;

/** The presences of a file; sessions without media and without a stay are left out and counted. */
export function toPresences(recording: FileRecording, fallbackName: string): ReadPresence[] {
  const presences: ReadPresence[] = [];
  const inTabs: { presence: Presence; tab: string }[] = [];
  for (const session of recording.sessions) {
    const place = session.key === '' ? 'file' : session.key;
    const clean = (text: string): string => {
      if (text.length > TEXT_CHARACTERS_MAX)
        recording.leaveOut(`what a text has beyond ${TEXT_CHARACTERS_MAX} characters`, place);
      return toWellFormed(text.slice(0, TEXT_CHARACTERS_MAX));
    };
    const made = toPresence(session, fallbackName, clean);
    if (made === null) {
      recording.leaveOut('session without any media', place);
      continue;
    }
    presences.push(made);
    const { pageId, peerId } = session.facts;
    if (pageId !== null && peerId === null) inTabs.push({ presence: made.presence, tab: pageId });
  }
  nameTabs(inTabs);
  return presences;
}

/** A name or a label is shorter; what is longer is damage, and would not fit into a request. */
const TEXT_CHARACTERS_MAX = 1000;

type Clean = (text: string) => string;

/** Half a surrogate pair has no place in UTF-8, and is no name that could be found again. */
function toWellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

function toPresence(session: RecordedSession, fallbackName: string, clean: Clean): ReadPresence | null {
  const { facts } = session;
  const used = session.connections.filter((connection) => connection.tickCount > 0);
  const connectedMs = used.map(standing);
  const joinedAtMs =
    facts.joinedAtMs ?? least(used.map(({ openedAtMs, ticks }) => openedBefore(openedAtMs, ticks.startMs)));
  const leftAtMs = facts.leftAtMs ?? greatest(connectedMs.map(([, to]) => to)) ?? joinedAtMs;
  if (joinedAtMs === null || leftAtMs === null) return null;
  if (used.length === 0 && facts.leftAtMs === null) return null;
  const roomId = clean(facts.roomId ?? facts.roomIdFromUrl ?? fallbackName);
  const peerId = clean(facts.peerId ?? fallbackName);
  const roomKey = roomId.toLowerCase();
  const sourceId = digest([roomKey, peerId, session.key, String(facts.joinedAtMs ?? firstReadAt(session))]);
  const presence: Presence = {
    sourceId,
    roomKey,
    roomId,
    peerId,
    joinedAtMs: Math.round(joinedAtMs),
    leftAtMs: Math.round(Math.max(leftAtMs, joinedAtMs)),
    connectedMs: connectedMs.map(([from, to]) => [Math.round(from), Math.round(to)]),
    callSetupMs: callSetup(facts.joinedAtMs, used),
    ...readClient(facts, clean),
    ...readTexts(facts, clean),
    rating: facts.rating,
    pathMs: sumPaths(used),
  };
  return { presence, connections: used.map(({ index, id }) => ({ index, id: `${sourceId}/${clean(id)}` })) };
}

/** The user agent, and where it is missing or says nothing the hints. */
function readClient({ userAgent, clientHints }: SessionFacts, clean: Clean): Client {
  const told = readUserAgent(userAgent === null ? null : clean(userAgent));
  if (clientHints === null) return told;
  const { os, osVersion, browser, browserVersion } = clientHints;
  return {
    ...(told.os === ''
      ? { os: clean(os), osVersion: clean(osVersion) }
      : { os: told.os, osVersion: told.osVersion }),
    ...(told.browser === ''
      ? { browser: clean(browser), browserVersion: clean(browserVersion) }
      : { browser: told.browser, browserVersion: told.browserVersion }),
  };
}

function readTexts(
  facts: SessionFacts,
  clean: Clean,
): Pick<
  Presence,
  | 'roomUrl'
  | 'meetingId'
  | 'clientMeeting'
  | 'sdkVersion'
  | 'city'
  | 'country'
  | 'organization'
  | 'audioDevice'
  | 'videoDevice'
  | 'endReason'
  | 'keys'
> {
  const cleaned = (text: string | null): string | null => (text === null ? null : clean(text));
  const keys = Object.entries(facts.keys).map(([name, values]) => [clean(name), values.map(clean)] as const);
  return {
    roomUrl: cleaned(urlOf(facts.roomUrl, facts.roomId)),
    meetingId: cleaned(facts.meetingId),
    clientMeeting: cleaned(facts.clientMeeting),
    sdkVersion: cleaned(facts.sdkVersion),
    city: cleaned(facts.city),
    country: cleaned(facts.country),
    organization: cleaned(facts.organization),
    audioDevice: cleaned(facts.audioDevice),
    videoDevice: cleaned(facts.videoDevice),
    endReason: cleaned(facts.endReason),
    keys: Object.fromEntries(keys),
  };
}

/** Of the reading that comes first in the file: the same also when the file goes on. */
function firstReadAt({ connections }: RecordedSession): number | null {
  const first = connections
    .flatMap(({ firstReading }) => (firstReading === null ? [] : [firstReading]))
    .sort((a, b) => a.order - b.order)[0];
  return first?.atMs ?? null;
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

/** From joining, or else from opening the connection, until the first connection that carries media stood. */
function callSetup(joinedAtMs: number | null, used: readonly RecordedConnection[]): number | null {
  let first: RecordedConnection | null = null;
  for (const connection of used) {
    if (connection.connectedAtMs === null) continue;
    if (first?.connectedAtMs == null || connection.connectedAtMs < first.connectedAtMs) first = connection;
  }
  const from = joinedAtMs ?? first?.openedAtMs ?? null;
  if (first?.connectedAtMs == null || from === null) return null;
  // Both as the history keeps them, so that the difference is that of the times shown.
  const setupMs = Math.round(first.connectedAtMs) - Math.round(from);
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
