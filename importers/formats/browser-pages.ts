// The pages of one browser, as webrtc-internals and its RTCStatsDump tell them apart: each connection is
// `rid-lid`, the number of its renderer (in old Chrome its process) and its own number there. A page is a
// renderer with an address; each is a session.
import { isFields, readText } from '../read-value.ts';
import type { Fields } from '../read-value.ts';
import type { FileRecording, RecordedSession } from '../recording.ts';
import { lastSegment } from './rtcstats-identity.ts';

export interface PageConnection {
  /** `3-1`: the page's number, and the connection's within it. */
  connectionId: string;
  processId: string | null;
  url: string | null;
}

/** A page, with the numbers by which the browser knows it. */
export interface Page {
  session: RecordedSession;
  /** The first number of its connections' names; null where they have names of another form. */
  pageId: string | null;
  processId: string | null;
}

export class BrowserPages {
  readonly #recording: FileRecording;
  readonly #pages = new Map<string, Page>();

  constructor(recording: FileRecording) {
    this.#recording = recording;
  }

  sessionOf({ connectionId, processId, url }: PageConnection): RecordedSession {
    const pageId = pageIdOf(connectionId);
    const page = [processId, pageId].filter((id) => id !== null).join('-');
    const name = `${page} ${url ?? ''}`;
    const known = this.#pages.get(name);
    if (known !== undefined) return known.session;
    const session = this.#recording.openSession(this.#keyOf(url ?? '', page));
    const { facts } = session;
    facts.roomUrl = url;
    facts.roomIdFromUrl = lastSegment(url) ?? url?.replace(/^[a-z]+:\/\//i, '') ?? null;
    facts.pageId = page;
    this.#pages.set(name, { session, pageId, processId });
    return session;
  }

  all(): readonly Page[] {
    return [...this.#pages.values()];
  }

  /** The address alone for its first page, as it names the session since the first version of the import. */
  #keyOf(url: string, page: string): string {
    return [...this.#pages.keys()].some((name) => name.endsWith(` ${url}`)) ? `${url} ${page}` : url;
  }
}

/** Null for a connection's name of another form. */
export function pageIdOf(connectionId: string): string | null {
  return /^(\d+)-\d+$/.exec(connectionId)?.[1] ?? null;
}

/** What getUserMedia opened, by page; what does not say its page is of all. */
export class OpenedMedia {
  readonly #entries: Fields[] = [];

  add(value: unknown): void {
    if (Array.isArray(value)) this.#entries.push(...(value as unknown[]).filter(isFields));
  }

  /** Notes with each page the microphone and the camera that it opened last. */
  assign(pages: readonly Page[]): void {
    const screens = new Set(this.#entries.filter(isScreenRequest).map(requestOf));
    const cameras = this.#entries.filter((entry) => {
      const request = requestOf(entry);
      return !isScreenRequest(entry) && (request === null || !screens.has(request));
    });
    for (const entry of cameras) {
      const owners = pages.filter((page) => isOfPage(entry, page, pages));
      for (const { session } of owners) {
        session.facts.audioDevice = labelIn(entry.audio_track_info) ?? session.facts.audioDevice;
        session.facts.videoDevice = labelIn(entry.video_track_info) ?? session.facts.videoDevice;
      }
    }
  }
}

/** A screen that is shared is no camera. */
function isScreenRequest({ request_type: type }: Fields): boolean {
  return (readText(type) ?? '').startsWith('getDisplayMedia');
}

/** A request and its outcome are two entries; the second may lack the type. */
function requestOf({ rid, pid, request_id: request }: Fields): string | null {
  const id = readText(request);
  return id === null ? null : `${readText(rid) ?? ''}/${readText(pid) ?? ''}/${id}`;
}

/**
 * By the renderer's number, or, where that names no page (old Chrome), by the process's. A page without
 * connections has numbers, too; what bears none is of every page.
 */
function isOfPage({ rid, pid }: Fields, page: Page, pages: readonly Page[]): boolean {
  const [renderer, process] = [readText(rid), readText(pid)];
  if (pages.some(({ pageId }) => pageId !== null && pageId === renderer)) return page.pageId === renderer;
  if (process !== null && pages.some((one) => isInProcess(one, process))) return isInProcess(page, process);
  return ![renderer, process].some((id) => id !== null && /^\d+$/.test(id));
}

function isInProcess({ pageId, processId }: Page, process: string): boolean {
  return pageId === process || processId === process;
}

/** `{"id":"a1","label":"Headset"}` in Chrome 144 and later, `id:a1 label:Headset` before. */
function labelIn(info: unknown): string | null {
  const track = parsed(info);
  if (isFields(track)) return readText(track.label);
  const text = readText(info);
  const at = text?.indexOf('label:') ?? -1;
  const label = text === null || at === -1 ? '' : text.slice(at + 'label:'.length).trim();
  return label === '' ? null : label;
}

function parsed(info: unknown): unknown {
  if (typeof info !== 'string' || !info.startsWith('{')) return info;
  try {
    return JSON.parse(info) as unknown;
  } catch {
    return info;
  }
}
