// Defines what a fingerprint counts and hashes in each view, for single ranges and for many intervals. Two
// equal fingerprints mean the same rows, because every change in a finalised room raises the version of the
// changed rows. Each view has its own statement, and all are sent at once. ClickHouse takes longer to plan
// them than to run them, and plans each on one processor.
import { z } from 'zod';
import { sumFingerprints } from '../../workflows/model/plan.ts';
import type { Fingerprint, RoomRange } from '../../workflows/model/plan.ts';
import type { RoomsRange } from './scan-statements.ts';

interface FingerprintedView {
  /** What the view adds to a fingerprint. It is also the first hashed word. */
  counts: 'rooms' | 'peers' | 'totals';
  name: string;
  rows: string;
  keys: string;
}

const VIEWS: readonly FingerprintedView[] = [
  // Several rows of one room count once, because they become one line of the file.
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
 * The answer of a view: the number of rows, and the wrapping sum of their hashes as unsigned 64-bit decimal
 * digits.
 */
export const countRow = z.object({ rows: z.number().int(), hash: z.string().regex(/^\d{1,20}$/) });

export type ViewCount = z.infer<typeof countRow>;

/** The parts of a statement that reads one view. Its parameters are those of the range. */
export interface ViewStatement {
  /** The columns of `countRow`. */
  columns: string;
  /** The FROM clause with its condition. */
  source: string;
  params: Record<string, unknown>;
}

export interface ViewAnswer<Answer> {
  counts: FingerprintedView['counts'];
  answer: Answer;
}

/** Queries every view for the rows of a range, all at once. */
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
    // The subquery reads only the columns it names, so that no further column of the view can replace an
    // alias.
    const source = `FROM (SELECT finalized_at, version, ${keys} FROM ${name} WHERE ${where})`;
    return { counts, answer: await ask({ columns, source, params }) };
  };
  return Promise.all(VIEWS.map(askOne));
}

/**
 * finalized_at is compared separately, because only that comparison uses the primary key. A bound without a
 * session id needs no other comparison.
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

export function fingerprintOf(views: readonly ViewAnswer<ViewCount>[]): Fingerprint {
  const nothing = { rooms: 0, peers: 0, totals: 0 };
  return sumFingerprints(
    views.map(({ counts, answer: { rows, hash } }) => ({ ...nothing, [counts]: rows, hash })),
  );
}
