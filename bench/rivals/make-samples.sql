-- The raw ticks behind the track totals of the made-up rooms: {ticks} ticks for each total, whose sums are
-- the total's. What a total says of its readings is said by every tick; the bitrate goes up and down from
-- tick to tick by as much as the total's squares tell.
INSERT INTO {samples_database:Identifier}.media_samples
    (project_id, session_id, peer_id, connection_id, media, direction, codec, tick_end, tick_ms, bytes, packets, packets_lost,
    packets_arrived, jitter_us, rtt_us_sum, rtt_count, rtt_us_max, pixels, frames, width, height, freezes, delivered_at)
WITH
    -- The share of a sum that falls to this tick, so that all shares add up to it.
    (sum) -> intDiv(sum * (tick + 1), {ticks:Int64}) - intDiv(sum * tick, {ticks:Int64}) AS share,
    8 * total.bytes / total.active_ms AS bitrate,
    least(sqrt(greatest(total.bitrate_sq_ms / total.active_ms / (bitrate * bitrate) - 1, 0)), 0.99) AS variation,
    -- A tick takes from its neighbour what the next one gives back.
    share(toInt64(total.bytes)) AS even_bytes,
    toInt64(even_bytes * ifNotFinite(variation, 0)) * if(tick % 2 = 0, 1, -1) AS more_bytes,

    -- A total counts frames while the picture's size is known; here it is known in every tick.
    intDiv(toInt64(total.frames * total.active_ms), toInt64(greatest(total.sized_ms, 1))) AS all_frames
SELECT
    total.project_id, total.session_id, total.peer_id, 'one' AS connection_id, total.media, total.direction, total.codec,
    total.joined_at + toIntervalMillisecond(intDiv(toInt64(total.active_ms) * (tick + 1), {ticks:Int64})) AS tick_end,
    toUInt32(share(toInt64(total.active_ms))) AS tick_ms,
    toUInt64(greatest(even_bytes + more_bytes, 0)) AS bytes,
    toUInt64(share(toInt64(total.packets))) AS packets,
    share(total.packets_lost) AS packets_lost,
    toUInt64(share(toInt64(total.packets_arrived))) AS packets_arrived,
    if(total.jitter_count = 0, NULL, toUInt32(intDiv(total.jitter_us_sum, greatest(total.jitter_count, 1)))) AS jitter_us,
    toUInt64(if(total.rtt_count = 0, 0, intDiv(total.rtt_us_sum, greatest(total.rtt_count, 1)))) AS rtt_us_sum,
    toUInt32(total.rtt_count > 0) AS rtt_count,
    total.rtt_us_max,
    toUInt32(if(total.sized_ms = 0, 0, intDiv(total.pixel_ms, greatest(total.sized_ms, 1)))) AS pixels,
    toUInt32(if(total.sized_ms = 0, 0, share(all_frames))) AS frames,
    total.width_max AS width, total.height_max AS height,
    toUInt32(share(toInt64(total.freezes))) AS freezes,
    tick_end AS delivered_at
FROM (
    SELECT t.*, p.joined_at AS joined_at
    FROM export_track_totals AS t
    INNER JOIN export_peers AS p USING (finalized_at, session_id, peer_id)
    WHERE t.project_id = {project_id:String}
        AND t.finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND t.finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
) AS total
ARRAY JOIN range({ticks:Int64}) AS tick
