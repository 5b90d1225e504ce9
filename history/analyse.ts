// Computes track totals of finalised rooms from their ticks, in ClickHouse, by one statement (analyse.sql).
// The export never calls it: whoever finalises rooms does, and importers. The rules, for one (session, peer,
// media, direction), all exact in integers:
// - Ticks: rows of media_samples with media audio or video and direction send or recv, whatever the peer; of
//   rows with the same project, session, peer, connection, media, direction and tick_end only the one
//   delivered last counts. A tick covers [tick_end − tick_ms, tick_end). Ticks of different connections are
//   different ticks, also at the same time.
// - active_ms: the length of the union of these intervals, so a millisecond counts once however many
//   connections cover it.
// - bytes, packets, packets_lost, packets_arrived, rtt_us_sum, rtt_count, freezes: sums over the ticks.
//   packets_lost keeps its sign.
// - bitrate_sq_ms: Σ kbps²·tick_ms with kbps = floor(8·bytes / tick_ms) of each tick; a tick of no length
//   adds nothing.
// - jitter_us_sum, jitter_count: over the ticks whose jitter_us is not null. *_us_max: the largest, 0 when
//   there is none.
// - pixel_ms: Σ pixels·tick_ms; sized_ms: Σ tick_ms, frames: Σ frames, both over the ticks with pixels > 0.
// - width_max, height_max: of the tick with the largest width·height, of several the widest; 0 and 0 when no
//   tick has both sides.
// - codec: of those named, the one whose ticks have most packets, of several the first in byte order; empty
//   only if none is named.
// - A sum beyond its column's range becomes the nearest value of the range, once, after summing; kbps has no
//   limit of its own.
// - Writing: a row that the history does not hold, or holds with another value. Its version is the larger of
//   the room's version and the held row's version + 1. A held row stays when no tick stands behind it: totals
//   may have been brought in without ticks.
import { readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import { splitStatements } from './split-statements.ts';

export interface AnalyseRange {
  projectId: string;
  /** Rooms finalised at or after this time and before the next. */
  finalizedFromMs: number;
  finalizedToMs: number;
  /**
   * Only these rooms of the range; all if not given. They travel with the statement: some thousands at most.
   */
  sessionIds?: readonly string[];
}

export interface AnalyseResult {
  /** Rows of track_totals that were new or differed. */
  totalsWritten: number;
}

/**
 * Brings the totals up to date. Safe to run again and by several at once: they write the same rows. Rejects
 * with the client's error.
 */
export async function analyse(connection: ClickHouseClient, range: AnalyseRange): Promise<AnalyseResult> {
  const { projectId, finalizedFromMs, finalizedToMs, sessionIds } = range;
  if (sessionIds?.length === 0) return { totalsWritten: 0 };
  const { summary } = await connection.command({
    query: readAnalyseStatement(),
    query_params: {
      project_id: projectId,
      from_ms: finalizedFromMs,
      to_ms: finalizedToMs,
      session_ids: sessionIds ?? [],
    },
    clickhouse_settings: {
      // Ticks lie in the order of their rooms and peers: a peer's state is let go when the next one begins.
      optimize_aggregation_in_order: 1,
      // A row's time never changes, so neither does its partition.
      do_not_merge_across_partitions_select_final: 1,
      join_use_nulls: 0,
      // Compiled, least and greatest of a 128-bit and a 64-bit number give wrong values (found on 26.7): 2
      // became -2^63.
      compile_expressions: 0,
      // Makes the summary the last word on what was written, and errors arrive as errors.
      wait_end_of_query: 1,
    },
  });
  return { totalsWritten: Number(summary?.written_rows ?? 0) };
}

function readAnalyseStatement(): string {
  const [statement, ...more] = splitStatements(readFileSync(new URL('analyse.sql', import.meta.url), 'utf8'));
  if (statement === undefined || more.length > 0) throw new Error('analyse.sql holds one statement');
  return statement;
}
