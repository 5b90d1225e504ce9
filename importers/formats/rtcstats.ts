// rtcstats dumps: one JSON array a line, `[event, connection | null, value, …, time]`. Reads the dumps of
// rtcstats-server and Jitsi (getstats, times absolute, a sequence number behind the time), those of today's
// rtcstats (numbers for names, times as differences), and those that Chrome itself saves (whole reports, one
// browser with several pages). It reads two more forms of the first rtcstats-server: lines that are objects,
// `{"0": event, "1": connection, "2": value, "time": …}`, and dumps that are one object.
import { isFields, readText } from '../read-value.ts';
import type { Fields } from '../read-value.ts';
import { WANTED_FIELDS } from '../wanted-fields.ts';
import type { RecordedConnection } from '../recording.ts';
import { eachReport } from '../report-store.ts';
import { isCallTime, readCallTime } from './call-time.ts';
import { addClientInfo, addCreated, addIdentity, addMediaDevices } from './rtcstats-identity.ts';
import { EVENT_OF_CODE, FIELD_OF_CODE, TYPE_OF_CODE } from './rtcstats-codes.ts';
import { RtcstatsSessions } from './rtcstats-sessions.ts';
import { ReportForms } from './report-forms.ts';
import type { FormatReader, FormatReaderOptions } from './format-reader.ts';
import { elementOf, readLines } from './read-lines.ts';

/**
 * A report's own time is believed when it is this near to the line's; browsers have had other clocks for it.
 */
const CLOCKS_APART_MS_MAX = 60_000;

export function readRtcstats({ recording }: FormatReaderOptions): FormatReader {
  const sessions = new RtcstatsSessions(recording);
  const lines = new RtcstatsLines(sessions, (reason, place) => recording.leaveOut(reason, place));
  return readLines({
    line: (text, lineNumber) => lines.read(text, lineNumber),
    tooLong: (lineNumber) => recording.leaveOut('line is too long', `line ${lineNumber}`),
    end: () => sessions.finish(),
  });
}

type LeaveOut = (reason: string, place: string) => void;

class RtcstatsLines {
  readonly #sessions: RtcstatsSessions;
  readonly #leaveOut: LeaveOut;
  readonly #forms = new ReportForms();
  #lastTimeMs = 0;

  constructor(sessions: RtcstatsSessions, leaveOut: LeaveOut) {
    this.#sessions = sessions;
    this.#leaveOut = leaveOut;
  }

  read(text: string, lineNumber: number): void {
    const place = `line ${lineNumber}`;
    const element = elementOf(text);
    if (element === null || element.startsWith('RTCStatsDump')) return;
    let line: unknown;
    try {
      line = JSON.parse(element);
    } catch {
      this.#leaveOut('line is not JSON', place);
      return;
    }
    const entry = toEntry(line);
    if (entry !== null) this.#takeLine(entry, place);
    else if (isFields(line)) {
      addClientInfo(this.#sessions.client, line);
      this.#takeWhole(line, place);
    } else this.#leaveOut('line is neither an array nor an object', place);
  }

  #takeLine(entry: readonly unknown[], place: string): void {
    const event = nameOf(entry[0], EVENT_OF_CODE);
    const timeMs = this.#timeOf(entry);
    if (event === null) this.#leaveOut('line without an event name', place);
    else
      this.#take({ event, connection: readText(entry[1]), value: entry[2], more: entry[3], timeMs, place });
  }

