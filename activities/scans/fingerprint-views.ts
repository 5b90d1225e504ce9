// What a fingerprint counts and hashes of each view, once for single ranges and for many intervals. Two
// readings with the same answer saw the same rows, because whatever changes in a finalised room raises the
// version of the rows changed. Each view is asked by a statement of its own, all at once: ClickHouse takes
// longer to plan them than to run them, and plans one on one processor.
import { z } from 'zod';
import { sumFingerprints } from '../../workflows/model/plan.ts';
import type { Fingerprint, RoomRange } from '../../workflows/model/plan.ts';
import type { RoomsRange } from './scan-statements.ts';

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

/**
 * What a view answers: how many rows, and the wrapping sum of their hashes, unsigned 64 bit in decimal
 * digits.
 */
export const countRow = z.object({ rows: z.number().int(), hash: z.string().regex(/^\d{1,20}$/) });

export type ViewCount = z.infer<typeof countRow>;

/** The parts of a statement that asks one view; its parameters are the range's. */
export interface ViewStatement {
  /** The columns of `countRow`. */
  columns: string;
  /** From where, and which rows. */
  source: string;
  params: Record<string, unknown>;
}

export interface ViewAnswer<Answer> {
  counts: FingerprintedView['counts'];
  answer: Answer;
}

/** Asks every view for the rows of a range, all at once. */
export function askViews<Answer>(
  range: RoomsRange,
  ask: (statement: ViewStatement) => Promise<Answer>,
): Promise<ViewAnswer<Answer>[]> {
  const where = `project_id = {project_id:String} AND ${conditionOf(range)}`;
  const params = {
    project_id: range.projectId,
    from_ms: range.from.finalizedAtMs,
    from_session: range.from.sessionHex,
    to_ms: range.to.finalizedAtMs,
    to_session: range.to.sessionHex,
  };
  const askOne = async ({ counts, name, rows, keys }: FingerprintedView) => {
    const hashed = `'${counts}', toUnixTimestamp64Milli(finalized_at), ${keys}, version`;
    const columns = `${rows} AS rows, toString(sumWithOverflow(cityHash64(${hashed}))) AS hash`;
    // The view is read by a subquery that names columns and nothing else: no further column of it can take
    // the place of an alias.
    const source = `FROM (SELECT finalized_at, version, ${keys} FROM ${name} WHERE ${where})`;
    return { counts, answer: await ask({ columns, source, params }) };
  };
  return Promise.all(VIEWS.map(askOne));
}

/**
 * finalized_at is compared by itself: only that reaches the primary key. Where a bound lies between
 * milliseconds, that is all.
 */
function conditionOf({ from, to }: RoomRange): string {
  const fromAt = "fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')";
  const toAt = "fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')";
  const room = '(finalized_at, session_id)';
  const first = from.sessionHex === '' ? '' : ` AND ${room} >= (${fromAt}, unhex({from_session:String}))`;
  const last =
    to.sessionHex === ''
      ? `finalized_at < ${toAt}`
      : `finalized_at <= ${toAt} AND ${room} < (${toAt}, unhex({to_session:String}))`;
  return `finalized_at >= ${fromAt}${first} AND ${last}`;
}

/** The fingerprint of what the views hold. */
export function fingerprintOf(views: readonly ViewAnswer<ViewCount>[]): Fingerprint {
  const nothing = { rooms: 0, peers: 0, totals: 0 };
  return sumFingerprints(
    views.map(({ counts, answer: { rows, hash } }) => ({ ...nothing, [counts]: rows, hash })),
  );
}
