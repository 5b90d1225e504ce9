-- The rooms of one range, each as the finished line of the file. Reads the three views once, in the order of their keys, and writes the
-- JSON text itself, so that the order of the keys and the number of decimals stand here and nowhere else. A line that ends in
-- `-- extended` is left out for `fields: standard` (rooms-query.ts). What each number means, and what becomes of rows that break the
-- contract: docs/measurements.md.
WITH
    -- The range. finalized_at is compared by itself as well: of the two conditions only this one reaches the primary key.
    fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS from_at,
    fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AS to_at,
    (at, session) -> at >= from_at AND at <= to_at
        AND (at, session) >= (from_at, {from_session:String}) AND (at, session) < (to_at, {to_session:String}) AS in_range,

    -- Faults: each is one bit, at the place of its code; where a column has the name of the code, the bit is `bad_` that name.
    ['room_twice', 'room_time', 'peer_twice', 'peer_time', 'peer_count', 'call_setup', 'rating', 'connection_type', 'media_transport',
        'key_twice', 'total_twice', 'total_kind', 'total_count', 'total_of_nobody', 'too_large', 'text'] AS fault_codes,
    0x0001 AS room_twice, 0x0002 AS room_time, 0x0004 AS peer_twice, 0x0008 AS peer_time, 0x0010 AS peer_count, 0x0020 AS bad_call_setup,
    0x0040 AS bad_rating, 0x0080 AS bad_connection_type, 0x0100 AS bad_media_transport, 0x0200 AS key_twice, 0x0400 AS total_twice,
    0x0800 AS total_kind, 0x1000 AS total_count, 0x2000 AS total_of_nobody, 0x4000 AS too_large, 0x8000 AS bad_text,

    -- Numbers. A count that is none (NULL, NaN, infinite, negative, broken) is null. Quantities are computed in double precision and
    -- fixed once to millionths, an integer; all means are integer arithmetic, half-up. Divisors are guarded as well as tested, because
    -- the branch not taken is computed too.
    100000000 AS quantity_max,
    (x) -> accurateCastOrNull(x, 'UInt64') AS as_count,
    (x, low, high) -> if(as_count(x) BETWEEN low AND high, as_count(x), NULL) AS count_within,
    (x, y) -> if(y = 0, NULL, x / greatest(y, 1)) AS quotient,
    (x) -> toInt64(floor(least(x, quantity_max) * 1e6 + 0.5)) AS to_millionths,
    (total, n) -> if(n = 0, NULL, intDiv(total + intDiv(toInt64(n), 2), toInt64(greatest(n, 1)))) AS mean,
    (a, b) -> coalesce(intDiv(a + b + 1, 2), a, b) AS mean_of_two,
    (x, low, high) -> least(greatest(x, low), high) AS clamp_to,
    (ms) -> intDiv(ms, 1000) + (ms % 1000 >= 500) AS to_seconds,

    -- Text. toValidUTF8 drops what follows a broken character at the very end of a text, so that it gets something to follow.
    (padded) -> substring(padded, 1, length(padded) - 3) AS without_padding,
    (x) -> without_padding(toValidUTF8(concat(x, '...'))) AS valid,
    (x) -> if(ifNull(x, '') = '', 'null', toJSONString(assumeNotNull(x))) AS text_or_null,
    (x, words) -> if(has(words, x), toJSONString(x), 'null') AS word_or_null,
    (n) -> ifNull(toString(n), 'null') AS integer,
    (m) -> integer(intDiv(m + 500000, 1000000)) AS whole,
    (m) -> ifNull(toDecimalString(toDecimal64(intDiv(m + 50000, 100000), 1) / 10, 1), 'null') AS one_decimal,
    (m) -> ifNull(toDecimalString(toDecimal64(intDiv(m + 5000, 10000), 2) / 100, 2), 'null') AS two_decimals,
    (q) -> concat('"bitrate":', whole(q.bitrate), ',"packet_loss":', one_decimal(q.loss), ',"jitter":', whole(q.jitter)) AS basics_json,

    -- 1. The totals, and what is wrong with them. Of several rows of one total the first holds. Round trips are those of who sends,
    -- pictures those of video.
    totals AS (
        SELECT finalized_at, session_id, peer_id, media, direction = 'send' AS is_send, media = 'video' AS is_video,
            media IN ('audio', 'video') AND direction IN ('send', 'recv') AS is_known,
            row_number() OVER (PARTITION BY finalized_at, session_id, peer_id, media, direction ORDER BY version DESC, cityHash64((
                t.bytes, t.packets_lost, t.packets_arrived, t.active_ms, t.bitrate_sq_ms, t.jitter_us_sum, t.jitter_count, t.rtt_us_sum,
                t.rtt_count, t.pixel_ms, t.sized_ms, t.frames))) = 1 AS holds,
            as_count(bytes) AS bytes, accurateCastOrNull(packets_lost, 'Int64') AS lost, as_count(packets_arrived) AS arrived,
            as_count(active_ms) AS active_ms, as_count(bitrate_sq_ms) AS bitrate_sq_ms,
            as_count(jitter_us_sum) AS jitter_us_sum, as_count(jitter_count) AS jitter_count,
            if(is_send, as_count(rtt_us_sum), 0) AS rtt_us_sum, if(is_send, as_count(rtt_count), 0) AS rtt_count,
            if(is_video, as_count(pixel_ms), 0) AS pixel_ms, if(is_video, as_count(sized_ms), 0) AS sized_ms,
            if(is_video, as_count(frames), 0) AS frames,
            as_count(packets) AS packets, as_count(jitter_us_max) AS jitter_us_max, -- extended
            if(is_send, as_count(rtt_us_max), 0) AS rtt_us_max, if(is_video, as_count(freezes), 0) AS freezes, -- extended
            if(is_video, as_count(width_max), 0) AS width, if(is_video, as_count(height_max), 0) AS height, -- extended
            ifNull(toString(codec), '') AS codec, -- extended
            isNull(bytes) OR isNull(lost) OR isNull(arrived) OR isNull(active_ms) OR isNull(bitrate_sq_ms)
                OR isNull(packets) OR isNull(jitter_us_max) OR isNull(rtt_us_max) -- extended
                OR isNull(width) OR isNull(height) OR isNull(freezes) -- extended
                OR isNull(jitter_us_sum) OR isNull(jitter_count) OR isNull(rtt_us_sum) OR isNull(rtt_count)
                OR isNull(pixel_ms) OR isNull(sized_ms) OR isNull(frames) AS is_broken
        FROM export_track_totals AS t
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),

    -- 2. What follows from the sums at once. What is beyond all measure is not known.
    (lost, arrived) -> quotient(100 * lost, lost + toFloat64(arrived)) AS loss_percent,
    (us, readings) -> quotient(toFloat64(us), readings) / 1000 AS mean_ms,
    (x) -> ifNull(x > quantity_max, 0) AS is_too_large,
    (x) -> if(x > quantity_max, NULL, x) AS possible,
    measures AS (
        SELECT *,
            quotient(8 * toFloat64(bytes), active_ms) AS any_bitrate, possible(any_bitrate) AS bitrate,
            quotient(toFloat64(bitrate_sq_ms), active_ms) AS bitrate_sq,
            loss_percent(toFloat64(greatest(lost, 0)), arrived) AS loss,
            if(lost = 0 AND arrived = 0, NULL, lost) AS reported_lost, -- extended
            mean_ms(jitter_us_sum, jitter_count) AS any_jitter, possible(any_jitter) AS jitter,
            mean_ms(rtt_us_sum, rtt_count) AS any_rtt, possible(any_rtt) AS rtt,
            quotient(toFloat64(pixel_ms), sized_ms) AS any_pixels, possible(any_pixels) AS pixels,
            quotient(1000 * toFloat64(frames), sized_ms) AS any_fps, possible(any_fps) AS fps,
            max(if(holds, rtt, NULL)) OVER (PARTITION BY finalized_at, session_id, peer_id, media) AS rtt_of_sender,
            total_twice * (NOT holds) + total_kind * (NOT is_known) + total_count * is_broken
                + too_large * (is_too_large(any_bitrate) OR is_too_large(any_jitter) OR is_too_large(any_rtt)
                    OR is_too_large(any_pixels) OR is_too_large(any_fps)) AS faults
        FROM totals
    ),

    -- 3. Opinions: mos and score of each direction.
    (d) -> log2(greatest(d, 100) / 100) AS delay_octaves,
    (x) -> 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2) AS delay_impairment,
    (loss, d) -> clamp_to(93.2 - delay_impairment(delay_octaves(d)) - 95 * loss / (loss + 25.1), 0, 100) AS transmission_rating,
    (r) -> clamp_to(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5) AS mos_of_rating,
    (bitrate, pixels, fps) -> clamp_to(0.56 * log(1000 * bitrate / pixels / fps) + 5.36, 1, 5) AS coding_mos,
    (coding, fps, d) -> clamp_to(coding - 1.9 * log(greatest(30, fps) / fps) - 0.002 * d, 1, 5) AS delivered_mos,
    (x, good, bad, worst) -> worst * ifNull(clamp_to((x - good) / (bad - good), 0, 1), 0) AS penalty,
    opinions AS (
        SELECT *,
            ifNull(rtt_of_sender, 0) / 2 + 2 * ifNull(jitter, 0) + 20 AS delay_ms,
            mos_of_rating(transmission_rating(loss, delay_ms)) AS audio_mos,
            ifNull(bitrate > 0 AND pixels > 0 AND fps > 0, 0) AS has_picture,
            if(has_picture, delivered_mos(coding_mos(bitrate, pixels, fps), fps, delay_ms), NULL) AS video_mos,
            if(bitrate = 0, NULL, sqrt(greatest(bitrate_sq / greatest(bitrate * bitrate, 1e-300) - 1, 0))) AS variation,
            if(is_video, video_mos, audio_mos) AS mos,
            if(is_video, 1500, 40) AS full_bitrate, if(is_video, 2, 1) AS worst_of_bitrate, if(is_video, 1, 2) AS worst_of_delay,
            if(isNull(loss), NULL, 10
                - penalty(loss, 0.5, 10, 4) - penalty(jitter, 30, 150, worst_of_delay) - penalty(rtt, 250, 1000, worst_of_delay)
                - penalty(1 - bitrate / full_bitrate, 0, 1, worst_of_bitrate) - penalty(variation, 0.25, 1.25, 1)
                - penalty(1 - pixels / (1280 * 720), 0, 1, 1)) AS score
        FROM measures
    ),
    -- Fixed to millionths, and each put where it belongs; 0: nowhere.
    opinions_fixed AS (
        SELECT finalized_at, session_id, peer_id, faults,
            to_millionths(fps) AS fps, bytes, reported_lost, active_ms, packets, jitter_us_max, jitter_count, rtt_us_max, -- extended
            rtt_count, width, height, freezes, codec, -- extended
            to_millionths(mos) AS mos, to_millionths(score) AS score, to_millionths(bitrate) AS bitrate, to_millionths(loss) AS loss,
            to_millionths(jitter) AS jitter, to_millionths(rtt) AS rtt,
            if(holds AND is_known, 1 + is_send + 2 * is_video, 0) AS place
        FROM opinions
    ),

    -- 4. The directions of each peer beside each other; all null where one did not exist.
    (which) -> CAST((
            sumIf(fps, which), sumIf(bytes, which), sumIf(reported_lost, which), sumIf(active_ms, which), -- extended
            sumIf(packets, which), sumIf(jitter_us_max, which), sumIf(jitter_count, which), -- extended
            sumIf(rtt_us_max, which), sumIf(rtt_count, which), -- extended
            sumIf(width, which), sumIf(height, which), sumIf(freezes, which), maxIf(codec, which), -- extended
            sumIf(mos, which), sumIf(score, which), sumIf(bitrate, which),
            sumIf(loss, which), sumIf(jitter, which), sumIf(rtt, which)
        ) AS Tuple(
            fps Nullable(Int64), bytes Nullable(UInt64), lost Nullable(Int64), active_ms Nullable(UInt64), -- extended
            packets Nullable(UInt64), jitter_us_max Nullable(UInt64), jitter_count Nullable(UInt64), -- extended
            rtt_us_max Nullable(UInt64), rtt_count Nullable(UInt64), -- extended
            width Nullable(UInt64), height Nullable(UInt64), freezes Nullable(UInt64), codec String, -- extended
            mos Nullable(Int64), score Nullable(Int64), bitrate Nullable(Int64),
            loss Nullable(Int64), jitter Nullable(Int64), rtt Nullable(Int64))) AS direction_where,
    peer_directions AS (
        SELECT finalized_at, session_id, peer_id, groupBitOr(faults) AS faults_of_totals,
            direction_where(place = 2) AS audio_sent,
            direction_where(place = 1) AS audio_received,
            direction_where(place = 4) AS video_sent,
            direction_where(place = 3) AS video_received
        FROM opinions_fixed
        GROUP BY finalized_at, session_id, peer_id
    ),

    -- 5. Means over the directions of each peer.
    (a, b) -> CAST((mean_of_two(a.bitrate, b.bitrate), mean_of_two(a.loss, b.loss), mean_of_two(a.jitter, b.jitter))
        AS Tuple(bitrate Nullable(Int64), loss Nullable(Int64), jitter Nullable(Int64))) AS both_directions,
    (a, b, c, d) -> mean(ifNull(a, 0) + ifNull(b, 0) + ifNull(c, 0) + ifNull(d, 0),
        isNotNull(a) + isNotNull(b) + isNotNull(c) + isNotNull(d)) AS mean_of_four,
    peer_stats AS (
        SELECT *, both_directions(audio_sent, audio_received) AS audio_both, both_directions(video_sent, video_received) AS video_both,
            mean_of_two(audio_sent.mos, audio_received.mos) AS mos,
            mean_of_four(audio_sent.score, audio_received.score, video_sent.score, video_received.score) AS score
        FROM peer_directions
    ),

    -- 6. The peers, and what is wrong with them. Of several rows of one peer the first holds.
    ['HOST', 'STUN', 'TURN'] AS connection_types,
    ['udp', 'tcp', 'tls'] AS media_transports,
    (x, words) -> x != '' AND NOT has(words, x) AS is_no_word,
    (name, names, lists) -> arrayFlatten(arrayFilter((texts, other) -> other = name, lists, names)) AS texts_of,
    (once, names, lists) -> mapFromArrays(once, arrayMap(name -> texts_of(name, names, lists), once)) AS merged_as,
    (names, lists) -> merged_as(arrayDistinct(names), names, lists) AS merged_keys,
    peer_rows AS (
        SELECT finalized_at, session_id, peer_id, joined_at, left_at, os, os_version, browser, browser_version, sdk_version,
            city, country, organization, audio_device, video_device,
            row_number() OVER (PARTITION BY finalized_at, session_id, peer_id ORDER BY version DESC, cityHash64((
                joined_at, left_at, connected_ms, joins, keys, connection_type, media_transport, call_setup_ms, rating))) AS place,
            count_within(connected_ms, 0, 1000 * quantity_max) AS connected, count_within(call_setup_ms, 0, quantity_max) AS setup,
            count_within(rating, 1, 5) AS stars,
            as_count(joins) AS join_count, ifNull(toString(end_reason), '') AS end_reason, -- extended
            ifNull(toString(connection_type), '') AS path, ifNull(toString(media_transport), '') AS transport,
            CAST(keys, 'Map(String, Array(String))') AS plain_keys, arrayMap(name -> valid(name), mapKeys(plain_keys)) AS key_names,
            length(arrayDistinct(key_names)) < length(key_names) AS is_key_twice, key_names != mapKeys(plain_keys) AS is_key_no_text,
            mapSort(if(is_key_twice OR is_key_no_text, merged_keys(key_names, mapValues(plain_keys)), plain_keys)) AS sorted_keys,
            peer_twice * (place > 1)
                + peer_time * (left_at < joined_at)
                + peer_count * (isNull(connected)
                    OR isNull(join_count) -- extended
                ) + bad_call_setup * (isNotNull(call_setup_ms) AND isNull(setup))
                + bad_rating * (isNotNull(rating) AND isNull(stars))
                + bad_connection_type * is_no_word(path, connection_types)
                + bad_media_transport * is_no_word(transport, media_transports)
                + key_twice * is_key_twice + bad_text * is_key_no_text AS faults_of_peer
        FROM export_peers
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),

    -- 7. Their texts. What joins without a place is totals alone: nobody of this name was in the room.
    (us, readings) -> integer(if(readings = 0, NULL, intDiv(us + 500, 1000))) AS largest_ms, -- extended
    (q) -> concat(',"codec":', text_or_null(q.codec), ',"packets":', integer(q.packets), ',"packets_lost":', integer(q.lost), -- extended
        ',"bytes":', integer(q.bytes), ',"active_time":', integer(to_seconds(q.active_ms)), -- extended
        ',"jitter_max":', largest_ms(q.jitter_us_max, q.jitter_count)) AS more_json, -- extended
    (q) -> concat(',"rtt_max":', largest_ms(q.rtt_us_max, q.rtt_count)) AS more_sent_json, -- extended
    (q) -> concat(',"width":', integer(nullIf(q.width, 0)), ',"height":', integer(nullIf(q.height, 0)), -- extended
        ',"fps":', one_decimal(q.fps), ',"freezes":', integer(q.freezes)) AS more_video_json, -- extended
    (name, texts) -> concat(toJSONString(name), ':', if(length(texts) = 1, toJSONString(texts[1]), toJSONString(texts))) AS key_json,
    peers AS (
        SELECT finalized_at, session_id, peer_id, joined_at, place = 1 AS is_peer,
            mos, score, audio_sent, audio_received, video_sent, video_received, toInt64(setup * 1000000) AS call_setup,
            toInt64(stars * 1000000) AS user_rating, -- extended
            isNotNull(coalesce(audio_both.bitrate, audio_both.loss, audio_both.jitter, audio_sent.rtt)) AS has_audio, -- extended
            isNotNull(coalesce(video_both.bitrate, video_both.loss, video_both.jitter, video_sent.rtt)) AS has_video, -- extended
            faults_of_peer + faults_of_totals + total_of_nobody * (place = 0) AS faults,
            concat('{"peer_id":', text_or_null(peer_id),
                ',"os":', text_or_null(os), ',"os_version":', text_or_null(os_version),
                ',"browser":', text_or_null(browser), ',"browser_version":', text_or_null(browser_version),
                ',"location":{"city":', text_or_null(city), ',"country":', text_or_null(country),
                ',"organization":', text_or_null(organization), '},"sdk_version":', text_or_null(sdk_version),
                ',"start_time":', toJSONString(joined_at), ',"duration":', integer(to_seconds(connected)),
                ',"keys":{', arrayStringConcat(arrayMap(key_json, mapKeys(sorted_keys), mapValues(sorted_keys)), ','),
                '},"features":{"connection_type":', word_or_null(path, connection_types),
                ',"media_transport":', word_or_null(transport, media_transports), '}',
                ',"stats":{"mos":', two_decimals(mos), ',"score":', one_decimal(score), ',"call_setup_time":', integer(setup),
                ',"audio":{"send":{"mos":', two_decimals(audio_sent.mos), ',"score":', one_decimal(audio_sent.score), ',',
                basics_json(audio_sent), ',"rtt":', whole(audio_sent.rtt),
                more_json(audio_sent), more_sent_json(audio_sent), -- extended
                '},"recv":{"mos":', two_decimals(audio_received.mos), ',"score":', one_decimal(audio_received.score), ',',
                basics_json(audio_received),
                more_json(audio_received), -- extended
                '},', basics_json(audio_both), '}',
                ',"video":{"send":{"mos":', two_decimals(video_sent.mos), ',',
                basics_json(video_sent), ',"rtt":', whole(video_sent.rtt),
                more_json(video_sent), more_sent_json(video_sent), more_video_json(video_sent), -- extended
                '},"recv":{"mos":', two_decimals(video_received.mos), ',', basics_json(video_received),
                more_json(video_received), more_video_json(video_received), -- extended
                '},', basics_json(video_both), '}}',
                ',"audio_device":', text_or_null(audio_device), ',"video_device":', text_or_null(video_device),
                ',"end_time":', toJSONString(left_at), ',"joins":', integer(join_count), ',"user":', integer(stars), -- extended
                ',"end_reason":', text_or_null(end_reason), -- extended
                '}') AS peer_json
        FROM peer_rows
        FULL JOIN peer_stats USING (finalized_at, session_id, peer_id)
    ),

    -- 8. Means over the peers of each room, and their texts.
    (q, is_peer) -> mean(sumIf(q, is_peer), countIf(is_peer AND isNotNull(q))) AS mean_over_peers,
    (d, is_peer) -> CAST((mean_over_peers(d.bitrate, is_peer), mean_over_peers(d.loss, is_peer), mean_over_peers(d.jitter, is_peer))
        AS Tuple(bitrate Nullable(Int64), loss Nullable(Int64), jitter Nullable(Int64))) AS direction_over_peers,
    peers_of_room AS (
        SELECT finalized_at, session_id, countIf(is_peer) AS users, groupBitOr(faults) AS faults_of_peers,
            mean_over_peers(mos, is_peer) AS room_mos, mean_over_peers(score, is_peer) AS room_score,
            mean_over_peers(call_setup, is_peer) AS room_call_setup,
            direction_over_peers(audio_sent, is_peer) AS audio_send, mean_over_peers(audio_sent.rtt, is_peer) AS audio_rtt,
            direction_over_peers(audio_received, is_peer) AS audio_recv,
            direction_over_peers(video_sent, is_peer) AS video_send, mean_over_peers(video_sent.rtt, is_peer) AS video_rtt,
            direction_over_peers(video_received, is_peer) AS video_recv,
            mean_over_peers(user_rating, is_peer) AS room_user, -- extended
            countIf(is_peer AND isNotNull(mos)) AS with_mos, countIf(is_peer AND isNotNull(score)) AS with_score, -- extended
            countIf(is_peer AND has_audio) AS with_audio, countIf(is_peer AND has_video) AS with_video, -- extended
            arrayStringConcat(arraySort((json, at, id) -> (at, id),
                groupArrayIf(peer_json, is_peer), groupArrayIf(joined_at, is_peer), groupArrayIf(peer_id, is_peer)), ',') AS peers_json
        FROM peers
        GROUP BY finalized_at, session_id
    ),

    -- 9. The rooms, and what is wrong with them. Of several rows of one room the first holds.
    room_rows AS (
        SELECT finalized_at, session_id, room_id, room_url, started_at, ended_at,
            row_number() OVER (PARTITION BY finalized_at, session_id
                ORDER BY version DESC, cityHash64((room_id, room_url, started_at, ended_at))) AS place,
            count() OVER (PARTITION BY finalized_at, session_id) AS rows,
            count_within(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at), 0, 1000 * quantity_max) AS lasted_ms,
            room_twice * (rows > 1) + room_time * isNull(lasted_ms) AS faults_of_room
        FROM export_rooms
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),
    rooms AS (
        SELECT finalized_at, session_id, faults_of_room + faults_of_peers AS faults,
            concat('{"room_url":', text_or_null(room_url), ',"room_id":', toJSONString(room_id),
                ',"start_time":', toJSONString(started_at), ',"end_time":', toJSONString(ended_at),
                ',"duration":', integer(to_seconds(lasted_ms)), ',"users":', toString(users),
                ',"stats":{"mos":', two_decimals(room_mos), ',"score":', one_decimal(room_score),
                ',"call_setup_time":', whole(room_call_setup),
                ',"audio":{"send":{', basics_json(audio_send), ',"rtt":', whole(audio_rtt), '},"recv":{', basics_json(audio_recv),
                '},', basics_json(both_directions(audio_send, audio_recv)), '}',
                ',"video":{"send":{', basics_json(video_send), ',"rtt":', whole(video_rtt), '},"recv":{', basics_json(video_recv),
                '},', basics_json(both_directions(video_send, video_recv)), '}}',
                ',"peers":[', peers_json, ']',
                ',"session_id":', toJSONString(session_id), ',"finalized_at":', toJSONString(finalized_at), -- extended
                ',"schema_version":', toString({schema_version:UInt16}), ',"user":', two_decimals(room_user), -- extended
                ',"measured":{"mos":', toString(with_mos), ',"score":', toString(with_score), -- extended
                ',"audio":', toString(with_audio), ',"video":', toString(with_video), '}', -- extended
                '}') AS room_json
        FROM room_rows
        LEFT JOIN peers_of_room USING (finalized_at, session_id)
        WHERE place = 1
    ),

    -- 10. The lines. Behind each room stand its text's CRC-32, so that what arrives can be held against what was written, and if it has
    -- faults their codes and its session id, framed by control characters: no JSON text has one.
    (faults) -> arrayStringConcat(arrayMap(bit -> fault_codes[bit + 1], bitPositionsToArray(faults)), ',') AS codes_of,
    (session) -> replaceRegexpAll(substringUTF8(valid(session), 1, 256), '[\\x00-\\x1F]', '?') AS without_framing,
    (faults, session) -> if(faults = 0, '', concat(char(9), codes_of(faults), char(9), without_framing(session))) AS fault_text
SELECT concat(
    if(isValidUTF8(room_json) AS is_text, room_json, toValidUTF8(room_json)) AS text,
    char(1), toString(CRC32(text)), fault_text(bitOr(faults, bad_text * (NOT is_text)), session_id), char(2))
FROM rooms ORDER BY finalized_at, session_id FORMAT TSVRaw
