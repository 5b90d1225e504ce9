-- Computes the track totals of finalised rooms from their ticks and writes the rows that are new or differ.
-- The rules that this follows stand in analyse.ts. One statement, so that a total is never made of half the
-- ticks; running it again writes nothing.
INSERT INTO track_totals
WITH
    fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS from_at,
    fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AS to_at,
    toUInt64(18446744073709551615) AS uint64_max,
    toInt64(9223372036854775807) AS int64_max,

    -- Sums are exact in 128 or 256 bits and cut to the column's range once, at the end.
    (x) -> toUInt64(least(x, uint64_max)) AS to_uint64,
    (x) -> toInt64(greatest(least(x, int64_max), -int64_max - 1)) AS to_int64,
    (x) -> toUInt32(least(x, 4294967295)) AS to_uint32,

    -- 1. The rooms asked for.
    chosen_rooms AS
    (
        SELECT session_id, finalized_at, version AS room_version
        FROM rooms FINAL
        WHERE project_id = {project_id:String} AND finalized_at >= from_at AND finalized_at < to_at
            AND (empty({session_ids:Array(String)}) OR session_id IN {session_ids:Array(String)})
    ),

    -- 2. Their ticks, each once. A tick covers the milliseconds [start_ms, end_ms).
    ticks AS
    (
        SELECT *, toUnixTimestamp64Milli(tick_end) AS end_ms, end_ms - tick_ms AS start_ms,
            if(tick_ms = 0, 0, intDiv(8 * toUInt256(bytes), greatest(tick_ms, 1))) AS kbps,
            toUInt32(width) * height AS area
        FROM media_samples FINAL
        WHERE project_id = {project_id:String} AND session_id IN (SELECT session_id FROM chosen_rooms)
            AND media IN ('audio', 'video') AND direction IN ('send', 'recv')
    ),

    -- 3. Summed for each codec, because the codec with most packets is wanted.
    codec_sums AS
    (
        SELECT session_id, peer_id, media, direction, codec,
            intervalLengthSumState(start_ms, end_ms) AS covered_state,
            sum(toUInt128(bytes)) AS codec_bytes,
            sum(toUInt128(packets)) AS codec_packets,
            sum(toInt128(packets_lost)) AS codec_packets_lost,
            sum(toUInt128(packets_arrived)) AS codec_packets_arrived,
            sum(kbps * kbps * tick_ms) AS codec_bitrate_sq_ms,
            sum(toUInt128(ifNull(jitter_us, 0))) AS codec_jitter_us_sum,
            count(jitter_us) AS codec_jitter_count,
            max(ifNull(jitter_us, 0)) AS codec_jitter_us_max,
            sum(toUInt128(rtt_us_sum)) AS codec_rtt_us_sum,
            sum(toUInt128(rtt_count)) AS codec_rtt_count,
            max(rtt_us_max) AS codec_rtt_us_max,
            sum(toUInt128(pixels) * tick_ms) AS codec_pixel_ms,
            sumIf(toUInt128(tick_ms), pixels > 0) AS codec_sized_ms,
            sumIf(toUInt128(frames), pixels > 0) AS codec_frames,
            maxIf((area, width, height), area > 0) AS codec_largest,
            sum(toUInt128(freezes)) AS codec_freezes
        FROM ticks
        GROUP BY session_id, peer_id, media, direction, codec
    ),

    -- 4. The totals, in the order of the table's columns.
    totals AS
    (
        SELECT session_id, peer_id, media, direction,
            to_uint64(sum(codec_bytes)) AS bytes,
            to_uint64(sum(codec_packets)) AS packets,
            to_int64(sum(codec_packets_lost)) AS packets_lost,
            to_uint64(sum(codec_packets_arrived)) AS packets_arrived,
            intervalLengthSumMerge(covered_state) AS active_ms,
            to_uint64(sum(codec_bitrate_sq_ms)) AS bitrate_sq_ms,
            to_uint64(sum(codec_jitter_us_sum)) AS jitter_us_sum,
            sum(codec_jitter_count) AS jitter_count,
            max(codec_jitter_us_max) AS jitter_us_max,
            to_uint64(sum(codec_rtt_us_sum)) AS rtt_us_sum,
            to_uint64(sum(codec_rtt_count)) AS rtt_count,
            max(codec_rtt_us_max) AS rtt_us_max,
            to_uint64(sum(codec_pixel_ms)) AS pixel_ms,
            to_uint64(sum(codec_sized_ms)) AS sized_ms,
            to_uint64(sum(codec_frames)) AS frames,
            max(codec_largest).2 AS width_max,
            max(codec_largest).3 AS height_max,
            to_uint32(sum(codec_freezes)) AS freezes,
            toString(argMin(codec, (codec = '', -toInt256(codec_packets), codec))) AS codec
        FROM codec_sums
        GROUP BY session_id, peer_id, media, direction
    ),

    -- 5. What the history holds of them.
    known_totals AS
    (
        SELECT *, toUInt8(1) AS is_known
        FROM track_totals FINAL
        WHERE project_id = {project_id:String} AND finalized_at >= from_at AND finalized_at < to_at
    )
SELECT
    {project_id:String} AS project_id, r.finalized_at, t.session_id, t.peer_id, t.media, t.direction,
    greatest(r.room_version, k.version + k.is_known) AS version,
    t.bytes, t.packets, t.packets_lost, t.packets_arrived, t.active_ms, t.bitrate_sq_ms, t.jitter_us_sum,
    t.jitter_count, t.jitter_us_max, t.rtt_us_sum, t.rtt_count, t.rtt_us_max, t.pixel_ms, t.sized_ms, t.frames,
    t.width_max, t.height_max, t.freezes, t.codec
FROM totals AS t
INNER JOIN chosen_rooms AS r ON r.session_id = t.session_id
LEFT JOIN known_totals AS k ON k.finalized_at = r.finalized_at AND k.session_id = t.session_id AND k.peer_id = t.peer_id
    AND k.media = t.media AND k.direction = t.direction
WHERE k.is_known = 0
    OR (
        t.bytes, t.packets, t.packets_lost, t.packets_arrived, t.active_ms, t.bitrate_sq_ms, t.jitter_us_sum,
        t.jitter_count, t.jitter_us_max, t.rtt_us_sum, t.rtt_count, t.rtt_us_max, t.pixel_ms, t.sized_ms, t.frames,
        t.width_max, t.height_max, t.freezes, t.codec
    ) != (
        k.bytes, k.packets, k.packets_lost, k.packets_arrived, k.active_ms, k.bitrate_sq_ms, k.jitter_us_sum,
        k.jitter_count, k.jitter_us_max, k.rtt_us_sum, k.rtt_count, k.rtt_us_max, k.pixel_ms, k.sized_ms, k.frames,
        k.width_max, k.height_max, k.freezes, k.codec
    )
