// Raw getStats calls, one JSON value a line: the recordings of recorder (record-format.ts), and
// plain dumps whose lines are the array, map or object of reports of one call, with or without a name and a
// time around it, or an array of such calls.
import { z } from 'zod';
import { isFields, readText } from '../read-value.ts';
import type { Fields } from '../read-value.ts';
import { eachReport } from '../report-store.ts';
import type { RecordedSession } from '../recording.ts';
import { isTimeSinceStart, readCallTime } from './call-time.ts';
import type { FormatReader, FormatReaderOptions } from './format-reader.ts';
import { elementOf, readLines } from './read-lines.ts';

const time = z.unknown().transform((value, context) => {
  const atMs = readCallTime(value);
  if (atMs !== null) return atMs;
  context.addIssue({ code: 'custom', message: 'allowed is a time of the years 2000 to 2099 with its zone' });
  return z.NEVER;
});
const text = z
  .string()
  .nullish()
  .transform((value) => (value === undefined || value === '' ? null : value));

const callLine = z.object({
  type: z.literal('call'),
  room_id: z.string().min(1),
  session_id: text,
  room_url: text,
});
const joinLine = z.object({
  type: z.literal('join'),
  peer: z.string().min(1),
  at: time,
  user_agent: text,
  sdk_version: text,
  keys: z
    .record(z.string(), z.union([z.string().transform((value) => [value]), z.array(z.string())]))
    .default({}),
  audio_device: text,
  video_device: text,
  rating: z
    .int()
    .min(1)
    .max(5)
    .nullish()
    .transform((value) => value ?? null),
  location: z.object({ city: text, country: text, organization: text }).nullish(),
});
const leaveLine = z.object({ type: z.literal('leave'), peer: z.string().min(1), at: time, reason: text });
const openLine = z.object({
  type: z.literal('open'),
  peer: z.string().min(1),
  connection: z.string().min(1),
  at: time,
});
const stateLine = openLine.extend({ type: z.literal('state'), state: z.string() });
const relayLine = z.object({ type: z.literal('relay') });
const eventLine = z.discriminatedUnion('type', [
  callLine,
  joinLine,
  leaveLine,
  openLine,
  stateLine,
  relayLine,
]);

type EventLine = z.infer<typeof eventLine>;

const EVENT_TYPES = new Set(['call', 'join', 'leave', 'open', 'state', 'relay']);

export function readGetstats({ recording, fallbackName }: FormatReaderOptions): FormatReader {
  const lines = new GetstatsLines(
    (key) => recording.openSession(key),
    (reason, place) => recording.leaveOut(reason, place),
  );
  return readLines({
    line: (line, lineNumber) => lines.read(line, `line ${lineNumber}`),
    tooLong: (lineNumber) => recording.leaveOut('line is too long', `line ${lineNumber}`),
    end: () => lines.finish(recording.sessions, fallbackName),
  });
}

class GetstatsLines {
  readonly #openSession: (key: string) => RecordedSession;
  readonly #leaveOut: (reason: string, place: string) => void;
  /** The session under way of each peer; a peer that joins again has another. */
  readonly #present = new Map<string, RecordedSession>();
  #call: z.infer<typeof callLine> | null = null;

  constructor(
    openSession: (key: string) => RecordedSession,
    leaveOut: (reason: string, place: string) => void,
  ) {
    this.#openSession = openSession;
    this.#leaveOut = leaveOut;
  }

