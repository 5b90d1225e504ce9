// Shows the progress of a long command. A terminal gets one line that is rewritten; a pipe gets a plain line
// now and then. Progress goes to the error output, so that a pipe of results receives results only.
import type { Terminal } from './cli.ts';

export interface ProgressState {
  /** The operation in progress: `reading`. */
  stage: string;
  done: number;
  total: number;
  /** Formats an amount for people: `1.2 GB`. */
  toText: (amount: number) => string;
  /** The rate per second, where the operation knows it better than its observer; 0 while it is unknown. */
  perSecond?: number;
}

/** Updates more frequent than this are not visible to a person. */
const REWRITE_AFTER_MS = 100;
/** A pipe gets a plain line at every tenth of the way, and no more often than this. */
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

  /** Removes the line before something else is printed. */
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

/** Returns null while the rate is unknown. */
function rateLeft(left: number, perSecond: number): number | null {
  return perSecond === 0 ? null : Math.round(left / perSecond);
}

function toBar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}]`;
}
