// What a fingerprint counts and hashes of each view, once for single ranges and for many intervals. Two readings with the same answer saw the
// same rows, because whatever changes in a finalised room raises the version of the rows changed. Each view is asked by a statement of its own,
// all at once: ClickHouse takes longer to plan them than to run them, and plans one on one processor.
import { sumFingerprints, type Fingerprint } from '../../workflows/model/plan.ts';

interface FingerprintedView {
  /** What it counts in a fingerprint, and the first word of what is hashed. */
  counts: 'rooms' | 'peers' | 'totals';
  name: string;
  rows: string;
  keys: string;
}

const VIEWS: readonly FingerprintedView[] = [
  // A room that has several rows is one line of the file.
  { counts: 'rooms', name: 'export_rooms', rows: 'uniqExact(finalized_at, session_id)', keys: 'session_id' },
  { counts: 'peers', name: 'export_peers', rows: 'count()', keys: 'session_id, peer_id' },
  {
    counts: 'totals',
    name: 'export_track_totals',
    rows: 'count()',
    keys: 'session_id, peer_id, media, direction',
  },
];

export interface ViewCount {
  rows: number;
  /** Unsigned 64 bit, decimal digits. */
  hash: string;
}

/** Asks every view at once for `rows` and `hash`; answers with what `read` made of each, beside what it counts. */
export function askViews<Answer>(
  read: (select: string, from: string) => Promise<Answer>,
): Promise<{ counts: FingerprintedView['counts']; answer: Answer }[]> {
  const ask = async ({ counts, name, rows, keys }: FingerprintedView) => {
    const hashed = `'${counts}', toUnixTimestamp64Milli(finalized_at), ${keys}, version`;
    const select = `${rows} AS rows, toString(sumWithOverflow(cityHash64(${hashed}))) AS hash`;
    return { counts, answer: await read(select, name) };
  };
  return Promise.all(VIEWS.map(ask));
}

/** The fingerprint of what the views hold; a view that is not named holds nothing. */
export function fingerprintOf(
  views: readonly { counts: FingerprintedView['counts']; answer: ViewCount }[],
): Fingerprint {
  const nothing = { rooms: 0, peers: 0, totals: 0 };
  return sumFingerprints(
    views.map(({ counts, answer: { rows, hash } }) => ({ ...nothing, [counts]: rows, hash })),
  );
}
