// Keeps the reports of one connection as they stand after the last getStats call: whole reports replace,
// compressed ones (only what changed) are merged. Of the dozens of reports in a call only the kinds that the
// history uses are kept.
import { isFields, readText } from './read-value.ts';
import { WANTED_FIELDS } from './wanted-fields.ts';
import type { Fields } from './read-value.ts';

/** The kinds kept, in today's names. */
export type ReportKind =
  | 'inbound-rtp'
  | 'outbound-rtp'
  | 'remote-inbound-rtp'
  | 'ssrc'
  | 'track'
  | 'codec'
  | 'media-source'
  | 'transport'
  | 'candidate-pair'
  | 'candidate';

/** Names that browsers gave these kinds over the years. */
const KIND_OF_TYPE: Readonly<Record<string, ReportKind>> = {
  'inbound-rtp': 'inbound-rtp',
  inboundrtp: 'inbound-rtp',
  'outbound-rtp': 'outbound-rtp',
  outboundrtp: 'outbound-rtp',
  'remote-inbound-rtp': 'remote-inbound-rtp',
  ssrc: 'ssrc',
  track: 'track',
  codec: 'codec',
  'media-source': 'media-source',
  transport: 'transport',
  'candidate-pair': 'candidate-pair',
  candidatepair: 'candidate-pair',
  googCandidatePair: 'candidate-pair',
  'local-candidate': 'candidate',
  localcandidate: 'candidate',
};

export interface KeptReport {
  readonly id: string;
  readonly kind: ReportKind;
  /** Merged fields; changed in place. */
  fields: Record<string, unknown>;
  /** Number of the call that last mentioned it. */
  seenIn: number;
}

export class ReportStore {
  readonly #byKind = new Map<ReportKind, Map<string, KeptReport>>();
  /** Also the ids of reports that are not kept, so that their changes are passed over at once. */
  readonly #kindOfId = new Map<string, ReportKind | null>();
  #call = 0;
  /** Compressed dumps differ: in some an id that is not mentioned is unchanged, in others it is gone. */
  #absentIsGone = false;

  /** Starts the next getStats call. */
  nextCall(absentIsGone: boolean): void {
    this.#call += 1;
    this.#absentIsGone = absentIsGone;
  }

  /** Merges what a call says of one report. `type` may be missing when the id was mentioned before. */
  merge(id: string, changes: Fields): void {
    const known = this.#kindOfId.get(id);
    if (known === null && changes.type === undefined) return;
    const kind = changes.type === undefined ? known : kindOf(changes.type);
    if (kind === undefined) return;
    if (known !== undefined && known !== null && known !== kind) this.#byKind.get(known)?.delete(id);
    this.#kindOfId.set(id, kind);
    if (kind === null) return;
    const kept = this.#of(kind, id);
    // A whole report names its type: nothing of an earlier one under the same id may shine through.
    if (changes.type !== undefined) kept.fields = {};
    for (const name in changes) if (WANTED_FIELDS.has(name)) kept.fields[name] = changes[name];
    kept.seenIn = this.#call;
  }

  remove(id: string): void {
    const kind = this.#kindOfId.get(id);
    if (kind !== undefined && kind !== null) this.#byKind.get(kind)?.delete(id);
    this.#kindOfId.delete(id);
  }

  /** The reports of a kind that exist as of the present call. */
  *each(kind: ReportKind): Generator<KeptReport> {
    for (const report of this.#byKind.get(kind)?.values() ?? []) {
      if (!this.#absentIsGone || report.seenIn === this.#call) yield report;
    }
  }

  /** Whether a report of this id is there, of a kind that is kept or not. */
  has(id: string): boolean {
    return this.#kindOfId.has(id);
  }

  /** A report by its id, also when the present call did not mention it: what it says has not changed. */
  get(kind: ReportKind, id: unknown): Fields | null {
    const text = readText(id);
    return text === null ? null : (this.#byKind.get(kind)?.get(text)?.fields ?? null);
  }

  #of(kind: ReportKind, id: string): KeptReport {
    let ofKind = this.#byKind.get(kind);
    if (ofKind === undefined) this.#byKind.set(kind, (ofKind = new Map<string, KeptReport>()));
    let kept = ofKind.get(id);
    if (kept === undefined) ofKind.set(id, (kept = { id, kind, fields: {}, seenIn: this.#call }));
    return kept;
  }
}

/** The reports of a call, from an array, a map written as an object, or a list of pairs. */
export function* eachReport(reports: unknown): Generator<[string, Fields | null]> {
  if (Array.isArray(reports)) {
    for (const [index, item] of (reports as unknown[]).entries()) {
      const pair = Array.isArray(item) ? (item as unknown[]) : null;
      const report = pair === null ? item : pair[1];
      if (!isFields(report)) continue;
      yield [readText(pair === null ? report.id : pair[0]) ?? String(index), report];
    }
  } else if (isFields(reports)) {
    for (const id in reports) {
      const report = reports[id];
      if (report === null) yield [id, null];
      else if (isFields(report)) yield [id, report];
    }
  }
}

function kindOf(type: unknown): ReportKind | null {
  return typeof type === 'string' && Object.hasOwn(KIND_OF_TYPE, type) ? (KIND_OF_TYPE[type] ?? null) : null;
}
