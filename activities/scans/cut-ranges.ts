// Cuts an interval into ranges of rooms of about one batch each. The ranges tile the whole interval, so that
// a room that turns up late falls into one of them; sizes are estimates, the buffer's bound is checked where
// the bytes arrive.
import { z } from 'zod';
import type { Interval } from '../../workflows/model/interval.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import type { Fingerprint, RoomBound, RoomRange } from '../../workflows/model/plan.ts';
import type { FieldSet } from '../../workflows/model/stream.ts';
import { DamagedAnswerError } from '../../clickhouse/history-errors.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';

const CUT_RANGES = readStatement(new URL('cut-ranges.sql', import.meta.url));

/**
 * Measured on exported files: what a room and a peer take without the text of the history (names, devices,
 * keys).
 */
const BYTES_PER_ROOM = { standard: 650, extended: 800 } as const;
const BYTES_PER_PEER = { standard: 800, extended: 1_400 } as const;

const cutRow = z.object({
  first_finalized_at_ms: z.number().int(),
  first_session: z.string().regex(/^([0-9A-F]{2})*$/),
  range_bytes: z.number(),
});

export interface RangesToCut {
  projectId: string;
  interval: Interval;
  fields: FieldSet;
  /** Wanted size of a range in bytes of raw JSON. */
  rangeBytes: number;
  /**
   * Real over estimated size, learnt from an earlier plan of the same interval; 1 when nothing was learnt.
   */
  bytesScale: number;
}

/**
 * So many times what its counts make of it an interval may take in bytes before it is cut: the history's
 * texts can be long.
 */
const TEXT_HEAD_ROOM = 10;

/**
 * Most intervals are far from being cut, as the rooms and peers of their fingerprint say, and the statement
 * that cuts is one of three whose planning by ClickHouse makes up a short run. Where long texts prove it
 * wrong, the batch outgrows its buffer, and the next plan looks at them.
 */
export function isSurelyOneRange({ rooms, peers }: Fingerprint, cut: RangesToCut): boolean {
  const bytes = rooms * BYTES_PER_ROOM[cut.fields] + peers * BYTES_PER_PEER[cut.fields];
  return bytes * TEXT_HEAD_ROOM <= cut.rangeBytes;
}

/** Half-open ranges from the interval's start to its end, at least one, also when there are no rooms. */
export async function cutRanges(
  history: HistoryReader,
  cut: RangesToCut,
  signal: AbortSignal,
): Promise<RoomRange[]> {
  const { projectId, interval, fields, rangeBytes, bytesScale } = cut;
  const rows = await history.readRows({
    query: CUT_RANGES,
    params: {
      project_id: projectId,
      from_ms: interval.startMs,
      to_ms: interval.endMs,
      bytes_per_room: BYTES_PER_ROOM[fields],
      bytes_per_peer: BYTES_PER_PEER[fields],
      range_bytes: Math.max(1, Math.round(rangeBytes / bytesScale)),
    },
    row: cutRow,
    signal,
  });
  const last = rows.at(-1);
  // A small remainder joins the range before it: a part of its own would be shorter than a store allows.
  if (rows.length > 1 && last !== undefined && last.range_bytes * bytesScale < rangeBytes / 2) rows.pop();
  const inner: RoomBound[] = rows
    .slice(1)
    .map((row) => ({ finalizedAtMs: row.first_finalized_at_ms, sessionHex: row.first_session }));
  const whole = rangeOf(interval);
  const bounds = [whole.from, ...inner.filter(isNew), whole.to];
  const ranges = bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? to, to }));
  // Out of order, ranges would overlap and a room would be exported twice: an answer that was damaged on its
  // way.
  if (!ranges.every(({ from, to }) => isBefore(from, to)))
    throw new DamagedAnswerError('the ranges of the plan are not in order');
  return ranges;
}

/** Rooms whose ids begin with the same bytes are not parted. */
function isNew(bound: RoomBound, index: number, bounds: readonly RoomBound[]): boolean {
  const before = bounds[index - 1];
  return before?.finalizedAtMs !== bound.finalizedAtMs || before.sessionHex !== bound.sessionHex;
}

/** In the order of the file: hexadecimal digits of one case are ordered as the bytes are. */
function isBefore(a: RoomBound, b: RoomBound): boolean {
  if (a.finalizedAtMs !== b.finalizedAtMs) return a.finalizedAtMs < b.finalizedAtMs;
  return a.sessionHex < b.sessionHex;
}
