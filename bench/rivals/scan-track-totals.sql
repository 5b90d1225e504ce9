-- Floor of every export: the columns of the track totals that the document needs, in the order of the view's
-- key.
SELECT finalized_at, session_id, peer_id, media, direction, version, bytes, packets_lost, packets_arrived, active_ms, bitrate_sq_ms,
    jitter_us_sum, jitter_count, rtt_us_sum, rtt_count, pixel_ms, sized_ms, frames
FROM export_track_totals
WHERE project_id = {project_id:String}
    AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY finalized_at, session_id, peer_id, media, direction
FORMAT ArrowStream
