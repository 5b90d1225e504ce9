-- The rooms of one range, each as the finished line of the file. Reads the three views once, in the order of their keys, and writes
-- the JSON text itself, so that the order of the keys and the number of decimals stand here and nowhere else.
-- The formulas and what each number means: docs/measurements.md.
WITH
    -- Numbers. Quantities are computed in double precision and fixed once to millionths, an integer; all means are integer arithmetic,
    -- half-up. Divisors are guarded as well as tested, because the branch not taken is computed too.
    (x, y) -> if(y = 0, NULL, x / greatest(y, 1)) AS quotient,
    (x) -> if(x > 1e8, NULL, toInt64(floor(least(x, 1e8) * 1e6 + 0.5))) AS to_millionths,
    (total, n) -> if(n = 0, NULL, intDiv(2 * total + toInt64(n), 2 * toInt64(greatest(n, 1)))) AS mean,
    (a, b) -> coalesce(intDiv(a + b + 1, 2), a, b) AS mean_of_two,
    (x, low, high) -> least(greatest(x, low), high) AS clamp_to,
    (ms) -> intDiv(ms, 1000) + (ms % 1000 >= 500) AS to_seconds,

    -- Text.
    (x) -> if(x = '', 'null', toJSONString(x)) AS text_or_null,
    (m) -> ifNull(toString(intDiv(m + 500000, 1000000)), 'null') AS whole,
    (t) -> concat(toString(intDiv(t, 10)), '.', toString(t % 10)) AS tenths_text,
    (h) -> concat(toString(intDiv(h, 100)), '.', toString(intDiv(h, 10) % 10), toString(h % 10)) AS hundredths_text,
    (m) -> ifNull(tenths_text(intDiv(m + 50000, 100000)), 'null') AS one_decimal,
    (m) -> ifNull(hundredths_text(intDiv(m + 5000, 10000)), 'null') AS two_decimals,
    (name, texts) -> concat(toJSONString(name), ':', if(length(texts) = 1, toJSONString(texts[1]), toJSONString(texts))) AS key_json,
    (q) -> concat('"bitrate":', whole(q.bitrate), ',"packet_loss":', one_decimal(q.loss), ',"jitter":', whole(q.jitter)) AS basics_json,

    -- 1. The sums of each peer, one named tuple for each medium and direction; a direction that did not exist has zeros.
    (which) -> CAST((sumIf(bytes, which), sumIf(packets_lost, which), sumIf(packets_arrived, which), sumIf(active_ms, which), sumIf(bitrate_sq_ms, which),
            sumIf(jitter_us_sum, which), sumIf(jitter_count, which), sumIf(rtt_us_sum, which), sumIf(rtt_count, which),
            sumIf(pixel_ms, which), sumIf(sized_ms, which), sumIf(frames, which)),
        'Tuple(bytes UInt64, lost Int64, arrived UInt64, active_ms UInt64, bitrate_sq_ms UInt64, jitter_us_sum UInt64, jitter_count UInt64,
            rtt_us_sum UInt64, rtt_count UInt64, pixel_ms UInt64, sized_ms UInt64, frames UInt64)') AS sums_where,
    peer_sums AS
    (
        SELECT finalized_at, session_id, peer_id,
            sums_where(media = 'audio' AND direction = 'send') AS audio_send_sums,
            sums_where(media = 'audio' AND direction = 'recv') AS audio_recv_sums,
            sums_where(media = 'video' AND direction = 'send') AS video_send_sums,
            sums_where(media = 'video' AND direction = 'recv') AS video_recv_sums
        FROM export_track_totals
        WHERE project_id = {project_id:String}
            AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
            AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), {from_session:String})
            AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), {to_session:String})
        GROUP BY finalized_at, session_id, peer_id
    ),

    -- 2. What follows from the sums at once.
    (lost) -> toFloat64(greatest(lost, 0)) AS lost_at_least_zero,
    (lost, arrived) -> quotient(100 * lost, lost + toFloat64(arrived)) AS loss_percent,
    (t) -> CAST((quotient(8 * toFloat64(t.bytes), t.active_ms), quotient(toFloat64(t.bitrate_sq_ms), t.active_ms),
            loss_percent(lost_at_least_zero(t.lost), t.arrived),
            quotient(toFloat64(t.jitter_us_sum), t.jitter_count) / 1000, quotient(toFloat64(t.rtt_us_sum), t.rtt_count) / 1000,
            quotient(toFloat64(t.pixel_ms), t.sized_ms), quotient(1000 * toFloat64(t.frames), t.sized_ms)),
        'Tuple(bitrate Nullable(Float64), bitrate_sq Nullable(Float64), loss Nullable(Float64), jitter Nullable(Float64), rtt Nullable(Float64), pixels Nullable(Float64), fps Nullable(Float64))') AS measured,
    peer_measures AS
    (
        SELECT finalized_at, session_id, peer_id,
            measured(audio_send_sums) AS audio_send, measured(audio_recv_sums) AS audio_recv,
            measured(video_send_sums) AS video_send, measured(video_recv_sums) AS video_recv
        FROM peer_sums
    ),

    -- 3. Opinions: mos and score of each direction.
    (bitrate, sq) -> if(bitrate = 0, NULL, sqrt(greatest(sq / greatest(bitrate * bitrate, 1e-300) - 1, 0))) AS variation,
    (jitter, rtt) -> ifNull(rtt, 0) / 2 + 2 * ifNull(jitter, 0) + 20 AS delay_ms,
    (d) -> log2(greatest(d, 100) / 100) AS delay_octaves,
    (x) -> 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2) AS delay_impairment,
    (loss, d) -> clamp_to(93.2 - delay_impairment(delay_octaves(d)) - 95 * loss / (loss + 25.1), 0, 100) AS rating,
    (r) -> clamp_to(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5) AS mos_of_rating,
    (q) -> ifNull(q.bitrate > 0 AND q.pixels > 0 AND q.fps > 0, 0) AS has_picture,
    (bitrate, pixels, fps) -> clamp_to(0.56 * log(1000 * bitrate / pixels / fps) + 5.36, 1, 5) AS coding_mos,
    (coding, fps, d) -> clamp_to(coding - 1.9 * log(greatest(30, fps) / fps) - 0.002 * d, 1, 5) AS delivered_mos,
    (q, rtt) -> if(has_picture(q), delivered_mos(coding_mos(q.bitrate, q.pixels, q.fps), q.fps, delay_ms(q.jitter, rtt)), NULL) AS video_mos,
    (x, good, bad, most) -> most * ifNull(clamp_to((x - good) / (bad - good), 0, 1), 0) AS penalty,
    (q) -> if(isNull(q.loss), NULL, 10 - penalty(q.loss, 0.5, 10, 4) - penalty(q.jitter, 30, 150, 2) - penalty(q.rtt, 250, 1000, 2)
        - penalty(1 - q.bitrate / 40, 0, 1, 1) - penalty(variation(q.bitrate, q.bitrate_sq), 0.25, 1.25, 1)) AS audio_score,
    (q) -> if(isNull(q.loss), NULL, 10 - penalty(q.loss, 0.5, 10, 4) - penalty(q.jitter, 30, 150, 1) - penalty(q.rtt, 250, 1000, 1)
        - penalty(1 - q.bitrate / 1500, 0, 1, 2) - penalty(variation(q.bitrate, q.bitrate_sq), 0.25, 1.25, 1) - penalty(1 - q.pixels / 921600, 0, 1, 1)) AS video_score,
    peer_ratings AS
    (
        SELECT *, rating(audio_send.loss, delay_ms(audio_send.jitter, audio_send.rtt)) AS audio_send_rating,
             rating(audio_recv.loss, delay_ms(audio_recv.jitter, audio_send.rtt)) AS audio_recv_rating
        FROM peer_measures
    ),

    -- 4. Fixed to millionths.
    (q, mos, score, rtt) -> CAST((to_millionths(mos), to_millionths(score), to_millionths(q.bitrate), to_millionths(q.loss), to_millionths(q.jitter), to_millionths(rtt)),
        'Tuple(mos Nullable(Int64), score Nullable(Int64), bitrate Nullable(Int64), loss Nullable(Int64), jitter Nullable(Int64), rtt Nullable(Int64))') AS fixed,
    peer_directions AS
    (
        SELECT finalized_at, session_id, peer_id,
            fixed(audio_send, mos_of_rating(audio_send_rating), audio_score(audio_send), audio_send.rtt) AS audio_sent,
            fixed(audio_recv, mos_of_rating(audio_recv_rating), audio_score(audio_recv), NULL::Nullable(Float64)) AS audio_received,
            fixed(video_send, video_mos(video_send, video_send.rtt), video_score(video_send), video_send.rtt) AS video_sent,
            fixed(video_recv, video_mos(video_recv, video_send.rtt), video_score(video_recv), NULL::Nullable(Float64)) AS video_received
        FROM peer_ratings
    ),

    -- 5. Means over the directions of each peer.
    (a, b) -> CAST((mean_of_two(a.bitrate, b.bitrate), mean_of_two(a.loss, b.loss), mean_of_two(a.jitter, b.jitter)),
        'Tuple(bitrate Nullable(Int64), loss Nullable(Int64), jitter Nullable(Int64))') AS both_directions,
    (a, b, c, d) -> mean(ifNull(a, 0) + ifNull(b, 0) + ifNull(c, 0) + ifNull(d, 0), isNotNull(a) + isNotNull(b) + isNotNull(c) + isNotNull(d)) AS mean_of_four,
    peer_stats AS
    (
        SELECT *, both_directions(audio_sent, audio_received) AS audio_both, both_directions(video_sent, video_received) AS video_both,
            mean_of_two(audio_sent.mos, audio_received.mos) AS mos,
            mean_of_four(audio_sent.score, audio_received.score, video_sent.score, video_received.score) AS score
        FROM peer_directions
    ),

    -- 6. The peers.
    peers AS
    (
        SELECT finalized_at, session_id, peer_id, mos, score, call_setup_ms * 1000000 AS call_setup, audio_sent, audio_received, video_sent, video_received,
            joined_at, 
            concat('{"peer_id":', toJSONString(peer_id),
                ',"os":', text_or_null(os), ',"os_version":', text_or_null(os_version),
                ',"browser":', text_or_null(browser), ',"browser_version":', text_or_null(browser_version),
                ',"location":{"city":', text_or_null(city), ',"country":', text_or_null(country), ',"organization":', text_or_null(organization), '}',
                ',"sdk_version":', text_or_null(sdk_version),
                ',"start_time":', toJSONString(joined_at), ',"duration":', toString(to_seconds(connected_ms)),
                ',"keys":{', arrayStringConcat(arrayMap((name, texts) -> key_json(name, texts), mapKeys(sorted_keys), mapValues(sorted_keys)), ','), '}',
                ',"features":{"connection_type":', text_or_null(connection_type), ',"media_transport":', text_or_null(media_transport), '}',
                ',"stats":{"mos":', two_decimals(mos), ',"score":', one_decimal(score), ',"call_setup_time":', ifNull(toString(call_setup_ms), 'null'),
                ',"audio":{"send":{"mos":', two_decimals(audio_sent.mos), ',"score":', one_decimal(audio_sent.score), ',', basics_json(audio_sent), ',"rtt":', whole(audio_sent.rtt), '}',
                ',"recv":{"mos":', two_decimals(audio_received.mos), ',"score":', one_decimal(audio_received.score), ',', basics_json(audio_received), '},', basics_json(audio_both), '}',
                ',"video":{"send":{"mos":', two_decimals(video_sent.mos), ',', basics_json(video_sent), ',"rtt":', whole(video_sent.rtt), '}',
                ',"recv":{"mos":', two_decimals(video_received.mos), ',', basics_json(video_received), '},', basics_json(video_both), '}}',
                ',"audio_device":', text_or_null(audio_device), ',"video_device":', text_or_null(video_device), '}') AS peer_json
        FROM (SELECT *, mapSort(keys) AS sorted_keys FROM export_peers
        WHERE project_id = {project_id:String}
            AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
            AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), {from_session:String})
            AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), {to_session:String})) AS p
        LEFT JOIN peer_stats USING (finalized_at, session_id, peer_id)
    ),

    -- 7. Means over the peers of each room, and their texts.
    (q) -> mean(sum(q), count(q)) AS mean_over_peers,
    (d) -> CAST((mean_over_peers(d.bitrate), mean_over_peers(d.loss), mean_over_peers(d.jitter), mean_over_peers(d.rtt)),
        'Tuple(bitrate Nullable(Int64), loss Nullable(Int64), jitter Nullable(Int64), rtt Nullable(Int64))') AS direction_over_peers,
    peers_of_room AS
    (
        SELECT finalized_at, session_id, count() AS users,
            mean_over_peers(mos) AS room_mos, mean_over_peers(score) AS room_score, mean_over_peers(call_setup) AS room_call_setup,
            direction_over_peers(audio_sent) AS audio_send, direction_over_peers(audio_received) AS audio_recv,
            direction_over_peers(video_sent) AS video_send, direction_over_peers(video_received) AS video_recv,
            arrayStringConcat(arrayMap(peer -> peer.3, arraySort(groupArray((joined_at, peer_id, peer_json)))), ',') AS peers_json
        FROM peers GROUP BY finalized_at, session_id
    ),
    stats_of_room AS
    (
        SELECT *, both_directions(audio_send, audio_recv) AS audio, both_directions(video_send, video_recv) AS video
        FROM peers_of_room
    ),

    -- 8. The rooms.
    rooms AS
    (
        SELECT finalized_at, session_id,
            concat('{"room_url":', text_or_null(room_url), ',"room_id":', toJSONString(room_id),
                ',"start_time":', toJSONString(started_at), ',"end_time":', toJSONString(ended_at),
                ',"duration":', if(duration_ms < 0, 'null', toString(to_seconds(duration_ms))), ',"users":', toString(users),
                ',"stats":{"mos":', two_decimals(room_mos), ',"score":', one_decimal(room_score), ',"call_setup_time":', whole(room_call_setup),
                ',"audio":{"send":{', basics_json(audio_send), ',"rtt":', whole(audio_send.rtt), '},"recv":{', basics_json(audio_recv), '},', basics_json(audio), '}',
                ',"video":{"send":{', basics_json(video_send), ',"rtt":', whole(video_send.rtt), '},"recv":{', basics_json(video_recv), '},', basics_json(video), '}}',
                ',"peers":[', peers_json, ']}') AS room_json
        FROM (SELECT *, toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at) AS duration_ms FROM export_rooms
        WHERE project_id = {project_id:String}
            AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
            AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), {from_session:String})
            AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), {to_session:String})) AS r
        LEFT JOIN stats_of_room USING (finalized_at, session_id)
    )
SELECT concat(toValidUTF8(room_json), {separator:String})
FROM rooms ORDER BY finalized_at, session_id FORMAT TSVRaw
