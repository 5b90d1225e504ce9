// Reads the fingerprints of many intervals in one pass, for audits: where nothing has changed, nothing else
// is asked. Each is what fingerprint-range.ts reads of the same interval.
import { z } from 'zod';
import type { Interval } from '../../workflows/model/interval.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import type { Fingerprint } from '../../workflows/model/plan.ts';
import { askViews, countRow, fingerprintOf } from './fingerprint-views.ts';
import type { ViewCount } from './fingerprint-views.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';

/** Which of the intervals, counted from the first; those without rows have none. */
const PLACE = 'intDiv(toUnixTimestamp64Milli(finalized_at) - {from_ms:Int64}, {every_ms:Int64})';

const placedRow = countRow.extend({ place: z.number().int() });

const NOTHING: ViewCount = { rows: 0, hash: '0' };

/** The intervals are in order and of this length; there may be gaps of whole intervals between them. */
export interface FingerprintedIntervals {
  projectId: string;
  everySeconds: number;
  intervals: readonly Interval[];
}

/** In the order of the intervals. */
export async function fingerprintIntervals(
  history: HistoryReader,
  { projectId, everySeconds, intervals }: FingerprintedIntervals,
  signal: AbortSignal,
): Promise<Fingerprint[]> {
  const [first, last] = [intervals[0], intervals.at(-1)];
  if (first === undefined || last === undefined) return [];
  const everyMs = everySeconds * 1000;
  const range = { projectId, ...rangeOf({ startMs: first.startMs, endMs: last.endMs }) };
  const views = await askViews(range, async ({ columns, source, params }) => {
    const query = `SELECT ${PLACE} AS place, ${columns} ${source} GROUP BY place`;
    const rows = await history.readRows({
      query,
      row: placedRow,
      signal,
      params: { ...params, every_ms: everyMs },
    });
    return new Map<number, ViewCount>(rows.map((row) => [row.place, row]));
  });
  return intervals.map(({ startMs }) => {
    const place = (startMs - first.startMs) / everyMs;
    return fingerprintOf(
      views.map(({ counts, answer }) => ({ counts, answer: answer.get(place) ?? NOTHING })),
    );
  });
}
