// The sessions of an rtcstats dump: one, the client's, in the dumps of servers; one for each page in those
// that Chrome saves, which hold all connections of the browser under names such as `9-1`. What is said of the
// client is said of all of them.
import { unknownFacts } from '../recording.ts';
import type { FileRecording, RecordedConnection, RecordedSession, SessionFacts } from '../recording.ts';
import { BrowserPages, pageIdOf } from './browser-pages.ts';

export class RtcstatsSessions {
  /** What the dump says of the client, whichever page it was in. */
  readonly client: SessionFacts = unknownFacts();
  readonly #recording: FileRecording;
  readonly #pages: BrowserPages;
  readonly #devicesOfPage = new Map<string, SessionFacts>();
  readonly #sessionOf = new Map<string, RecordedSession>();
  #only: RecordedSession | null = null;

  constructor(recording: FileRecording) {
    this.#recording = recording;
    this.#pages = new BrowserPages(recording);
  }

  /** @param more what follows the configuration: in Chrome's dumps the page's address */
  open(connectionId: string, atMs: number, more: string | null): RecordedConnection {
    const url = more !== null && /^[a-z][a-z0-9+.-]*:/i.test(more) ? more : null;
    const session = this.#assign(connectionId, url);
    return session.openConnection(connectionId, atMs);
  }

  connection(id: string): RecordedConnection {
    return (this.#sessionOf.get(id) ?? this.#assign(id, null)).connection(id);
  }

  /** Where devices are noted that this page opened; it may not have made a connection yet. */
  devicesOf(id: string | null): SessionFacts {
    const pageId = id === null ? null : pageIdOf(id);
    if (pageId === null) return this.client;
    const known = this.#devicesOfPage.get(pageId) ?? unknownFacts();
    this.#devicesOfPage.set(pageId, known);
    return known;
  }

  finish(): void {
    for (const { session, pageId } of this.#pages.all()) {
      complete(session.facts, this.#devicesOfPage.get(pageId ?? '') ?? null);
      complete(session.facts, this.client);
    }
    // Also of a dump without any connection it is said that there was no media.
    if (this.#pages.all().length === 0) this.#only ??= this.#recording.openSession(CLIENT);
    if (this.#only !== null) Object.assign(this.#only.facts, this.client);
  }

  #assign(connectionId: string, url: string | null): RecordedSession {
    const session =
      pageIdOf(connectionId) === null
        ? (this.#only ??= this.#recording.openSession(CLIENT))
        : this.#pages.sessionOf({ connectionId, processId: null, url });
    this.#sessionOf.set(connectionId, session);
    return session;
  }
}

/** Names the session in what the history keeps of it. */
const CLIENT = 'client';

/** What is not known yet is as the client's. */
function complete(facts: SessionFacts, client: SessionFacts | null): void {
  if (client === null) return;
  for (const name of Object.keys(client) as (keyof SessionFacts)[]) {
    if (facts[name] === null && client[name] !== null) Object.assign(facts, { [name]: client[name] });
  }
}