  read(line: string, place: string): void {
    const element = elementOf(line);
    if (element === null) return;
    let value: unknown;
    try {
      value = JSON.parse(element);
    } catch {
      this.#leaveOut('line is not JSON', place);
      return;
    }
    if (isFields(value) && typeof value.type === 'string' && EVENT_TYPES.has(value.type)) {
      const read = eventLine.safeParse(value);
      if (read.success) this.#takeEvent(read.data);
      else
        this.#leaveOut(
          `${value.type} line: ${z.prettifyError(read.error).split('\n').slice(0, 2).join(' ')}`,
          place,
        );
      return;
    }
    for (const call of callsIn(value)) {
      const isNamed = isFields(call) && call.reports !== undefined;
      this.#takeReports(isNamed ? call : {}, isNamed ? call.reports : call, place);
    }
  }

  finish(sessions: readonly RecordedSession[], fallbackName: () => string): void {
    for (const { facts } of sessions) {
      facts.roomId ??= this.#call?.room_id ?? null;
      facts.roomUrl ??= this.#call?.room_url ?? null;
      facts.meetingId ??= this.#call?.session_id ?? null;
      facts.peerId ??= fallbackName();
    }
  }

  #takeEvent(line: EventLine): void {
    switch (line.type) {
      case 'call':
        this.#call = line;
        return;
      case 'join':
        this.#join(line);
        return;
      case 'leave': {
        const session = this.#sessionOf(line.peer);
        session.facts.leftAtMs = line.at;
        session.facts.endReason = line.reason;
        for (const connection of session.connections) connection.setState('closed', line.at);
        return;
      }
      case 'open':
        this.#sessionOf(line.peer).openConnection(line.connection, line.at);
        return;
      case 'state':
        this.#sessionOf(line.peer).connection(line.connection).setState(line.state, line.at);
        return;
      case 'relay':
        return;
    }
  }

  #join(line: z.infer<typeof joinLine>): void {
    const session = this.#openSession(`${line.peer} ${line.at}`);
    this.#present.set(line.peer, session);
    Object.assign(session.facts, {
      peerId: line.peer,
      userAgent: line.user_agent,
      sdkVersion: line.sdk_version,
      audioDevice: line.audio_device,
      videoDevice: line.video_device,
      city: line.location?.city ?? null,
      country: line.location?.country ?? null,
      organization: line.location?.organization ?? null,
      keys: line.keys,
      rating: line.rating,
      joinedAtMs: line.at,
    } satisfies Partial<RecordedSession['facts']>);
  }

  #sessionOf(peer: string): RecordedSession {
    const known = this.#present.get(peer);
    if (known !== undefined) return known;
    const session = this.#openSession(peer);
    if (peer !== '') session.facts.peerId = peer;
    this.#present.set(peer, session);
    return session;
  }

  #takeReports(around: Fields, reports: unknown, place: string): void {
    const peer = readText(around.peer) ?? '';
    const connectionId = readText(around.connection) ?? 'connection';
    const all = [...eachReport(reports)];
    const stamp = latestStamp(all);
    const takenAtMs = readCallTime(around.at) ?? readCallTime(around.timestamp) ?? stamp;
    if (all.length === 0 || takenAtMs === null) {
      this.#leaveOut(all.length === 0 ? 'line without reports' : untimed(all), place);
      return;
    }
    const connection = this.#sessionOf(peer).connection(connectionId);
    connection.reports.nextCall(true);
    for (const [id, report] of all) if (report !== null) connection.reports.merge(id, report);
    // The reports' own time lies within the call; the line's may come later, when the page was busy.
    connection.read(
      stamp !== null && Math.abs(stamp - takenAtMs) < CLOCKS_APART_MS_MAX ? stamp : takenAtMs,
      place,
    );
  }
}

const CLOCKS_APART_MS_MAX = 60_000;

/**
 * The latest time that a report bears: reports of the call itself bear it, those of far ends an earlier one.
 */
function latestStamp(reports: readonly [string, Fields | null][]): number | null {
  let latest: number | null = null;
  for (const [, report] of reports) {
    const stamp = readCallTime(report?.timestamp);
    if (stamp !== null && (latest === null || stamp > latest)) latest = stamp;
  }
  return latest;
}

/** Why a call cannot be placed in time. */
function untimed(reports: readonly [string, Fields | null][]): string {
  const isSinceStart = reports.some(([, report]) => isTimeSinceStart(report?.timestamp));
  return isSinceStart
    ? 'reports without a time: their timestamps count from the start of the page or the machine and cannot be placed; ' +
        'write {"at": epoch milliseconds, "reports": …} around them'
    : 'reports without a time';
}

/** A line is one call, or an array of calls. */
function callsIn(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  const items = value as unknown[];
  const isOfCalls = items.length > 0 && items.every(isCall);
  return isOfCalls ? items : [items];
}

/**
 * Reports with a name and a time around them, or as a list or map of their own; a single report is none, nor
 * is a pair of id and report.
 */
function isCall(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => isFields(item) || Array.isArray(item));
  return (
    isFields(value) &&
    value.type === undefined &&
    (value.reports !== undefined || Object.values(value).some(isFields))
  );
}