  /** The events of a dump that is one object: a list for each connection, and one for getUserMedia. */
  #takeWhole({ getUserMedia, peerConnections }: Fields, place: string): void {
    if (!isFields(peerConnections)) return;
    this.#takeEvents(null, getUserMedia, `${place}, getUserMedia`);
    for (const [id, events] of Object.entries(peerConnections))
      // Under `null` are the events of no connection.
      this.#takeEvents(id === 'null' ? null : id, events, `${place}, peerConnections.${id}`);
  }

  #takeEvents(connection: string | null, events: unknown, place: string): void {
    for (const [index, event] of (Array.isArray(events) ? (events as unknown[]) : []).entries()) {
      const { type, value, time } = isFields(event) ? event : {};
      this.#takeLine([type, connection, value, time], `${place}[${index}]`);
    }
  }

  /**
   * Absolute times in the fourth place (a sequence number may follow), or last and as the difference to the
   * line before.
   */
  #timeOf(entry: readonly unknown[]): number | null {
    if (isCallTime(entry[3])) return (this.#lastTimeMs = entry[3]);
    const last = entry.length > 3 ? entry[entry.length - 1] : undefined;
    const absolute = readCallTime(entry[3]) ?? readCallTime(last);
    if (absolute !== null) return (this.#lastTimeMs = absolute);
    if (typeof last !== 'number' || !isCallTime(this.#lastTimeMs + last)) return null;
    return (this.#lastTimeMs += last);
  }

  #take(entry: RtcstatsEntry): void {
    const { event, connection: id, value, timeMs } = entry;
    switch (event) {
      case 'getstats':
      case 'getStats':
        this.#takeCall(entry);
        return;
      case 'connectionInfo':
        addClientInfo(this.#sessions.client, parsed(value));
        return;
      case 'identity':
        addIdentity(this.#sessions.client, parsed(value));
        return;
      case 'location':
        // The place that the server found for the client's address.
        addClientInfo(this.#sessions.client, { locations: [value] });
        return;
      case 'navigator.mediaDevices.getUserMediaOnSuccess':
      case 'getUserMediaOnSuccess':
        addMediaDevices(this.#sessions.devicesOf(id), parsed(value));
        return;
      case 'create':
        if (id === null) addCreated(this.#sessions.client, parsed(value));
        else if (timeMs !== null) this.#sessions.open(id, timeMs, readText(entry.more));
        return;
    }
    if (id !== null && timeMs !== null) this.#takeState(event, id, { value, timeMs });
  }

  #takeCall({ event, connection: id, value, timeMs, place }: RtcstatsEntry): void {
    // Some clients write the list of reports that they got.
    const reports = Array.isArray(value) ? Object.fromEntries(eachReport(value)) : value;
    if (id === null || !isFields(reports)) this.#leaveOut('getstats without a connection or reports', place);
    else this.#takeReports(id, reports, { timeMs, isToday: event === 'getStats', place });
  }

  #takeState(event: string, id: string, { value, timeMs }: { value: unknown; timeMs: number }): void {
    // Chrome notes `remove` when the page has let go of a connection, closed or not.
    if (event === 'close' || event === 'remove') this.#sessions.connection(id).setState('closed', timeMs);
    else if (STATE_CHANGE.test(event)) {
      this.#sessions.connection(id).setState(readText(parsed(value)) ?? '', timeMs);
    }
  }

  #takeReports(
    id: string,
    value: Fields,
    { timeMs, isToday, place }: { timeMs: number | null; isToday: boolean; place: string },
  ): void {
    const stampMs = readCallTime(value.timestamp ?? value.t);
    const isNear = stampMs !== null && (timeMs === null || Math.abs(stampMs - timeMs) < CLOCKS_APART_MS_MAX);
    const takenAtMs = isNear ? stampMs : timeMs;
    if (takenAtMs === null) {
      this.#leaveOut('getstats without a time', place);
      return;
    }
    const connection = this.#sessions.connection(id);
    connection.reports.nextCall(this.#forms.isAbsentGone(connection, value, isToday));
    this.#merge(connection, value, isToday);
    connection.read(takenAtMs, place);
  }

  #merge({ reports }: RecordedConnection, value: Fields, isToday: boolean): void {
    for (const id in value) {
      const report = value[id];
      if (report === null) reports.remove(id);
      else if (isFields(report)) reports.merge(id, isToday ? toNames(report) : report);
    }
  }
}

const STATE_CHANGE = /^(?:on)?(?:ice)?connectionstatechange$/;

interface RtcstatsEntry {
  event: string;
  connection: string | null;
  value: unknown;
  /** What follows the value, if it is not the time. */
  more: unknown;
  timeMs: number | null;
  place: string;
}

/** The elements of a line; null where it is no event. */
function toEntry(line: unknown): readonly unknown[] | null {
  if (Array.isArray(line)) return line as unknown[];
  if (!isFields(line) || line['0'] === undefined) return null;
  // The first clients sent the arguments of a call as an object, and the server added the time. Numeric keys
  // come in their order.
  const { time, ...elements } = line;
  return [...Object.values(elements), time];
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

function toNames(report: Fields): Fields {
  const named: Record<string, unknown> = {};
  for (const code in report) {
    const name = Object.hasOwn(FIELD_OF_CODE, code) ? (FIELD_OF_CODE[code] ?? code) : code;
    if (!WANTED_FIELDS.has(name)) continue;
    named[name] = name === 'type' ? nameOf(report[code], TYPE_OF_CODE) : report[code];
  }
  return named;
}
