// Reads the fingerprints of many intervals in one pass, for audits. An interval whose fingerprint has not
// changed needs no further query. Each fingerprint equals what fingerprint-range.ts reads of the same
// interval.
import { z } from 'zod';
import type { Interval } from '../../workflows/model/interval.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import type { Fingerprint } from '../../workflows/model/plan.ts';
import { askViews, countRow, fingerprintOf } from './fingerprint-views.ts';
import type { ViewCount } from './fingerprint-views.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';

/** The slot of a row: its interval, counted from the first one. Intervals without rows return no slot. */
const SLOT = 'intDiv(toUnixTimestamp64Milli(finalized_at) - {from_ms:Int64}, {every_ms:Int64})';

const slotRow = countRow.extend({ slot: z.number().int() });

const NOTHING: ViewCount = { rows: 0, hash: '0' };

/** The intervals are in order and all of this length. Gaps of whole intervals between them are allowed. */
export interface FingerprintedIntervals {
  projectId: string;
  everySeconds: number;
  intervals: readonly Interval[];
}

/** The fingerprints, in the order of the intervals. */
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
    const query = `SELECT ${SLOT} AS slot, ${columns} ${source} GROUP BY slot`;
    const rows = await history.readRows({
      query,
      row: slotRow,
      signal,
      params: { ...params, every_ms: everyMs },
    });
    return new Map<number, ViewCount>(rows.map((row) => [row.slot, row]));
  });
  return intervals.map(({ startMs }) => {
    const slot = (startMs - first.startMs) / everyMs;
    return fingerprintOf(
      views.map(({ counts, answer }) => ({ counts, answer: answer.get(slot) ?? NOTHING })),
    );
  });
}
