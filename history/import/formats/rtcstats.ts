// rtcstats dumps: one JSON array a line, `[event, connection | null, value, …, time]`, one client's stay in one room a file.
// Reads the dumps of rtcstats-server and Jitsi (getstats, times absolute, a report that is not mentioned is gone or
// unchanged, a sequence number behind the time) and those of today's rtcstats (numbers for names, times as differences).
import { isFields, readText } from '../read-value.ts';
import type { Fields } from '../read-value.ts';
import { WANTED_FIELDS } from '../wanted-fields.ts';
import type { RecordedConnection, RecordedSession } from '../recording.ts';
import { addClientInfo, addIdentity, addMediaDevices } from './rtcstats-identity.ts';
import { EVENT_OF_CODE, FIELD_OF_CODE, TYPE_OF_CODE } from './rtcstats-codes.ts';
import { isCallTime } from './format-reader.ts';
import type { FormatReader, FormatReaderOptions } from './format-reader.ts';
import { readLines } from './read-lines.ts';

/** A report's own time is believed when it is this near to the line's; browsers have had other clocks for it. */
const CLOCKS_APART_MS_MAX = 60_000;

export function readRtcstats({ recording, fallbackName }: FormatReaderOptions): FormatReader {
  const session = recording.openSession('client');
  const lines = new RtcstatsLines(session, (reason, place) => recording.leaveOut(reason, place));
  return readLines({
    line: (text, lineNumber) => lines.read(text, lineNumber),
    tooLong: (lineNumber) => recording.leaveOut('line is too long', `line ${lineNumber}`),
    end: () => {
      session.facts.peerId ??= fallbackName();
    },
  });
}

type LeaveOut = (reason: string, place: string) => void;

class RtcstatsLines {
  readonly #session: RecordedSession;
  readonly #leaveOut: LeaveOut;
  #lastTimeMs = 0;
  /** True once a compressed report held nothing but its time: then every report that exists is mentioned in every call. */
  #mentionsAll = false;

  constructor(session: RecordedSession, leaveOut: LeaveOut) {
    this.#session = session;
    this.#leaveOut = leaveOut;
  }

  read(text: string, lineNumber: number): void {
    const place = `line ${lineNumber}`;
    if (text.startsWith('RTCStatsDump')) return;
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      this.#leaveOut('line is not JSON', place);
      return;
    }
    if (isFields(line)) {
      addClientInfo(this.#session.facts, line);
      return;
    }
    if (!Array.isArray(line)) {
      this.#leaveOut('line is neither an array nor an object', place);
      return;
    }
    const entry = line as unknown[];
    const event = nameOf(entry[0], EVENT_OF_CODE);
    const timeMs = this.#timeOf(entry);
    if (event === null) this.#leaveOut('line without an event name', place);
    else this.#take({ event, connection: readText(entry[1]), value: entry[2], timeMs, place });
  }

  /** Absolute times in the fourth place (a sequence number may follow), or last and as the difference to the line before. */
  #timeOf(entry: readonly unknown[]): number | null {
    if (isCallTime(entry[3])) return (this.#lastTimeMs = entry[3]);
    const last = entry.length > 3 ? entry[entry.length - 1] : undefined;
    if (isCallTime(last)) return (this.#lastTimeMs = last);
    if (typeof last !== 'number' || !isCallTime(this.#lastTimeMs + last)) return null;
    return (this.#lastTimeMs += last);
  }

  #take({ event, connection: id, value, timeMs, place }: RtcstatsEntry): void {
    const { facts } = this.#session;
    switch (event) {
      case 'getstats':
      case 'getStats':
        if (id === null || !isFields(value))
          this.#leaveOut('getstats without a connection or reports', place);
        else this.#takeReports(this.#session.connection(id), value, timeMs, event === 'getStats', place);
        return;
      case 'connectionInfo':
        addClientInfo(facts, parsed(value));
        return;
      case 'identity':
        addIdentity(facts, parsed(value));
        return;
      case 'navigator.mediaDevices.getUserMediaOnSuccess':
      case 'getUserMediaOnSuccess':
        addMediaDevices(facts, parsed(value));
        return;
    }
    if (id === null || timeMs === null) return;
    if (event === 'create') this.#session.openConnection(id, timeMs);
    else if (event === 'close') this.#session.connection(id).setState('closed', timeMs);
    else if (event === 'onconnectionstatechange' || event === 'oniceconnectionstatechange') {
      this.#session.connection(id).setState(readText(parsed(value)) ?? '', timeMs);
    }
  }

  #takeReports(
    connection: RecordedConnection,
    value: Fields,
    timeMs: number | null,
    isToday: boolean,
    place: string,
  ): void {
    const stamp = value.timestamp ?? value.t;
    const takenAtMs =
      isCallTime(stamp) && (timeMs === null || Math.abs(stamp - timeMs) < CLOCKS_APART_MS_MAX)
        ? stamp
        : timeMs;
    if (takenAtMs === null) {
      this.#leaveOut('getstats without a time', place);
      return;
    }
    const store = connection.reports;
    store.nextCall(!isToday && this.#mentionsAll);
    for (const id in value) {
      const report = value[id];
      if (report === null) store.remove(id);
      else if (isFields(report)) {
        if (isToday) store.merge(id, toNames(report));
        else {
          if (!this.#mentionsAll && isTimeOnly(report)) this.#mentionsAll = true;
          store.merge(id, report);
        }
      }
    }
    connection.read(takenAtMs, place);
  }
}

interface RtcstatsEntry {
  event: string;
  connection: string | null;
  value: unknown;
  timeMs: number | null;
  place: string;
}

function nameOf(code: unknown, names: Readonly<Record<string, string>>): string | null {
  const text = readText(code);
  if (text === null) return null;
  return Object.hasOwn(names, text) ? (names[text] ?? null) : text;
}

/** Some servers keep values as the JSON text in which they came. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isTimeOnly(report: Fields): boolean {
  for (const name in report) if (name !== 'timestamp') return false;
  return true;
}

function toNames(report: Fields): Fields {
  const named: Record<string, unknown> = {};
  for (const code in report) {
    const name = Object.hasOwn(FIELD_OF_CODE, code) ? (FIELD_OF_CODE[code] ?? code) : code;
    if (!WANTED_FIELDS.has(name)) continue;
    named[name] = name === 'type' ? nameOf(report[code], TYPE_OF_CODE) : report[code];
  }
  return named;
}
