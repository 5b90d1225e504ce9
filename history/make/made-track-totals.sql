-- The track totals of the made-up peers. Bytes follow from a whole bitrate, squares from its spread, packets
-- from bytes, losses from packets, so that what holds between the sums of a real call holds here: no mean
-- above its maximum, no size seen longer than the track ran.
WITH
    (what, below) -> cityHash64({seed:UInt64}, number, place, track, what) % below AS dice,
    (what, low, high) -> toUInt64(low) + dice(what, toUInt64(high - low)) AS between,
    (x, share) -> intDiv(x * share, 1000) AS per_mille,

    media = 'video' AS is_video,
    direction = 'send' AS is_send,
    per_mille(connected_ms, if(dice('all', 3) = 0, between('share', 400, 1000), 1000)) AS ran_ms,
    -- One reading in ten seconds; a track shorter than one tick still has its last.
    if(ran_ms = 0, 0, 1 + intDiv(ran_ms, 10000)) AS ticks,

    -- What the track carried.
    [(320, 180, 150, 15), (640, 360, 500, 24), (640, 360, 700, 30), (960, 540, 900, 30), (1280, 720, 1500, 30), (1280, 720, 2200, 30), (1920, 1080, 3000, 30)][1 + dice('size', 7)] AS picture,
    is_silent OR dice('mute', 25) = 0 AS is_mute,
    toUInt64(multiIf(is_mute, 0, is_video, per_mille(picture.3, between('rate', 500, 1300)), between('rate', 16, 64))) AS kbps,
    intDiv(kbps * ran_ms, 8) AS payload,
    kbps * kbps * ran_ms AS square_ms,
    if(dice('steady', 4) = 0, between('spread', 300, 1600), between('spread', 20, 300)) AS spread_per_mille,
    toUInt64(if(is_mute, 0, if(is_video, intDiv(payload, 1050) + 1, intDiv(ran_ms, 20) + 1))) AS sent,

    -- What became of it. Rarely nothing arrives; now and then the far end sends no report; late packets make
    -- a small total negative.
    toUInt64(multiIf(is_lossy, between('bad', 10, 250), dice('any', 3) = 0, between('good', 1, 15), 0)) AS loss_per_mille,
    toInt64(if(dice('late', 60) = 0, 0 - toInt64(dice('early', 4)), per_mille(sent, loss_per_mille))) AS lost,
    is_send AND dice('report', 12) = 0 AS is_unreported,
    dice('blackout', 300) = 0 AS is_lost_whole,

    toUInt64(if(is_mute OR dice('jitter', 30) = 0, 0, ticks)) AS jitter_readings,
    if(is_lossy, between('jitter_bad', 8000, 160000), between('jitter_us', 400, 20000)) AS jitter_mean_us,
    toUInt64(if(is_send AND NOT is_unreported AND NOT is_mute, ticks * 2, 0)) AS rtt_readings,
    if(is_lossy, between('rtt_bad', 90000, 1100000), between('rtt_us', 8000, 220000)) AS rtt_mean_us,

    if(is_video AND NOT is_mute AND dice('unsized', 20) > 0, per_mille(ran_ms, between('seen', 850, 1001)), 0) AS seen_ms
SELECT
    project_id, finalized_at, session_id, peer_id, media, direction, version,
    payload AS bytes,
    if(NOT is_send AND is_lost_whole, 0, toUInt64(if(is_send, sent, greatest(toInt64(sent) - lost, 0)))) AS packets,
    multiIf(is_unreported, 0, is_lost_whole, toInt64(sent), lost) AS packets_lost,
    multiIf(is_unreported, 0, is_lost_whole, 0, toUInt64(greatest(toInt64(sent) - lost, 0))) AS packets_arrived,
    ran_ms AS active_ms,
    -- The mean of squares is the square of the mean and that of the spread; divided first, so that the
    -- products stay in 64 bits.
    square_ms + intDiv(intDiv(square_ms, 1000) * spread_per_mille * spread_per_mille, 1000) AS bitrate_sq_ms,
    jitter_readings * jitter_mean_us AS jitter_us_sum,
    jitter_readings AS jitter_count,
    toUInt32(if(jitter_readings = 0, 0, jitter_mean_us + dice('jitter_peak', 90000))) AS jitter_us_max,
    rtt_readings * rtt_mean_us AS rtt_us_sum,
    rtt_readings AS rtt_count,
    toUInt32(if(rtt_readings = 0, 0, rtt_mean_us + dice('rtt_peak', 400000))) AS rtt_us_max,
    seen_ms * per_mille(toUInt64(picture.1) * picture.2, between('area', 600, 1001)) AS pixel_ms,
    seen_ms AS sized_ms,
    intDiv(seen_ms * picture.4 * between('pace', 600, 1001), 1000000) AS frames,
    toUInt16(if(seen_ms = 0, 0, picture.1)) AS width_max,
    toUInt16(if(seen_ms = 0, 0, picture.2)) AS height_max,
    toUInt32(if(seen_ms > 0 AND NOT is_send AND is_lossy, dice('freezes', 30), 0)) AS freezes,
    multiIf(is_mute AND dice('unnamed', 2) = 0, '', is_video, ['VP8', 'VP8', 'H264', 'VP9', 'AV1'][1 + dice('codec', 5)], 'opus') AS codec
FROM made_peers
ARRAY JOIN
    [1, 2, 3, 4] AS track,
    ['audio', 'audio', 'video', 'video'] AS media,
    ['send', 'recv', 'send', 'recv'] AS direction
WHERE NOT is_unmeasured AND (media = 'audio' OR has_video)
    -- Who only listens sends nothing; not everybody has his camera on.
    AND (direction = 'recv' OR cityHash64({seed:UInt64}, number, place, media, 'sends') % if(media = 'audio', 20, 4) > 0)
