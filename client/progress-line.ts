// How far a long command is: in a terminal one line at the bottom that is rewritten, in a pipe a plain line
// now and then. Goes where errors go, so that a pipe of results sees results only.
import type { Terminal } from './cli.ts';

export interface ProgressState {
  /** What is being done: `reading`. */
  stage: string;
  done: number;
  total: number;
  /** An amount of what is counted, for people: `1.2 GB`. */
  toText: (amount: number) => string;
  /**
   * Where the work knows it better than who watches it: how much of the amount in a second, 0 while nothing
   * is known.
   */
  perSecond?: number;
}

/** A person sees no more than this. */
const REWRITE_AFTER_MS = 100;
/** Plain lines: at every tenth of the way, and no more often than this. */
const PLAIN_SHARE = 0.1;
const PLAIN_AFTER_MS = 1_000;

const BAR_CELLS = 24;

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #nowMs: () => number;
  #stage = '';
  #startedMs = 0;
  #shownMs = 0;
  #shownShare = 0;

  constructor(terminal: Terminal, nowMs: () => number = Date.now) {
    this.#terminal = terminal;
    this.#nowMs = nowMs;
  }

  show(state: ProgressState): void {
    const nowMs = this.#nowMs();
    if (state.stage !== this.#stage) {
      this.#stage = state.stage;
      this.#startedMs = this.#shownMs = nowMs;
      this.#shownShare = 0;
    }
    const share = state.total === 0 ? 1 : Math.min(1, state.done / state.total);
    const isDue =
      this.#terminal.rewrite === undefined
        ? share - this.#shownShare >= PLAIN_SHARE && nowMs - this.#shownMs >= PLAIN_AFTER_MS
        : nowMs - this.#shownMs >= REWRITE_AFTER_MS;
    if (!isDue) return;
    this.#shownMs = nowMs;
    this.#shownShare = share;
    const text = describe(state, share, nowMs - this.#startedMs);
    if (this.#terminal.rewrite === undefined) this.#terminal.err(`${state.stage}: ${text}`);
    else this.#terminal.rewrite(`${state.stage} ${toBar(share)} ${text}`);
  }

  /** Takes the line away, for what is printed next. */
  clear(): void {
    this.#terminal.rewrite?.('');
  }
}

function describe(state: ProgressState, share: number, goneMs: number): string {
  const { done, total, toText } = state;
  const percent = Math.floor(share * 100);
  const perSecond = state.perSecond ?? Math.round((1000 * done) / Math.max(1, goneMs));
  const leftS = rateLeft(total - done, state.perSecond ?? (1000 * done) / Math.max(1, goneMs));
  return `${percent} %, ${toText(done)} of ${toText(total)}, ${toText(perSecond)}/s${leftS === null || leftS <= 0 ? '' : `, ${leftS} s left`}`;
}

/** Null while nothing is known. */
function rateLeft(left: number, perSecond: number): number | null {
  return perSecond === 0 ? null : Math.round(left / perSecond);
}

function toBar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}]`;
}
