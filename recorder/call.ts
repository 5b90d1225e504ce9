// A real call between browser pages, driven step by step: participants join, are connected in a full mesh,
// are read once a second, leave. Every step leaves a line of the record (record-format.ts). Signalling passes
// through here, so that a relay can be put between two pages.
import type { Page } from 'playwright-core';
import type { CallBrowser } from './browser.ts';
import { announceRelay } from './lossy-relay.ts';
import type { LossyRelay } from './lossy-relay.ts';
import type { JoinLine, RawReport, RecordedLine } from './record-format.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const STATE_POLL_MS = 20;

export interface ParticipantPlan {
  peer: string;
  video: boolean;
  keys: JoinLine['keys'];
}

interface Participant {
  plan: ParticipantPlan;
  page: Page;
  /** Connection id by the peer at its other end. */
  connections: Map<string, string>;
}

interface PageReading {
  connection: string;
  at: number;
  reports: RawReport[];
}

/** What the page offers to this script; each call names one function of `window.participant`. */
type PageCall =
  'openMedia' | 'openConnection' | 'offer' | 'answer' | 'acceptAnswer' | 'readAll' | 'close' | 'takeStates';

export interface CallOptions {
  browser: CallBrowser;
  write: (line: RecordedLine) => void;
  /** Makes the relay between two participants, or none. */
  relayBetween?: (first: string, second: string) => Promise<LossyRelay>;
}

/** A call under way. All methods are awaited one after the other; none may run beside another. */
export class RecordedCall {
  readonly #options: CallOptions;
  readonly #present = new Map<string, Participant>();
  #connectionsMade = 0;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** Opens a page for the participant and connects it to everyone present. */
  async join(plan: ParticipantPlan): Promise<void> {
    const page = await this.#options.browser.openPage();
    const at = Date.now();
    const opened = await ask<{ userAgent: string; audioDevice: string | null; videoDevice: string | null }>(
      page,
      'openMedia',
      { audio: true, video: plan.video },
    );
    this.#options.write({
      type: 'join',
      peer: plan.peer,
      at,
      user_agent: opened.userAgent,
      sdk_version: null,
      keys: plan.keys,
      audio_device: opened.audioDevice,
      video_device: opened.videoDevice,
      location: { city: null, country: null, organization: null },
    });
    const newcomer: Participant = { plan, page, connections: new Map() };
    for (const other of this.#present.values()) await this.#connect(newcomer, other);
    this.#present.set(plan.peer, newcomer);
  }

  /** Reads every connection of every participant once. */
  async read(): Promise<void> {
    const all = [...this.#present.values()];
    const readings = await Promise.all(all.map((one) => ask<PageReading[]>(one.page, 'readAll')));
    for (const [index, participant] of all.entries()) {
      await this.#writeStates(participant);
      for (const reading of readings[index] ?? [])
        this.#options.write({ peer: participant.plan.peer, ...reading });
    }
  }

  /**
   * Takes the last reading of each of the participant's connections at both ends, closes them, and the page
   * with them.
   */
  async leave(peer: string, reason: string | null): Promise<void> {
    const leaving = this.#of(peer);
    for (const [otherPeer, connection] of leaving.connections) {
      const other = this.#of(otherPeer);
      const farConnection = other.connections.get(peer);
      await this.#close(leaving, connection);
      if (farConnection !== undefined) await this.#close(other, farConnection);
      other.connections.delete(peer);
    }
    this.#options.write({ type: 'leave', peer, at: Date.now(), reason });
    this.#present.delete(peer);
    await leaving.page.context().close();
  }

  async #connect(newcomer: Participant, other: Participant): Promise<void> {
    const [offering, answering] = [await this.#open(newcomer, other), await this.#open(other, newcomer)];
    const relay = await this.#options.relayBetween?.(newcomer.plan.peer, other.plan.peer);
    const carry = (sdp: string, from: 0 | 1): string => {
      if (relay === undefined) return sdp;
      // End `from` is announced to the other end under the port at which the relay listens to that other end.
      const announced = announceRelay(sdp, relay.ports[from === 0 ? 1 : 0]);
      relay.setTarget(from, announced.realPort);
      return announced.sdp;
    };
    const offered = carry(await ask<string>(newcomer.page, 'offer', offering), 0);
    const answered = carry(await ask<string>(other.page, 'answer', answering, offered), 1);
    await ask(newcomer.page, 'acceptAnswer', offering, answered);
    await Promise.all([this.#connected(newcomer, offering), this.#connected(other, answering)]);
  }

  async #open(at: Participant, far: Participant): Promise<string> {
    this.#connectionsMade += 1;
    const connection = `${at.plan.peer}-${far.plan.peer}-${this.#connectionsMade}`;
    at.connections.set(far.plan.peer, connection);
    const opened = await ask<number>(at.page, 'openConnection', connection);
    this.#options.write({ type: 'open', peer: at.plan.peer, connection, at: opened });
    return connection;
  }

  async #connected(participant: Participant, connection: string): Promise<void> {
    const deadline = Date.now() + CONNECT_TIMEOUT_MS;
    for (;;) {
      const states = await this.#writeStates(participant);
      if (states.some((state) => state.connection === connection && state.state === 'connected')) return;
      if (Date.now() > deadline)
        throw new Error(`connection ${connection} was not connected within ${CONNECT_TIMEOUT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, STATE_POLL_MS));
    }
  }

  async #writeStates(participant: Participant): Promise<{ connection: string; state: string; at: number }[]> {
    const states = await ask<{ connection: string; state: string; at: number }[]>(
      participant.page,
      'takeStates',
    );
    for (const state of states) this.#options.write({ type: 'state', peer: participant.plan.peer, ...state });
    return states;
  }

  async #close(participant: Participant, connection: string): Promise<void> {
    const last = await ask<PageReading>(participant.page, 'close', connection);
    this.#options.write({
      peer: participant.plan.peer,
      connection,
      at: last.at,
      final: true,
      reports: last.reports,
    });
  }

  #of(peer: string): Participant {
    const found = this.#present.get(peer);
    if (found === undefined) throw new Error(`${peer} is not in the call`);
    return found;
  }
}

/**
 * Calls a function of the page. The page is ours and stands beside this file, so its answer has the type it
 * was written with.
 */
async function ask<Answer = void>(page: Page, call: PageCall, ...values: unknown[]): Promise<Answer> {
  return page.evaluate<Answer, [string, unknown[]]>(
    ([name, given]) => {
      const offered = (
        globalThis as unknown as { participant: Record<string, (...all: unknown[]) => Answer> }
      ).participant;
      const called = offered[name];
      if (called === undefined) throw new Error(`the page has no ${name}`);
      return called(...given);
    },
    [call, values],
  );
}
