// Reads the fingerprints of many intervals in one statement, for audits: where nothing has changed, nothing else is asked. Each is what
// fingerprint-range.ts reads of the same interval.
import { z } from 'zod';
import { type Interval } from '../../workflows/model/interval.ts';
import { type Fingerprint } from '../../workflows/model/plan.ts';
import { readStatement, type HistoryReader } from './history-reader.ts';

const FINGERPRINT_INTERVALS = readStatement('fingerprint-intervals');

const NOTHING: Fingerprint = { rooms: 0, peers: 0, totals: 0, hash: '0' };

const placedRow = z.object({
  place: z.number().int(),
  rooms: z.number().int(),
  peers: z.number().int(),
  totals: z.number().int(),
  hash: z.string().regex(/^\d{1,20}$/),
});

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
  const rows = await history.readRows({
    query: FINGERPRINT_INTERVALS,
    params: { project_id: projectId, from_ms: first.startMs, to_ms: last.endMs, every_ms: everyMs },
    row: placedRow,
    signal,
  });
  const byPlace = new Map(rows.map(({ place, ...fingerprint }) => [place, fingerprint]));
  return intervals.map(({ startMs }) => byPlace.get((startMs - first.startMs) / everyMs) ?? NOTHING);
}
