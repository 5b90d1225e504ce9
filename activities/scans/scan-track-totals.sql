-- The track totals of one range of rooms, one row each, as plain columns in the types of
-- document/history-contract.ts. A number that is no count (NULL, NaN, infinite, negative, a fraction) becomes
-- NULL. The range is half-open and ordered by (finalized_at, session_id). The bounds of the session id are
-- its first bytes in hexadecimal, so that any bytes can be sent. finalized_at is compared by itself as well,
-- because only that condition reaches the primary key. The view is read by a subquery that names columns and
-- nothing else, so that no further column of an operator's view can take the place of an alias, not even of
-- the table's.
SELECT
    t.finalized_at AS finalized_at,
    t.session_id AS session_id,
    t.peer_id AS peer_id,
    toLowCardinality(ifNull(toString(t.media), '')) AS media,
    toLowCardinality(ifNull(toString(t.direction), '')) AS direction,
    toUInt64(t.version) AS version,
    accurateCastOrNull(t.bytes, 'UInt64') AS bytes,
    accurateCastOrNull(t.packets, 'UInt64') AS packets,
    accurateCastOrNull(t.packets_lost, 'Int64') AS packets_lost,
    accurateCastOrNull(t.packets_arrived, 'UInt64') AS packets_arrived,
    accurateCastOrNull(t.active_ms, 'UInt64') AS active_ms,
    accurateCastOrNull(t.bitrate_sq_ms, 'UInt64') AS bitrate_sq_ms,
    accurateCastOrNull(t.jitter_us_sum, 'UInt64') AS jitter_us_sum,
    accurateCastOrNull(t.jitter_count, 'UInt64') AS jitter_count,
    accurateCastOrNull(t.jitter_us_max, 'UInt64') AS jitter_us_max,
    accurateCastOrNull(t.rtt_us_sum, 'UInt64') AS rtt_us_sum,
    accurateCastOrNull(t.rtt_count, 'UInt64') AS rtt_count,
    accurateCastOrNull(t.rtt_us_max, 'UInt64') AS rtt_us_max,
    accurateCastOrNull(t.pixel_ms, 'UInt64') AS pixel_ms,
    accurateCastOrNull(t.sized_ms, 'UInt64') AS sized_ms,
    accurateCastOrNull(t.frames, 'UInt64') AS frames,
    accurateCastOrNull(t.width_max, 'UInt64') AS width_max,
    accurateCastOrNull(t.height_max, 'UInt64') AS height_max,
    accurateCastOrNull(t.freezes, 'UInt64') AS freezes,
    toLowCardinality(ifNull(toString(t.codec), '')) AS codec
FROM
(
    SELECT
        finalized_at, session_id, peer_id, media, direction, version, bytes, packets, packets_lost,
        packets_arrived, active_ms, bitrate_sq_ms, jitter_us_sum, jitter_count, jitter_us_max, rtt_us_sum,
        rtt_count, rtt_us_max, pixel_ms, sized_ms, frames, width_max, height_max, freezes, codec
    FROM export_track_totals
    WHERE project_id = {project_id:String}
        AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), unhex({from_session:String}))
        AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), unhex({to_session:String}))
) AS t
