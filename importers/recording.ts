// What one file tells, in the form that all formats are brought to: client sessions (one participant's stay
// in one room, as one client saw it) with their connections, whose reports become ticks as they are read.
// Knows no format and no database.
import { ConnectionTicks } from './ticks.ts';
import type { Opening } from './ticks.ts';
import type { Tick } from './sum-ticks.ts';
import { ReportStore } from './report-store.ts';
import { readNetworkPath } from './network-path.ts';
import type { NetworkPath } from './network-path.ts';
import { readStreams } from './read-streams.ts';
import type { Client } from './user-agent.ts';

/**
 * Receives ticks while a file is being read; `connectionIndex` counts the connections of the recording from
 * 0.
 */
export type TickSink = (connectionIndex: number, ticks: readonly Tick[]) => void;

/** What a file says of a session; all unknown at first. Texts as found, times in epoch ms. */
export interface SessionFacts {
  roomId: string | null;
  /** A room's name taken from an address, used where nothing names the room. */
  roomIdFromUrl: string | null;
  roomUrl: string | null;
  /** An id that all sessions of one meeting share, if the service gives one. */
  meetingId: string | null;
  /** A text that ties sessions of one client to one meeting when there is no meeting id. */
  clientMeeting: string | null;
  peerId: string | null;
  userAgent: string | null;
  /** What the browser says of itself beside its user agent. */
  clientHints: Client | null;
  /** The browser's page that the session was in, where one file holds several. */
  pageId: string | null;
  sdkVersion: string | null;
  city: string | null;
  country: string | null;
  organization: string | null;
  audioDevice: string | null;
  videoDevice: string | null;
  endReason: string | null;
  keys: Record<string, string[]>;
  rating: number | null;
  joinedAtMs: number | null;
  leftAtMs: number | null;
}

/** A connection is read some seconds after it was opened; a day between them comes of two clocks. */
const CLOCKS_APART_MS_MAX = 24 * 3600 * 1000;

export class RecordedConnection {
  readonly id: string;
  readonly index: number;
  readonly reports = new ReportStore();
  readonly ticks = new ConnectionTicks();
  /**
   * The first reading that had a stream: which of the file's it was, and when. What is cut off behind does
   * not change it.
   */
  firstReading: { order: number; atMs: number } | null = null;
  openedAtMs: number | null = null;
  connectedAtMs: number | null = null;
  closedAtMs: number | null = null;
  /** Milliseconds over each path, by `type/transport`. */
  readonly pathMs = new Map<string, number>();
  tickCount = 0;
  readonly #recording: FileRecording;

  constructor(recording: FileRecording, id: string, index: number) {
    this.#recording = recording;
    this.id = id;
    this.index = index;
  }

  /** Turns the reports as they stand into ticks. Call after merging what a getStats call said. */
  read(takenAtMs: number, place: string): void {
    const before = this.ticks.lastEndMs;
    const readings = readStreams(this.reports, takenAtMs, (problem) =>
      this.#recording.leaveOut(problem, place),
    );
    this.#emit(this.ticks.add(takenAtMs, readings, this.#opening(takenAtMs)));
    // Nothing was sent or received so far.
    if (this.ticks.lastEndMs === null) return;
    this.firstReading ??= { order: this.#recording.nextReading(), atMs: Math.round(takenAtMs) };
    const path = readNetworkPath(this.reports);
    if (path !== null)
      this.#addPath(path, Math.max(1, Math.round(takenAtMs) - (before ?? this.ticks.startMs ?? takenAtMs)));
  }

  /** State names of RTCPeerConnection, of its connection or of ICE. */
  setState(state: string, atMs: number): void {
    if ((state === 'connected' || state === 'completed') && this.connectedAtMs === null)
      this.connectedAtMs = atMs;
    if (state === 'closed') this.closedAtMs ??= atMs;
  }

  finish(): void {
    this.#emit(this.ticks.finish());
  }

  #emit(ticks: readonly Tick[]): void {
    if (ticks.length === 0) return;
    this.tickCount += ticks.length;
    this.#recording.takeTicks(this.index, ticks);
  }

