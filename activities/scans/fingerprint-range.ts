// Reads the fingerprint of a range of rooms. The plan keeps it and the check compares it. Both use the same
// statements, so that fingerprints differ only when the history differs.
import type { Fingerprint } from '../../workflows/model/plan.ts';
import { askViews, countRow, fingerprintOf } from './fingerprint-views.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import type { RoomsRange } from './scan-statements.ts';

export async function fingerprintRange(
  history: HistoryReader,
  range: RoomsRange,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const views = await askViews(range, async ({ columns, source, params }) => {
    const query = `SELECT ${columns} ${source}`;
    const [row] = await history.readRows({ query, params, row: countRow, signal });
    if (row === undefined) throw new RangeError('the fingerprint query returned no row');
    return row;
  });
  return fingerprintOf(views);
}
