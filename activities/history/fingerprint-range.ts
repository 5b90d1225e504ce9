// Reads the fingerprint of a range of rooms: the plan keeps it, the check compares it. One statement for both, so that they can
// differ only when the history does.
import { z } from 'zod';
import { type Fingerprint } from '../../workflows/model/plan.ts';
import { readStatement, type HistoryReader } from './history-reader.ts';
import { type RoomsRange } from './rooms-query.ts';

const FINGERPRINT_RANGE = readStatement('fingerprint-range');

const fingerprintRow = z.object({
  rooms: z.number().int(),
  peers: z.number().int(),
  totals: z.number().int(),
  hash: z.string().regex(/^\d{1,20}$/),
});

export async function fingerprintRange(
  history: HistoryReader,
  range: RoomsRange,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const [row] = await history.readRows({
    query: FINGERPRINT_RANGE,
    params: {
      project_id: range.projectId,
      from_ms: range.from.finalizedAtMs,
      from_session_id: range.from.sessionId,
      to_ms: range.to.finalizedAtMs,
      to_session_id: range.to.sessionId,
    },
    row: fingerprintRow,
    signal,
  });
  if (row === undefined) throw new RangeError('the fingerprint query returned no row');
  return row;
}