  /**
   * An event that lies after the reading, or a day before it, has another clock: its time is not to be
   * believed.
   */
  #opening(takenAtMs: number): Opening {
    const known = [this.connectedAtMs, this.openedAtMs].filter((at) => at !== null);
    const plausible = known.filter((at) => at < takenAtMs && takenAtMs - at < CLOCKS_APART_MS_MAX);
    return { isInRecord: known.length > 0, atMs: plausible[0] ?? null };
  }

  #addPath(path: NetworkPath, ms: number): void {
    const key = `${path.type}/${path.transport ?? ''}`;
    this.pathMs.set(key, (this.pathMs.get(key) ?? 0) + ms);
  }
}

export class RecordedSession {
  readonly key: string;
  readonly facts: SessionFacts;
  /** All connections, in the order in which they were first named. */
  readonly connections: RecordedConnection[] = [];
  readonly #current = new Map<string, RecordedConnection>();
  readonly #recording: FileRecording;

  constructor(recording: FileRecording, key: string) {
    this.#recording = recording;
    this.key = key;
    this.facts = unknownFacts();
  }

  /** The connection of that id, made if there is none yet. */
  connection(id: string): RecordedConnection {
    return this.#current.get(id) ?? this.#make(id, id);
  }

  /** A new connection was made under that id; one before it of the same id has ended and keeps its ticks. */
  openConnection(id: string, atMs: number): RecordedConnection {
    const before = this.#current.get(id);
    if (before === undefined || before.openedAtMs === null) {
      const opened = this.connection(id);
      opened.openedAtMs = atMs;
      return opened;
    }
    const opened = this.#make(id, `${id}/${this.connections.length}`);
    opened.openedAtMs = atMs;
    return opened;
  }

  #make(id: string, uniqueId: string): RecordedConnection {
    const made = this.#recording.makeConnection(uniqueId);
    this.#current.set(id, made);
    this.connections.push(made);
    return made;
  }
}

export class FileRecording {
  readonly sessions: RecordedSession[] = [];
  /** What was left out and how often, by reason; the place of the first is kept. */
  readonly leftOut = new Map<string, { count: number; firstPlace: string }>();
  readonly #connections: RecordedConnection[] = [];
  readonly #sink: TickSink;
  #readings = 0;

  constructor(sink: TickSink) {
    this.#sink = sink;
  }

  openSession(key: string): RecordedSession {
    const session = new RecordedSession(this, key);
    this.sessions.push(session);
    return session;
  }

  makeConnection(id: string): RecordedConnection {
    const made = new RecordedConnection(this, id, this.#connections.length);
    this.#connections.push(made);
    return made;
  }

  /**
   * Counts something that was not imported. `reason` should not hold values that differ each time, or the
   * list grows.
   */
  leaveOut(reason: string, place: string): void {
    const known = this.leftOut.get(reason);
    if (known !== undefined) known.count += 1;
    else if (this.leftOut.size < REASONS_MAX) this.leftOut.set(reason, { count: 1, firstPlace: place });
    else
      this.leftOut.set(OTHER_REASONS, {
        count: (this.leftOut.get(OTHER_REASONS)?.count ?? 0) + 1,
        firstPlace: place,
      });
  }

  /** Numbers of readings in the order of the file. */
  nextReading(): number {
    this.#readings += 1;
    return this.#readings;
  }

  takeTicks(connectionIndex: number, ticks: readonly Tick[]): void {
    this.#sink(connectionIndex, ticks);
  }

  finish(): void {
    for (const connection of this.#connections) connection.finish();
    const late = this.#connections.reduce((sum, { ticks }) => sum + ticks.streamsJoinedLate, 0);
    if (late > 0) {
      this.leftOut.set(
        'what streams had counted before the record began, as it does not tell when they began',
        {
          count: late,
          firstPlace: 'start of the connection',
        },
      );
    }
  }
}

/** A file of noise must not fill the memory with reasons. One more stands for the rest. */
const REASONS_MAX = 50;
const OTHER_REASONS = 'other reasons';

export function unknownFacts(): SessionFacts {
  return {
    roomId: null,
    roomIdFromUrl: null,
    roomUrl: null,
    meetingId: null,
    clientMeeting: null,
    peerId: null,
    userAgent: null,
    clientHints: null,
    pageId: null,
    sdkVersion: null,
    city: null,
    country: null,
    organization: null,
    audioDevice: null,
    videoDevice: null,
    endReason: null,
    keys: {},
    rating: null,
    joinedAtMs: null,
    leftAtMs: null,
  };
}
