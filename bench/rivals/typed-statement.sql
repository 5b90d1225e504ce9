-- What somebody writes who knows ClickHouse and wants this document from the three views: typed tuples,
-- floats, one statement that writes the file by itself. Same keys and meaning of every number as
-- docs/measurements.md, means over peers as there; halves are rounded to even and sums are of floats, so a
-- last decimal may differ from ours. as, ar, vs, vr: audio sent, audio received, video sent, video received.
-- A room without peers would get zeros; the made-up history has none.
--
-- Tried on 2 processors with SeaweedFS beside, each three to five times, best time; the machine was idle for
-- some of it only, so that differences under 10 % are not certain:
-- - kept: s3_disable_checksum (12 %), parts of 8 MiB in the place of 16 and more (0 to 10 %), blocks of
--   16,384 rows (8 % faster than the default, no different from 8,192);
-- - tried again at the start of each benchmark (sql-statements.ts), because machine and store decide:
--   in-order aggregation with full_sorting_merge (7 % less processor time than hashing, the same time),
--   parallel formatting (15 % slower here, the store needs the second processor), one thread for everything
--   (20 % slower here);
-- - no clear difference: max_threads 3 and 4, max_insert_threads 2, min_insert_block_size_rows and _bytes 0,
--   compile_expressions 0;
-- - of the statement itself, on one thread without the store: whole numbers in the place of whole floats,
--   LowCardinality kept in the tuples, no ORDER BY (0 to 4 %), Float32 in the document (6 % less, not taken
--   up);
-- - of planning, 0.17 to 0.2 s: optimize_and_compare_chain 0, query_plan_merge_expressions 0 and others, no
--   clear difference. Not tried: Nullable in the place of NaN, a window in the place of sumIf. Writing the
--   JSON takes over half of the processor time.
INSERT INTO FUNCTION s3({url:String}, {access_key_id:String}, {secret_access_key:String}, 'JSONEachRow')
SETTINGS
    date_time_output_format = 'iso', output_format_json_quote_denormals = 0, output_format_json_escape_forward_slashes = 0,
    s3_truncate_on_insert = 1, s3_disable_checksum = 1, s3_min_upload_part_size = 8388608, s3_max_single_part_upload_size = 8388608,
    max_block_size = 16384
