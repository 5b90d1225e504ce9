// Who and where, from the lines of an rtcstats dump that tell it: the server's header, Jitsi's identity, the
// devices that getUserMedia opened. Later lines add to earlier ones; what names a room or a person outright
// beats what was derived.
import { z } from 'zod';
import { isFields, readText } from '../read-value.ts';
import type { SessionFacts } from '../recording.ts';
import { readClientHints } from '../user-agent.ts';

const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);

const clientInfo = z.object({
  url: text,
  path: text,
  origin: text,
  userAgent: text,
  userAgentData: z.unknown().optional(),
  authData: z
    .object({
      user: text,
      conference: text,
      session: text,
      rtcStats: z.object({ user: text, conference: text, session: text }).partial().nullish().catch(null),
    })
    .partial()
    .nullish()
    .catch(null),
  locations: z.array(z.unknown()).nullish().catch(null),
});

const place = z.object({
  city: z
    .object({ names: z.object({ en: z.string() }) })
    .optional()
    .catch(undefined),
  country: z.object({ iso_code: z.string() }).optional().catch(undefined),
});

const identity = z.object({
  sessionId: text,
  deviceId: text,
  userId: text,
  user: text,
  displayName: text,
  endpointId: text,
  confName: text,
  conferenceName: text,
  roomName: text,
  conference: text,
  confID: text,
  conferenceID: text,
  meetingUniqueId: text,
});

const kind = z.enum(['audio', 'video']);
const label = z.string().min(1);
/** An object, or `[kind, id, label, …streams]` in today's dumps. */
const track = z.union([
  z.object({ kind, label }),
  z
    .tuple([kind, z.unknown(), label], z.unknown())
    .transform(([ofKind, , named]) => ({ kind: ofKind, label: named })),
]);
const mediaStream = z.object({ tracks: z.array(z.unknown()) });

/**
 * The server's header: the first line of a dump, or a connectionInfo line. Its time is not used: it may be
 * spliced in.
 */
export function addClientInfo(facts: SessionFacts, value: unknown): void {
  const read = clientInfo.safeParse(value);
  if (!read.success) return;
  const info = read.data;
  const claims = { ...info.authData, ...info.authData?.rtcStats };
  facts.userAgent ??= orNull(info.userAgent);
  facts.clientHints ??= readClientHints(info.userAgentData);
  facts.roomUrl ??= webAddress(info.url) ?? joined(info.origin, info.url);
  // The service's name for this user's session: each participant of a conference has another.
  facts.clientMeeting ??= orNull(claims.session);
  facts.peerId ??= orNull(claims.user);
  facts.roomId = orNull(claims.conference) ?? facts.roomId;
  facts.roomIdFromUrl ??= lastSegment(info.path) ?? lastSegment(info.url);
  const where = place.safeParse(info.locations?.[0]);
  if (!where.success) return;
  facts.city ??= where.data.city?.names.en ?? null;
  facts.country ??= where.data.country?.iso_code ?? null;
}

/** What today's rtcstats notes first: the client's hints, in place of a user agent. */
export function addCreated(facts: SessionFacts, value: unknown): void {
  if (!isFields(value)) return;
  facts.clientHints ??= readClientHints(value.userAgentData);
  facts.userAgent ??= orNull(readText(value.userAgent));
}

/**
 * Identity lines, several a dump: Jitsi's, and those of rtcstats-js with `user` and `conference`. The person
 * is named by user id, else by the device, which stays the same.
 */
export function addIdentity(facts: SessionFacts, value: unknown): void {
  const read = identity.safeParse(value);
  if (!read.success) return;
  const who = read.data;
  facts.roomId =
    orNull(who.confName) ??
    orNull(who.conferenceName) ??
    orNull(who.roomName) ??
    orNull(who.conference) ??
    facts.roomId ??
    lastSegment(who.confID) ??
    lastSegment(who.conferenceID);
  facts.meetingId = orNull(who.meetingUniqueId) ?? facts.meetingId;
  facts.clientMeeting = orNull(who.sessionId) ?? facts.clientMeeting;
  facts.peerId =
    orNull(who.userId) ??
    orNull(who.user) ??
    facts.peerId ??
    orNull(who.deviceId) ??
    orNull(who.endpointId) ??
    orNull(who.displayName);
}

/** What getUserMedia gave: the last microphone and the last camera opened stand for the devices used. */
export function addMediaDevices(facts: SessionFacts, value: unknown): void {
  const stream = mediaStream.safeParse(value);
  for (const item of Array.isArray(value) ? (value as unknown[]) : stream.success ? stream.data.tracks : []) {
    const read = track.safeParse(item);
    if (!read.success) continue;
    if (read.data.kind === 'audio') facts.audioDevice = read.data.label;
    else facts.videoDevice = read.data.label;
  }
}

function orNull(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === '' || value === 'null' ? null : value;
}

function webAddress(value: string | null | undefined): string | null {
  return value !== undefined && value !== null && /^https?:\/\//.test(value) ? value : null;
}

/**
 * The page's address where the header has its path beside its origin; behind it may stand the client's token
 * for the server.
 */
function joined(origin: string | null | undefined, path: string | null | undefined): string | null {
  if (webAddress(origin) === null || path?.startsWith('/') !== true) return null;
  return `${origin?.replace(/\/+$/, '') ?? ''}${path.replace(/[?#].*$/s, '')}`;
}

/** The last part of a path or address, as a person would read it: what services put the room's name in. */
export function lastSegment(value: string | null | undefined): string | null {
  if (value === undefined || value === null) return null;
  const path = value.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/s, '');
  const segments = path.split('/').filter((segment) => segment !== '');
  const last = segments[segments.length - 1];
  return last === undefined ? null : decoded(last);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return segment;
  }
}
