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
    -- fixed once to millionths, an integer; all means are integer arithmetic, half-up. Their divisors are guarded as well as tested,
    -- because the branch not taken is computed too. Durations are milliseconds.
    100000000 AS quantity_max,
    100000000000 AS duration_max,
    (x) -> accurateCastOrNull(x, 'UInt64') AS as_count,
    (x, high) -> if(as_count(x) <= high, as_count(x), NULL) AS count_to,
    (x, y) -> x / nullIf(y, 0) AS quotient,
    (x) -> toInt64(floor(least(x, quantity_max) * 1e6 + 0.5)) AS to_millionths,
    (total, n) -> if(n = 0, NULL, intDiv(total + intDiv(toInt64(n), 2), toInt64(greatest(n, 1)))) AS mean,
    (a, b) -> coalesce(intDiv(a + b + 1, 2), a, b) AS mean_of_two,
    (x, low, high) -> least(greatest(x, low), high) AS clamp_to,
    (ms) -> intDiv(ms, 1000) + (ms % 1000 >= 500) AS to_seconds,

    -- Text. toValidUTF8 drops what follows a broken character at the very end of a text, so that it gets something to follow.
    (x) -> left(toValidUTF8(concat(x, '...')), -3) AS valid,
    (x) -> if(ifNull(x, '') = '', 'null', toJSONString(assumeNotNull(x))) AS text_or_null,
    (x, words) -> if(has(words, x), toJSONString(x), 'null') AS word_or_null,
    (n) -> ifNull(toString(n), 'null') AS integer,

    -- Lists, each text or number behind its label. ClickHouse takes longer to plan a statement than to run it over few rooms, and plans
    -- what stands in a lambda over a list once, however long the list. Numbers are millionths, with the decimals that stand beside.
    (labels, texts) -> arrayStringConcat(arrayMap((label, x) -> concat(label, text_or_null(x)), labels, texts)) AS labelled_texts,
    (m, unit) -> reinterpret(intDiv(m + intDiv(unit, 2), unit) * unit, 'Decimal64(6)') AS rounded_to,
    (m, unit) -> toDecimalString(rounded_to(m, unit), 2) AS hundredths,
    (text, places) -> substring(text, 1, length(text) - [3, 1, 0][places + 1]) AS shortened_to,
    (m, places) -> ifNull(shortened_to(hundredths(m, [1000000, 100000, 10000][places + 1]), places), 'null') AS with_decimals,
    (labels, decimals, numbers) -> arrayStringConcat(
        arrayMap((label, places, m) -> concat(label, with_decimals(m, places)), labels, decimals, numbers)) AS labelled_numbers,

    -- 1. The totals, what is wrong with them, and what follows from their sums at once. Of several rows of one total the first holds.
    -- Round trips are those of who sends, pictures those of video.
    (lost, arrived) -> quotient(100 * lost, lost + toFloat64(arrived)) AS loss_percent,
    (us, readings) -> quotient(toFloat64(us), readings) / 1000 AS mean_ms,
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
                OR isNull(pixel_ms) OR isNull(sized_ms) OR isNull(frames) AS is_broken,
            quotient(8 * toFloat64(bytes), active_ms) AS any_bitrate, quotient(toFloat64(bitrate_sq_ms), active_ms) AS bitrate_sq,
            loss_percent(toFloat64(greatest(lost, 0)), arrived) AS loss,
            if(lost = 0 AND arrived = 0, NULL, lost) AS reported_lost, -- extended
            mean_ms(jitter_us_sum, jitter_count) AS any_jitter, mean_ms(rtt_us_sum, rtt_count) AS any_rtt,
            quotient(toFloat64(pixel_ms), sized_ms) AS any_pixels, quotient(1000 * toFloat64(frames), sized_ms) AS any_fps
        FROM export_track_totals AS t
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),

    -- 2. The measures of each direction: what is beyond all measure is not known. With the delay, the rating of what is heard.
    (x) -> ifNull(x > quantity_max, 0) AS is_too_large,
    (x) -> if(x > quantity_max, NULL, x) AS possible,
    (d) -> log2(greatest(d, 100) / 100) AS delay_octaves,
    (x) -> 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2) AS delay_impairment,
    (loss, d) -> clamp_to(93.2 - delay_impairment(delay_octaves(d)) - 95 * loss / (loss + 25.1), 0, 100) AS transmission_rating,
    measures AS (
        SELECT *,
            possible(any_bitrate) AS bitrate, possible(any_jitter) AS jitter, possible(any_rtt) AS rtt,
            possible(any_pixels) AS pixels, possible(any_fps) AS fps,
            max(if(holds, rtt, NULL)) OVER (PARTITION BY finalized_at, session_id, peer_id, media) AS rtt_of_sender,
            ifNull(rtt_of_sender, 0) / 2 + 2 * ifNull(jitter, 0) + 20 AS delay_ms,
            transmission_rating(loss, delay_ms) AS rating,
            total_twice * (NOT holds) + total_kind * (NOT is_known) + total_count * is_broken
                + too_large * (is_too_large(any_bitrate) OR is_too_large(any_jitter) OR is_too_large(any_rtt)
                    OR is_too_large(any_pixels) OR is_too_large(any_fps)) AS faults
        FROM totals
    ),

    -- 3. Opinions: mos and score of each direction.
    (r) -> clamp_to(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5) AS mos_of_rating,
    (bitrate, pixels, fps) -> clamp_to(0.56 * log(1000 * bitrate / pixels / fps) + 5.36, 1, 5) AS coding_mos,
    (coding, fps, d) -> clamp_to(coding - 1.9 * log(greatest(30, fps) / fps) - 0.002 * d, 1, 5) AS delivered_mos,
    (x, good, bad, worst) -> worst * ifNull(clamp_to((x - good) / (bad - good), 0, 1), 0) AS penalty,
    opinions AS (
        SELECT *,
            mos_of_rating(rating) AS audio_mos,
            ifNull(bitrate > 0 AND pixels > 0 AND fps > 0, 0) AS has_picture,
            if(has_picture, delivered_mos(coding_mos(bitrate, pixels, fps), fps, delay_ms), NULL) AS video_mos,
            if(bitrate = 0, NULL, sqrt(greatest(bitrate_sq / greatest(bitrate * bitrate, 1e-300) - 1, 0))) AS variation,
            if(is_video, video_mos, audio_mos) AS mos,
            if(is_video, 1500, 40) AS full_bitrate, if(is_video, 2, 1) AS worst_of_bitrate, if(is_video, 1, 2) AS worst_of_delay,
            if(isNull(loss), NULL, 10 - arraySum(arrayMap(penalty,
                [loss, jitter,         rtt,            1 - bitrate / full_bitrate, variation, 1 - pixels / (1280 * 720)],
                [0.5,  30,             250,            0,                          0.25,      0],
                [10,   150,            1000,           1,                          1.25,      1],
                [4,    worst_of_delay, worst_of_delay, worst_of_bitrate,           1,         1]))) AS score
        FROM measures
    ),

    -- 4. The numbers of each direction, each at its place in the list that a peer's stats show: mos and score; then of audio 6 sent, 5
    -- received, 3 of both; then of video 5, 4 and 3. A direction fills its own places, those of both, and none else.
    (us, readings) -> integer(if(readings = 0, NULL, intDiv(us + 500, 1000))) AS largest_ms, -- extended
    (codec, packets, lost, bytes, active_ms, jitter_max) -> concat(',"codec":', text_or_null(codec), ',"packets":', integer(packets), -- extended
        ',"packets_lost":', integer(lost), ',"bytes":', integer(bytes), ',"active_time":', integer(to_seconds(active_ms)), -- extended
        ',"jitter_max":', jitter_max) AS more_json, -- extended
    (rtt_max) -> concat(',"rtt_max":', rtt_max) AS more_sent_json, -- extended
    (width, height, fps, freezes) -> concat(',"width":', integer(nullIf(width, 0)), ',"height":', integer(nullIf(height, 0)), -- extended
        ',"fps":', with_decimals(fps, 1), ',"freezes":', integer(freezes)) AS more_video_json, -- extended
    28 AS peer_numbers,
    (own, before, width) -> arrayConcat(arrayWithConstant(before, NULL::Nullable(Float64)), arrayResize(own, width)) AS placed,
    directions AS (
        SELECT finalized_at, session_id, peer_id, faults, holds AND is_known AS counts,
            concat(more_json(codec, packets, reported_lost, bytes, active_ms, largest_ms(jitter_us_max, jitter_count)), -- extended
                if(is_send, more_sent_json(largest_ms(rtt_us_max, rtt_count)), ''), -- extended
                if(is_video, more_video_json(width, height, to_millionths(fps), freezes), '')) AS more, -- extended
            1 + (NOT is_send) + 2 * is_video AS direction,
            if(is_video, [mos, bitrate, loss, jitter, rtt], [mos, score, bitrate, loss, jitter, rtt]) AS own,
            arrayMap(to_millionths, arrayConcat([if(is_video, NULL, mos), score],
                placed(own, [0, 6, 14, 19][direction], [11, 5, 9, 4][direction]), [bitrate, loss, jitter])) AS numbers
        FROM opinions
    ),

    -- 5. Means over the directions of each peer: most have one.
    peer_stats AS (
        SELECT finalized_at, session_id, peer_id, groupBitOr(faults) AS faults_of_totals,
            anyIf(more, counts AND direction = 1) AS more_audio_sent, -- extended
            anyIf(more, counts AND direction = 2) AS more_audio_received, -- extended
            anyIf(more, counts AND direction = 3) AS more_video_sent, -- extended
            anyIf(more, counts AND direction = 4) AS more_video_received, -- extended
            arrayMap(mean, sumForEachIf(numbers, counts), countForEachIf(numbers, counts)) AS numbers
        FROM directions
        GROUP BY finalized_at, session_id, peer_id
    ),

    -- 6. The peers, and what is wrong with them. Of several rows of one peer the first holds.
    ['HOST', 'STUN', 'TURN'] AS connection_types,
    ['udp', 'tcp', 'tls'] AS media_transports,
    peer_rows AS (
        SELECT finalized_at, session_id, peer_id, joined_at, left_at, os, os_version, browser, browser_version, sdk_version,
            city, country, organization, audio_device, video_device,
            row_number() OVER (PARTITION BY finalized_at, session_id, peer_id ORDER BY version DESC, cityHash64((
                joined_at, left_at, connected_ms, joins, keys, connection_type, media_transport, call_setup_ms, rating))) AS place,
            count_to(connected_ms, duration_max) AS connected, count_to(call_setup_ms, quantity_max) AS setup,
            if(as_count(rating) BETWEEN 1 AND 5, as_count(rating), NULL) AS stars,
            as_count(joins) AS join_count, ifNull(toString(end_reason), '') AS end_reason, -- extended
            ifNull(toString(connection_type), '') AS path, ifNull(toString(media_transport), '') AS transport,
            CAST(keys, 'Map(String, Array(String))') AS plain_keys, arrayMap(name -> valid(name), mapKeys(plain_keys)) AS key_names,
            peer_twice * (place > 1)
                + peer_time * (left_at < joined_at)
                + peer_count * (isNull(connected)
                    OR isNull(join_count) -- extended
                ) + bad_call_setup * (isNotNull(call_setup_ms) AND isNull(setup))
                + bad_rating * (isNotNull(rating) AND isNull(stars)) AS faults_of_peer
        FROM export_peers
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),

    -- 7. Their texts. What joins without a place is totals alone: nobody of this name was in the room.
    (x, words) -> x != '' AND NOT has(words, x) AS is_no_word,
    (name, names, lists) -> arrayFlatten(arrayFilter((texts, other) -> other = name, lists, names)) AS texts_of,
    (names, lists) -> arrayMap(name -> (name, texts_of(name, names, lists)), arrayDistinct(names)) AS merged_keys,
    (key) -> concat(toJSONString(key.1), ':', if(length(key.2) = 1, toJSONString(key.2[1]), toJSONString(key.2))) AS key_json,
    (more, nothing) -> if(more = '', nothing, more) AS more_or, -- extended
    more_json('', NULL, NULL, NULL, NULL, 'null') AS nothing_received, -- extended
    concat(nothing_received, more_sent_json('null')) AS nothing_sent, -- extended
    more_video_json(NULL, NULL, NULL, NULL) AS nothing_of_video, -- extended
    peers AS (
        SELECT finalized_at, session_id, peer_id, joined_at, place = 1 AS is_peer,
            length(arrayDistinct(key_names)) < length(key_names) AS is_key_twice, key_names != mapKeys(plain_keys) AS is_key_no_text,
            arraySort(if(is_key_twice OR is_key_no_text, merged_keys(key_names, mapValues(plain_keys)),
                CAST(plain_keys, 'Array(Tuple(String, Array(String)))'))) AS sorted_keys,
            faults_of_peer + faults_of_totals + total_of_nobody * (place = 0)
                + bad_connection_type * is_no_word(path, connection_types)
                + bad_media_transport * is_no_word(transport, media_transports)
                + key_twice * is_key_twice + bad_text * is_key_no_text AS faults,
            arrayResize(peer_stats.numbers, peer_numbers) AS of_directions,
            arrayConcat(arraySlice(of_directions, 1, 2), [toInt64(setup * 1000000)], arraySlice(of_directions, 3)) AS shown_numbers,
            toInt64(stars * 1000000) AS user_rating, -- extended
            arrayExists(m -> isNotNull(m), arrayPushBack(arraySlice(shown_numbers, 15, 3), shown_numbers[9])) AS has_audio, -- extended
            arrayExists(m -> isNotNull(m), arrayPushBack(arraySlice(shown_numbers, 27, 3), shown_numbers[22])) AS has_video, -- extended
            [('"mos":', 2), (',"score":', 1), (',"call_setup_time":', 0),
                (',"audio":{"send":{"mos":', 2), (',"score":', 1),
                (',"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0), (',"rtt":', 0),
                (concat(
                    more_or(more_audio_sent, nothing_sent), -- extended
                    '},"recv":{"mos":'), 2), (',"score":', 1), (',"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0),
                (concat(
                    more_or(more_audio_received, nothing_received), -- extended
                    '},"bitrate":'), 0), (',"packet_loss":', 1), (',"jitter":', 0),
                ('},"video":{"send":{"mos":', 2), (',"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0), (',"rtt":', 0),
                (concat(
                    more_or(more_video_sent, concat(nothing_sent, nothing_of_video)), -- extended
                    '},"recv":{"mos":'), 2), (',"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0),
                (concat(
                    more_or(more_video_received, concat(nothing_received, nothing_of_video)), -- extended
                    '},"bitrate":'), 0), (',"packet_loss":', 1), (',"jitter":', 0)] AS stats_form,
            concat('{', labelled_texts(['"peer_id":', ',"os":', ',"os_version":', ',"browser":', ',"browser_version":',
                    ',"location":{"city":', ',"country":', ',"organization":', '},"sdk_version":'],
                    [peer_id, os, os_version, browser, browser_version, city, country, organization, sdk_version]),
                ',"start_time":', toJSONString(joined_at), ',"duration":', integer(to_seconds(connected)),
                ',"keys":{', arrayStringConcat(arrayMap(key_json, sorted_keys), ','),
                '},"features":{"connection_type":', word_or_null(path, connection_types),
                ',"media_transport":', word_or_null(transport, media_transports),
                '},"stats":{', labelled_numbers(stats_form.1, stats_form.2, shown_numbers), '}}',
                labelled_texts([',"audio_device":', ',"video_device":'], [audio_device, video_device]),
                ',"end_time":', toJSONString(left_at), ',"joins":', integer(join_count), ',"user":', integer(stars), -- extended
                ',"end_reason":', text_or_null(end_reason), -- extended
                '}') AS peer_json
        FROM peer_rows
        FULL JOIN peer_stats USING (finalized_at, session_id, peer_id)
    ),

    -- 8. Means over the peers of each room, and their texts.
    (q, is_peer) -> mean(sumIf(q, is_peer), countIf(is_peer AND isNotNull(q))) AS mean_over_peers, -- extended
    peers_of_room AS (
        SELECT finalized_at, session_id, countIf(is_peer) AS users, groupBitOr(faults) AS faults_of_peers,
            sumForEachIf(shown_numbers, is_peer) AS totals_of_peers, countForEachIf(shown_numbers, is_peer) AS counts_of_peers,
            mean_over_peers(user_rating, is_peer) AS room_user, -- extended
            counts_of_peers[1] AS with_mos, counts_of_peers[2] AS with_score, -- extended
            countIf(is_peer AND has_audio) AS with_audio, countIf(is_peer AND has_video) AS with_video, -- extended
            arrayMap(mean, totals_of_peers, counts_of_peers) AS of_peers,
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
            count_to(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at), duration_max) AS lasted_ms,
            room_twice * (rows > 1) + room_time * isNull(lasted_ms) AS faults_of_room
        FROM export_rooms
        WHERE project_id = {project_id:String} AND in_range(finalized_at, session_id)
    ),
    [('"mos":', 2), (',"score":', 1), (',"call_setup_time":', 0),
        (',"audio":{"send":{"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0), (',"rtt":', 0),
        ('},"recv":{"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0),
        ('},"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0),
        ('},"video":{"send":{"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0), (',"rtt":', 0),
        ('},"recv":{"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0),
        ('},"bitrate":', 0), (',"packet_loss":', 1), (',"jitter":', 0)] AS room_stats_form,
    rooms AS (
        SELECT finalized_at, session_id,
            arraySlice(of_peers, 6, 4) AS audio_sent, arraySlice(of_peers, 12, 3) AS audio_received,
            arraySlice(of_peers, 19, 4) AS video_sent, arraySlice(of_peers, 24, 3) AS video_received,
            arrayResize(arrayConcat(arraySlice(of_peers, 1, 3),
                audio_sent, audio_received, arrayMap(mean_of_two, arrayPopBack(audio_sent), audio_received),
                video_sent, video_received, arrayMap(mean_of_two, arrayPopBack(video_sent), video_received)),
                length(room_stats_form)) AS room_numbers,
            faults_of_room + faults_of_peers AS faults,
            concat('{"room_url":', text_or_null(room_url), ',"room_id":', toJSONString(room_id),
                ',"start_time":', toJSONString(started_at), ',"end_time":', toJSONString(ended_at),
                ',"duration":', integer(to_seconds(lasted_ms)), ',"users":', toString(users),
                ',"stats":{', labelled_numbers(room_stats_form.1, room_stats_form.2, room_numbers), '}}',
                ',"peers":[', peers_json, ']',
                ',"session_id":', toJSONString(session_id), ',"finalized_at":', toJSONString(finalized_at), -- extended
                ',"schema_version":', toString({schema_version:UInt16}), ',"user":', with_decimals(room_user, 2), -- extended
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
