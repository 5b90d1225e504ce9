// Cuts an interval into ranges of rooms of about one batch each. The ranges cover the whole interval, so that
// a room that arrives late belongs to one of them. Sizes are estimates. The buffer's bound is enforced when
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
 * The bytes of a room and of a peer without the texts of the history (names, devices, keys). Measured on
 * exported files.
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
  /** Target size of a range in bytes of raw JSON. */
  rangeBytes: number;
  /**
   * Real size divided by estimated size, learnt from an earlier plan of the same interval. It is 1 when
   * nothing was learnt.
   */
  bytesScale: number;
}

/**
 * An interval is cut once its counts, times this factor, exceed the size of a range. The factor leaves room
 * for long texts in the history.
 */
const TEXT_HEAD_ROOM = 10;

/**
 * Whether the counts alone prove that the interval is one range. Most intervals are far smaller than a range.
 * For them the statement that cuts is skipped, because its planning by ClickHouse is a third of a short run.
 * When long texts prove this wrong, the batch outgrows its buffer and the next plan measures them.
 */
export function isSurelyOneRange({ rooms, peers }: Fingerprint, cut: RangesToCut): boolean {
  const bytes = rooms * BYTES_PER_ROOM[cut.fields] + peers * BYTES_PER_PEER[cut.fields];
  return bytes * TEXT_HEAD_ROOM <= cut.rangeBytes;
}

/** Half-open ranges from the interval's start to its end. There is at least one, even without rooms. */
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
  // A small remainder is added to the range before it: its own part would be shorter than a store allows.
  if (rows.length > 1 && last !== undefined && last.range_bytes * bytesScale < rangeBytes / 2) rows.pop();
  const inner: RoomBound[] = rows
    .slice(1)
    .map((row) => ({ finalizedAtMs: row.first_finalized_at_ms, sessionHex: row.first_session }));
  const whole = rangeOf(interval);
  const bounds = [whole.from, ...inner.filter(isNew), whole.to];
  const ranges = bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? to, to }));
  // Ranges out of order would overlap and export a room twice. They mean that the answer was damaged in
  // transit.
  if (!ranges.every(({ from, to }) => isBefore(from, to)))
    throw new DamagedAnswerError('the ranges of the plan are not in order');
  return ranges;
}

/** Rooms whose ids begin with the same bytes stay in one range. */
function isNew(bound: RoomBound, index: number, bounds: readonly RoomBound[]): boolean {
  const before = bounds[index - 1];
  return before?.finalizedAtMs !== bound.finalizedAtMs || before.sessionHex !== bound.sessionHex;
}

/** The order of the file. Hexadecimal digits of one case sort like the bytes they stand for. */
function isBefore(a: RoomBound, b: RoomBound): boolean {
  if (a.finalizedAtMs !== b.finalizedAtMs) return a.finalizedAtMs < b.finalizedAtMs;
  return a.sessionHex < b.sessionHex;
}
