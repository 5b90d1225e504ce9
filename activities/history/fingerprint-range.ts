// Reads the fingerprint of a range of rooms: the plan keeps it, the check compares it. The same statements for both, so that they can
// differ only when the history does.
import { z } from 'zod';
import { type Fingerprint } from '../../workflows/model/plan.ts';
import { askViews, fingerprintOf } from './fingerprint-views.ts';
import { type HistoryReader } from './history-reader.ts';
import { type RoomsRange } from './rooms-query.ts';

const countRow = z.object({ rows: z.number().int(), hash: z.string().regex(/^\d{1,20}$/) });

export async function fingerprintRange(
  history: HistoryReader,
  range: RoomsRange,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const params = {
    project_id: range.projectId,
    from_ms: range.from.finalizedAtMs,
    from_session_id: range.from.sessionId,
    to_ms: range.to.finalizedAtMs,
    to_session_id: range.to.sessionId,
  };
  const where = `project_id = {project_id:String} AND ${conditionOf(range)}`;
  const views = await askViews(async (select, from) => {
    const query = `SELECT ${select} FROM ${from} WHERE ${where}`;
    const [row] = await history.readRows({ query, params, row: countRow, signal });
    if (row === undefined) throw new RangeError('the fingerprint query returned no row');
    return row;
  });
  return fingerprintOf(views);
}

/** finalized_at is compared by itself: only that reaches the primary key. Where a bound lies between milliseconds, that is all. */
function conditionOf({ from, to }: RoomsRange): string {
  const fromAt = "fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')";
  const toAt = "fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')";
  const room = '(finalized_at, session_id)';
  const first = from.sessionId === '' ? '' : ` AND ${room} >= (${fromAt}, {from_session_id:String})`;
  const last =
    to.sessionId === ''
      ? `finalized_at < ${toAt}`
      : `finalized_at <= ${toAt} AND ${room} < (${toAt}, {to_session_id:String})`;
  return `finalized_at >= ${fromAt}${first} AND ${last}`;
}
