// webrtc-internals dumps: one JSON object with, for each connection, the values over time of each field of
// each report. Turns those columns back into calls of getStats. Old Chrome wrote neither types nor times:
// types are then derived from ids, and times from start and end. A dump holds one browser, with a session for
// each of its pages (browser-pages.ts).
import { StringDecoder } from 'node:string_decoder';
import { isFields, readText } from '../read-value.ts';
import type { FileRecording, RecordedConnection } from '../recording.ts';
import { readClientHints } from '../user-agent.ts';
import type { Client } from '../user-agent.ts';
import { readCallTime } from './call-time.ts';
import { ConnectionColumns } from './internals-columns.ts';
import { BrowserPages, OpenedMedia } from './browser-pages.ts';
import { JsonDamage, JsonPieces } from './json-pieces.ts';
import type { JsonPath } from './json-pieces.ts';
import type { FormatReader, FormatReaderOptions } from './format-reader.ts';

const DEPTH_MAX = 4;
const CONNECTIONS = 'PeerConnections';

export function readWebrtcInternals({ recording }: FormatReaderOptions): FormatReader {
  const dump = new InternalsDump(recording);
  const pieces = new JsonPieces({
    depthMax: DEPTH_MAX,
    wants: (path) => dump.wants(path),
    piece: (path, text, lineNumber) => dump.take(path, text, `line ${lineNumber}, ${path.join('.')}`),
    closed: (path) => {
      if (path.length === 2 && path[0] === CONNECTIONS) dump.endConnection();
    },
  });
  const decoder = new StringDecoder('utf8');
  let isDamaged = false;
  const walk = (text: string): void => {
    if (isDamaged) return;
    try {
      pieces.push(text);
    } catch (error) {
      if (!(error instanceof JsonDamage)) throw error;
      isDamaged = true;
      recording.leaveOut(error.message, `line ${error.lineNumber}`);
    }
  };
  return {
    push: (bytes) => walk(decoder.write(bytes)),
    end: () => {
      walk(decoder.end());
      if (!isDamaged && !pieces.isComplete)
        recording.leaveOut('the file ends in the middle', `line ${pieces.lineNumber}`);
      dump.finish();
    },
  };
}

class InternalsDump {
  readonly #recording: FileRecording;
  readonly #pages: BrowserPages;
  readonly #media = new OpenedMedia();
  #userAgent: string | null = null;
  #hints: Client | null = null;
  #columns: ConnectionColumns | null = null;
  #url: string | null = null;
  #processId: string | null = null;
  #log: unknown[] = [];

  constructor(recording: FileRecording) {
    this.#recording = recording;
    this.#pages = new BrowserPages(recording);
  }

  wants(path: JsonPath): boolean {
    if (path.length === 1) return TOP_KEYS.has(path[0] ?? '');
    if (path[0] !== CONNECTIONS) return false;
    if (path.length === 3) return CONNECTION_KEYS.has(path[2] ?? '');
    return path.length === 4 && path[2] === 'stats' && ConnectionColumns.wants(path[3] ?? '');
  }

  take(path: JsonPath, text: string, place: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#recording.leaveOut('value is not JSON', place);
      return;
    }
    const [top = ''] = path;
    if (path.length === 1) this.#takeTop(top, value);
    else if (path[2] === 'url') this.#url = readText(value);
    else if (path[2] === 'pid') this.#processId = readText(value);
    else if (path[2] === 'updateLog') this.#log = Array.isArray(value) ? (value as unknown[]) : [];
    else {
      this.#columns ??= new ConnectionColumns(path[1] ?? '');
      const problem = this.#columns.add(path[3] ?? '', value);
      if (problem !== null) this.#recording.leaveOut(problem, place);
    }
  }

  /** All of a connection is read: only now its page is known, and its columns can be put side by side. */
  endConnection(): void {
    const columns = this.#columns;
    if (columns !== null) {
      const { connectionId } = columns;
      const session = this.#pages.sessionOf({ connectionId, processId: this.#processId, url: this.#url });
      const connection = session.connection(connectionId);
      addLog(connection, this.#log);
      columns.replay(connection, `${CONNECTIONS}.${connectionId}`);
    }
    this.#columns = null;
    this.#url = null;
    this.#processId = null;
    this.#log = [];
  }

  finish(): void {
    this.endConnection();
    this.#media.assign(this.#pages.all());
    for (const { session } of this.#pages.all()) {
      session.facts.userAgent = this.#userAgent;
      session.facts.clientHints = this.#hints;
    }
  }

  #takeTop(key: string, value: unknown): void {
    if (key === 'UserAgent') this.#userAgent = readText(value);
    else if (key === 'UserAgentData') this.#hints = readClientHints(value);
    else this.#media.add(value);
  }
}

const TOP_KEYS: ReadonlySet<string> = new Set(['UserAgent', 'UserAgentData', 'getUserMedia']);
const CONNECTION_KEYS: ReadonlySet<string> = new Set(['url', 'pid', 'updateLog']);

/**
 * `onconnectionstatechange`; without `on` before Chrome 144, with capitals and `ICEConnectionStateConnected`
 * before Chrome 70.
 */
const STATE_CHANGE = /^(?:on)?(?:ice)?connectionstatechange$/i;
const OLD_STATE = /^ICEConnectionState/;

/** The log begins when the connection is made. Entries whose time is unknown are passed over. */
function addLog(connection: RecordedConnection, log: readonly unknown[]): void {
  for (const entry of log) {
    if (!isFields(entry)) continue;
    // Chrome 144 and later write epoch ms as `timestamp`; before, `time` often was local time in the
    // browser's language, which tells nothing.
    const atMs = readCallTime(entry.timestamp) ?? readCallTime(entry.time);
    if (atMs === null) continue;
    connection.openedAtMs ??= atMs;
    if (STATE_CHANGE.test(readText(entry.type) ?? '')) {
      const state = (readText(entry.value) ?? '').replaceAll('"', '').replace(OLD_STATE, '');
      connection.setState(state.toLowerCase(), atMs);
    }
  }
}
