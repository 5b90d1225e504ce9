// webrtc-internals dumps: one JSON object with, for each connection, the values over time of each field of each report.
// Turns those columns back into calls of getStats. Old Chrome wrote neither types nor times, both are then told from ids
// and from start and end. One browser's dump: one participant, in as many rooms as its connections have pages.
import { StringDecoder } from 'node:string_decoder';
import { isFields, readText } from '../read-value.ts';
import type { FileRecording, RecordedSession } from '../recording.ts';
import { ConnectionColumns } from './internals-columns.ts';
import { lastSegment } from './rtcstats-identity.ts';
import { JsonDamage, JsonPieces } from './json-pieces.ts';
import type { JsonPath } from './json-pieces.ts';
import { isCallTime } from './format-reader.ts';
import type { FormatReader, FormatReaderOptions } from './format-reader.ts';

const DEPTH_MAX = 4;
const CONNECTIONS = 'PeerConnections';

export function readWebrtcInternals({ recording, fallbackName }: FormatReaderOptions): FormatReader {
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
      dump.finish(fallbackName);
    },
  };
}

class InternalsDump {
  readonly #recording: FileRecording;
  readonly #sessions = new Map<string, RecordedSession>();
  #userAgent: string | null = null;
  #audioDevice: string | null = null;
  #videoDevice: string | null = null;
  #columns: ConnectionColumns | null = null;
  #url: string | null = null;
  #log: unknown[] = [];

  constructor(recording: FileRecording) {
    this.#recording = recording;
  }

  wants(path: JsonPath): boolean {
    if (path.length === 1) return path[0] === 'UserAgent' || path[0] === 'getUserMedia';
    if (path[0] !== CONNECTIONS) return false;
    if (path.length === 3) return path[2] === 'url' || path[2] === 'updateLog';
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
    if (path[0] === 'UserAgent') this.#userAgent = readText(value);
    else if (path[0] === 'getUserMedia') this.#addDevices(value);
    else if (path[2] === 'url') this.#url = readText(value);
    else if (path[2] === 'updateLog') this.#log = Array.isArray(value) ? (value as unknown[]) : [];
    else {
      this.#columns ??= new ConnectionColumns(path[1] ?? '');
      const problem = this.#columns.add(path[3] ?? '', value);
      if (problem !== null) this.#recording.leaveOut(problem, place);
    }
  }

  /** All of a connection is read: only now its room is known, and its columns can be put side by side. */
  endConnection(): void {
    const columns = this.#columns;
    if (columns !== null) {
      const connection = this.#sessionOf(this.#url).connection(columns.connectionId);
      this.#addLog(connection);
      columns.replay(connection, `${CONNECTIONS}.${columns.connectionId}`);
    }
    this.#columns = null;
    this.#url = null;
    this.#log = [];
  }

  finish(fallbackName: () => string): void {
    this.endConnection();
    for (const { facts } of this.#sessions.values()) {
      facts.userAgent = this.#userAgent;
      facts.audioDevice = this.#audioDevice;
      facts.videoDevice = this.#videoDevice;
      facts.peerId = fallbackName();
    }
  }

  #sessionOf(url: string | null): RecordedSession {
    const key = url ?? '';
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made = this.#recording.openSession(key);
    made.facts.roomUrl = url;
    made.facts.roomIdFromUrl = lastSegment(url) ?? url?.replace(/^[a-z]+:\/\//i, '') ?? null;
    this.#sessions.set(key, made);
    return made;
  }

  #addDevices(value: unknown): void {
    if (!Array.isArray(value)) return;
    for (const entry of value as unknown[]) {
      // A screen that is shared is no camera.
      if (!isFields(entry) || (readText(entry.request_type) ?? '').startsWith('getDisplayMedia')) continue;
      this.#audioDevice = labelIn(entry.audio_track_info) ?? this.#audioDevice;
      this.#videoDevice = labelIn(entry.video_track_info) ?? this.#videoDevice;
    }
  }

  /** The log begins when the connection is made. Entries whose time cannot be told are passed over. */
  #addLog(connection: { openedAtMs: number | null; setState: (state: string, atMs: number) => void }): void {
    for (const entry of this.#log) {
      if (!isFields(entry)) continue;
      const atMs = logTimeOf(entry.time);
      if (atMs === null) continue;
      connection.openedAtMs ??= atMs;
      const type = readText(entry.type);
      if (type === 'connectionstatechange' || type === 'iceconnectionstatechange') {
        connection.setState((readText(entry.value) ?? '').replaceAll('"', ''), atMs);
      }
    }
  }
}

/** Epoch ms, or a text with its zone. Chrome long wrote the browser's local time in its own language: that tells no time. */
function logTimeOf(time: unknown): number | null {
  const text = readText(time);
  if (text === null) return null;
  const isZoned = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text);
  const atMs = isZoned ? Date.parse(text) : Number(text);
  return isCallTime(atMs) ? atMs : null;
}

function labelIn(info: unknown): string | null {
  const text = readText(info);
  const at = text?.indexOf('label:') ?? -1;
  const label = text === null || at === -1 ? '' : text.slice(at + 'label:'.length).trim();
  return label === '' ? null : label;
}