WITH
    fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS from_at,
    fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AS to_at,

    -- The types of the document. What is not a number (0 / 0) is written as null.
    'bitrate Float64, packet_loss Float64, jitter Float64' AS shared,
    concat(shared, ', rtt Float64') AS sent,
    concat('Tuple(mos Float64, score Float64, call_setup_time Nullable(Float64), ',
        'audio Tuple(send Tuple(mos Float64, score Float64, ', sent, '), ',
        'recv Tuple(mos Float64, score Float64, ', shared, '), ', shared, '), ',
        'video Tuple(send Tuple(mos Float64, ', sent, '), recv Tuple(mos Float64, ', shared, '), ', shared, '))') AS peer_stats,
    concat('Tuple(mos Float64, score Float64, call_setup_time Nullable(Float64), ',
        'audio Tuple(send Tuple(', sent, '), recv Tuple(', shared, '), ', shared, '), ',
        'video Tuple(send Tuple(', sent, '), recv Tuple(', shared, '), ', shared, '))') AS room_stats,
    concat('Tuple(peer_id String, os Nullable(String), os_version Nullable(String), browser Nullable(String), ',
        'browser_version Nullable(String), ',
        'location Tuple(city Nullable(String), country Nullable(String), organization Nullable(String)), ',
        'sdk_version Nullable(String), start_time DateTime64(3, \'UTC\'), duration UInt64, ',
        'keys Map(String, Variant(Array(String), String)), ',
        'features Tuple(connection_type Nullable(String), media_transport Nullable(String)), ',
        'stats ', peer_stats, ', audio_device Nullable(String), video_device Nullable(String))') AS peer_struct,
    (texts) -> if(length(texts) = 1, CAST(texts[1], 'Variant(Array(String), String)'),
        CAST(texts, 'Variant(Array(String), String)')) AS one_or_all,

    -- Small formulas (docs/measurements.md).
    (x, low, high) -> least(greatest(x, low), high) AS clamp_to,
    (x) -> if(isNaN(x), 0, x) AS or_zero,
    (a, b) -> if(isNaN(a), b, if(isNaN(b), a, (a + b) / 2)) AS mean_of_two,
    (x) -> avgIf(x, NOT isNaN(x)) AS mean,
    (lost, arrived) -> 100 * greatest(lost, 0) / (greatest(lost, 0) + arrived) AS loss_percent,
    (mean_square, bitrate) -> if(bitrate > 0, sqrt(greatest(mean_square / (bitrate * bitrate) - 1, 0)), nan) AS spread,

    -- MOS: the E-model for audio, bits for each pixel for video.
    (jitter, rtt) -> or_zero(rtt) / 2 + 2 * or_zero(jitter) + 20 AS delay,
    (x) -> 25 * (pow(1 + pow(x, 6), 1 / 6) - 3 * pow(1 + pow(x / 3, 6), 1 / 6) + 2) AS impairment_of_octaves,
    (d) -> impairment_of_octaves(log2(greatest(d, 100) / 100)) AS delay_impairment,
    (loss, d) -> clamp_to(93.2 - delay_impairment(d) - 95 * loss / (loss + 25.1), 0, 100) AS rating,
    (r) -> clamp_to(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5) AS mos_of_rating,
    (loss, d) -> if(isNaN(loss), nan, mos_of_rating(rating(loss, d))) AS audio_mos,
    (bitrate, pixels, fps) -> clamp_to(0.56 * log(1000 * bitrate / pixels / fps) + 5.36, 1, 5) AS coding_mos,
    (bitrate, pixels, fps, d) -> if(bitrate > 0 AND pixels > 0 AND fps > 0,
        clamp_to(coding_mos(bitrate, pixels, fps) - 1.9 * log(greatest(30, fps) / fps) - 0.002 * d, 1, 5), nan) AS video_mos,

    -- Scores: 10 less penalties.
    (x, good, bad, worst) -> if(isNaN(x), 0, worst * clamp_to((x - good) / (bad - good), 0, 1)) AS penalty,
    (loss, jitter, rtt, bitrate, variation) -> if(isNaN(loss), nan, 10 - penalty(loss, 0.5, 10, 4) - penalty(jitter, 30, 150, 2)
        - penalty(rtt, 250, 1000, 2) - penalty(1 - bitrate / 40, 0, 1, 1) - penalty(variation, 0.25, 1.25, 1)) AS audio_score,
    (loss, jitter, rtt, bitrate, variation, pixels) -> if(isNaN(loss), nan, 10 - penalty(loss, 0.5, 10, 4)
        - penalty(jitter, 30, 150, 1) - penalty(rtt, 250, 1000, 1) - penalty(1 - bitrate / 1500, 0, 1, 2)
        - penalty(variation, 0.25, 1.25, 1) - penalty(1 - pixels / (1280 * 720), 0, 1, 1)) AS video_score,

    -- 1. The four track totals of a peer, side by side.
    sums AS (
        WITH
            media = 'audio' AND direction = 'send' AS is_as, media = 'audio' AND direction = 'recv' AS is_ar,
            media = 'video' AND direction = 'send' AS is_vs, media = 'video' AND direction = 'recv' AS is_vr
        SELECT finalized_at, session_id, peer_id,
            sumIf(bytes, is_as) AS as_bytes, sumIf(packets_lost, is_as) AS as_lost, sumIf(packets_arrived, is_as) AS as_arrived,
            sumIf(active_ms, is_as) AS as_active_ms, sumIf(bitrate_sq_ms, is_as) AS as_bitrate_sq_ms,
            sumIf(jitter_us_sum, is_as) AS as_jitter_us, sumIf(jitter_count, is_as) AS as_jitter_count,
            sumIf(rtt_us_sum, is_as) AS as_rtt_us, sumIf(rtt_count, is_as) AS as_rtt_count,
            sumIf(bytes, is_ar) AS ar_bytes, sumIf(packets_lost, is_ar) AS ar_lost, sumIf(packets_arrived, is_ar) AS ar_arrived,
            sumIf(active_ms, is_ar) AS ar_active_ms, sumIf(bitrate_sq_ms, is_ar) AS ar_bitrate_sq_ms,
            sumIf(jitter_us_sum, is_ar) AS ar_jitter_us, sumIf(jitter_count, is_ar) AS ar_jitter_count,
            sumIf(bytes, is_vs) AS vs_bytes, sumIf(packets_lost, is_vs) AS vs_lost, sumIf(packets_arrived, is_vs) AS vs_arrived,
            sumIf(active_ms, is_vs) AS vs_active_ms, sumIf(bitrate_sq_ms, is_vs) AS vs_bitrate_sq_ms,
            sumIf(jitter_us_sum, is_vs) AS vs_jitter_us, sumIf(jitter_count, is_vs) AS vs_jitter_count,
            sumIf(rtt_us_sum, is_vs) AS vs_rtt_us, sumIf(rtt_count, is_vs) AS vs_rtt_count,
            sumIf(pixel_ms, is_vs) AS vs_pixel_ms, sumIf(sized_ms, is_vs) AS vs_sized_ms, sumIf(frames, is_vs) AS vs_frames,
            sumIf(bytes, is_vr) AS vr_bytes, sumIf(packets_lost, is_vr) AS vr_lost, sumIf(packets_arrived, is_vr) AS vr_arrived,
            sumIf(active_ms, is_vr) AS vr_active_ms, sumIf(bitrate_sq_ms, is_vr) AS vr_bitrate_sq_ms,
            sumIf(jitter_us_sum, is_vr) AS vr_jitter_us, sumIf(jitter_count, is_vr) AS vr_jitter_count,
            sumIf(pixel_ms, is_vr) AS vr_pixel_ms, sumIf(sized_ms, is_vr) AS vr_sized_ms, sumIf(frames, is_vr) AS vr_frames
        FROM export_track_totals
        WHERE project_id = {project_id:String} AND finalized_at >= from_at AND finalized_at < to_at
        GROUP BY finalized_at, session_id, peer_id
    ),

    -- 2. The peers, and the quantities of each direction. Where a peer has no totals, the join gives zeros,
    -- and 0 / 0 is no number.
    quantities AS (
        SELECT *,
            8 * as_bytes / as_active_ms AS as_bitrate, loss_percent(as_lost, as_arrived) AS as_loss,
            as_jitter_us / as_jitter_count / 1000 AS as_jitter, as_rtt_us / as_rtt_count / 1000 AS as_rtt,
            spread(as_bitrate_sq_ms / as_active_ms, as_bitrate) AS as_variation,
            8 * ar_bytes / ar_active_ms AS ar_bitrate, loss_percent(ar_lost, ar_arrived) AS ar_loss,
            ar_jitter_us / ar_jitter_count / 1000 AS ar_jitter,
            spread(ar_bitrate_sq_ms / ar_active_ms, ar_bitrate) AS ar_variation,
            8 * vs_bytes / vs_active_ms AS vs_bitrate, loss_percent(vs_lost, vs_arrived) AS vs_loss,
            vs_jitter_us / vs_jitter_count / 1000 AS vs_jitter, vs_rtt_us / vs_rtt_count / 1000 AS vs_rtt,
            spread(vs_bitrate_sq_ms / vs_active_ms, vs_bitrate) AS vs_variation,
            vs_pixel_ms / vs_sized_ms AS vs_pixels, 1000 * vs_frames / vs_sized_ms AS vs_fps,
            8 * vr_bytes / vr_active_ms AS vr_bitrate, loss_percent(vr_lost, vr_arrived) AS vr_loss,
            vr_jitter_us / vr_jitter_count / 1000 AS vr_jitter,
            spread(vr_bitrate_sq_ms / vr_active_ms, vr_bitrate) AS vr_variation,
            vr_pixel_ms / vr_sized_ms AS vr_pixels, 1000 * vr_frames / vr_sized_ms AS vr_fps
        FROM export_peers
        LEFT JOIN sums USING (finalized_at, session_id, peer_id)
        WHERE project_id = {project_id:String} AND finalized_at >= from_at AND finalized_at < to_at
    ),

    -- 3. What each direction was worth.
    opinions AS (
        SELECT *,
            audio_mos(as_loss, delay(as_jitter, as_rtt)) AS as_mos,
            audio_score(as_loss, as_jitter, as_rtt, as_bitrate, as_variation) AS as_score,
            audio_mos(ar_loss, delay(ar_jitter, as_rtt)) AS ar_mos,
            audio_score(ar_loss, ar_jitter, nan, ar_bitrate, ar_variation) AS ar_score,
            video_mos(vs_bitrate, vs_pixels, vs_fps, delay(vs_jitter, vs_rtt)) AS vs_mos,
            video_score(vs_loss, vs_jitter, vs_rtt, vs_bitrate, vs_variation, vs_pixels) AS vs_score,
            video_mos(vr_bitrate, vr_pixels, vr_fps, delay(vr_jitter, vs_rtt)) AS vr_mos,
            video_score(vr_loss, vr_jitter, nan, vr_bitrate, vr_variation, vr_pixels) AS vr_score
        FROM quantities
    ),

    -- 4. What each peer had.
    measured_peers AS (
        SELECT *, mean_of_two(as_mos, ar_mos) AS mos,
            (or_zero(as_score) + or_zero(ar_score) + or_zero(vs_score) + or_zero(vr_score))
                / (isFinite(as_score) + isFinite(ar_score) + isFinite(vs_score) + isFinite(vr_score)) AS score
        FROM opinions
    ),

    -- 5. The peers, each as its struct.
    peers AS (
        SELECT *,
            CAST((
                peer_id, nullIf(os, ''), nullIf(os_version, ''), nullIf(browser, ''), nullIf(browser_version, ''),
                (nullIf(city, ''), nullIf(country, ''), nullIf(organization, '')),
                nullIf(sdk_version, ''), joined_at, intDiv(connected_ms + 500, 1000),
                mapApply((key, texts) -> (key, one_or_all(texts)), mapSort(keys)),
                (nullIf(connection_type, ''), nullIf(media_transport, '')),
                (round(mos, 2), round(score, 1), call_setup_ms,
                    ((round(as_mos, 2), round(as_score, 1), round(as_bitrate), round(as_loss, 1), round(as_jitter), round(as_rtt)),
                        (round(ar_mos, 2), round(ar_score, 1), round(ar_bitrate), round(ar_loss, 1), round(ar_jitter)),
                        round(mean_of_two(as_bitrate, ar_bitrate)), round(mean_of_two(as_loss, ar_loss), 1),
                        round(mean_of_two(as_jitter, ar_jitter))),
                    ((round(vs_mos, 2), round(vs_bitrate), round(vs_loss, 1), round(vs_jitter), round(vs_rtt)),
                        (round(vr_mos, 2), round(vr_bitrate), round(vr_loss, 1), round(vr_jitter)),
                        round(mean_of_two(vs_bitrate, vr_bitrate)), round(mean_of_two(vs_loss, vr_loss), 1),
                        round(mean_of_two(vs_jitter, vr_jitter)))),
                nullIf(audio_device, ''), nullIf(video_device, '')
            ), peer_struct) AS peer
        FROM measured_peers
    ),

    -- 6. Means over the peers of each room, and the list of them.
    peers_of_room AS (
        SELECT finalized_at, session_id, count() AS users,
            mean(mos) AS room_mos, mean(score) AS room_score, avg(call_setup_ms) AS room_setup,
            mean(as_bitrate) AS room_as_bitrate, mean(as_loss) AS room_as_loss, mean(as_jitter) AS room_as_jitter,
            mean(as_rtt) AS room_as_rtt, mean(ar_bitrate) AS room_ar_bitrate, mean(ar_loss) AS room_ar_loss,
            mean(ar_jitter) AS room_ar_jitter, mean(vs_bitrate) AS room_vs_bitrate, mean(vs_loss) AS room_vs_loss,
            mean(vs_jitter) AS room_vs_jitter, mean(vs_rtt) AS room_vs_rtt, mean(vr_bitrate) AS room_vr_bitrate,
            mean(vr_loss) AS room_vr_loss, mean(vr_jitter) AS room_vr_jitter,
            arraySort(peer -> (peer.start_time, peer.peer_id), groupArray(peer)) AS room_peers
        FROM peers
        GROUP BY finalized_at, session_id
    )

