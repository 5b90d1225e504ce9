// A history whose views are an operator's: numbers of other types and some that are no counts, texts that may
// be NULL or are enumerated, rows that are there twice. Settings about nulls, casts, joins and duplicates
// have something to act on.
import type { ClickHouseClient } from '@clickhouse/client';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR } from '../export-bench.ts';

export const PROJECT = 'attacked';

/** One in seven rows is there a second time, with another version. */
const TWICE = 'ARRAY JOIN if(cityHash64(session_id) % 7 = 0, [0, 1], [0]) AS n';

const VIEWS: Readonly<Record<string, string>> = {
  rooms: `SELECT * EXCEPT n REPLACE (version + n AS version, if(session_id < '8', NULL, room_url) AS room_url) FROM rooms FINAL ${TWICE}`,
  peers: `SELECT * EXCEPT n REPLACE (
      version + n AS version,
      CAST(if(cityHash64(peer_id) % 5 = 0, nan, toFloat64(joins)), 'Float64') AS joins,
      CAST(if(cityHash64(peer_id) % 3 = 0, NULL, connected_ms), 'Nullable(Int64)') AS connected_ms,
      CAST(rating, 'Nullable(Float64)') AS rating,
      toLowCardinality(nullIf(toString(city), '')) AS city,
      CAST(nullIf(toString(os), ''), 'Nullable(String)') AS os,
      CAST(toString(media_transport), 'Enum8(\\'\\' = 0, \\'udp\\' = 1, \\'tcp\\' = 2, \\'tls\\' = 3)') AS media_transport,
      CAST(keys, 'Map(LowCardinality(String), Array(String))') AS keys,
      joined_at::DateTime64(3, 'Asia/Tokyo') AS joined_at
    ) FROM peers FINAL ${TWICE}`,
  track_totals: `SELECT * EXCEPT n REPLACE (
      version + n AS version,
      CAST(if(cityHash64(peer_id) % 4 = 0, NULL, toFloat64(jitter_us_sum)), 'Nullable(Float64)') AS jitter_us_sum,
      CAST(if(cityHash64(peer_id) % 9 = 0, -1, toInt64(bytes)), 'Int64') AS bytes,
      CAST(toString(media), 'Enum8(\\'audio\\' = 1, \\'video\\' = 2)') AS media,
      CAST(nullIf(toString(codec), ''), 'Nullable(String)') AS codec
    ) FROM track_totals FINAL ${TWICE}`,
};

/** Makes the rooms of one hour; as many more of other projects are not to be seen in its file. */
export async function makeAttackedHistory(connection: ClickHouseClient, rooms: number): Promise<void> {
  const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
  await makeHistory(connection, { rooms, seed: 3, projectId: PROJECT, ...span });
  await makeHistory(connection, { rooms: 50, seed: 5, projectId: 'another', ...span });
  for (const [table, query] of Object.entries(VIEWS))
    await connection.command({ query: `CREATE OR REPLACE VIEW export_${table} AS ${query}` });
}