-- 7. The rooms.
SELECT
    nullIf(room_url, '') AS room_url, room_id, started_at AS start_time, ended_at AS end_time,
    intDiv(date_diff('millisecond', started_at, ended_at) + 500, 1000) AS duration, users,
    CAST((round(room_mos, 2), round(room_score, 1), round(room_setup),
        ((round(room_as_bitrate), round(room_as_loss, 1), round(room_as_jitter), round(room_as_rtt)),
            (round(room_ar_bitrate), round(room_ar_loss, 1), round(room_ar_jitter)),
            round(mean_of_two(room_as_bitrate, room_ar_bitrate)), round(mean_of_two(room_as_loss, room_ar_loss), 1),
            round(mean_of_two(room_as_jitter, room_ar_jitter))),
        ((round(room_vs_bitrate), round(room_vs_loss, 1), round(room_vs_jitter), round(room_vs_rtt)),
            (round(room_vr_bitrate), round(room_vr_loss, 1), round(room_vr_jitter)),
            round(mean_of_two(room_vs_bitrate, room_vr_bitrate)), round(mean_of_two(room_vs_loss, room_vr_loss), 1),
            round(mean_of_two(room_vs_jitter, room_vr_jitter)))), room_stats) AS stats,
    room_peers AS peers
FROM export_rooms
LEFT JOIN peers_of_room USING (finalized_at, session_id)
WHERE project_id = {project_id:String} AND finalized_at >= from_at AND finalized_at < to_at
ORDER BY finalized_at, session_id
