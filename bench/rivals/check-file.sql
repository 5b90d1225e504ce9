-- What a file of rooms says, as few sums, so that files of different programs can be compared. Reads both
-- layouts: one JSON array with a room per line, and one room per line. Of a longer file, its first {rooms}
-- rooms are read. What must be the same in every file is hashed; what may differ in its last decimal (halves
-- are rounded in different ways) is summed.
SELECT
    count() AS rooms,
    sum(users) AS users,
    sum(length(peers.peer_id)) AS peers,
    toString(sum(cityHash64(room_url, room_id, start_time, end_time, duration))) AS room_texts,
    toString(sum(cityHash64(peers.peer_id, peers.start_time, peers.duration, peers.keys))) AS peer_texts,
    toString(sum(cityHash64(
        arrayMap(x -> ifNull(x, ''), peers.os), arrayMap(x -> ifNull(x, ''), peers.browser_version),
        arrayMap(x -> ifNull(x, ''), peers.sdk_version), arrayMap(x -> ifNull(x.city, ''), peers.location),
        arrayMap(x -> ifNull(x.media_transport, ''), peers.features), arrayMap(x -> ifNull(x, ''), peers.video_device)
    ))) AS client_texts,
    toString(sum(rowNumberInAllBlocks() * (toUnixTimestamp(end_time) % 100000))) AS room_order,
    sum(stats.mos) AS room_mos,
    sum(stats.score) AS room_score,
    sum(stats.call_setup_time) AS room_call_setup_time,
    sum(stats.audio.packet_loss) AS room_audio_packet_loss,
    sum(stats.video.send.bitrate) AS room_video_send_bitrate,
    countIf(isNull(stats.score)) AS rooms_without_score,
    sum(arraySum(p -> ifNull(p.mos, 0), peers.stats)) AS peer_mos,
    sum(arraySum(p -> ifNull(p.audio.recv.score, 0), peers.stats)) AS peer_audio_recv_score,
    sum(arraySum(p -> ifNull(p.audio.send.rtt, 0), peers.stats)) AS peer_audio_send_rtt,
    sum(arraySum(p -> ifNull(p.video.send.mos, 0), peers.stats)) AS peer_video_send_mos,
    sum(arraySum(p -> ifNull(p.video.recv.jitter, 0), peers.stats)) AS peer_video_recv_jitter
FROM (
    SELECT *
    FROM s3({url:String}, {access_key_id:String}, {secret_access_key:String}, 'JSONEachRow',
        'room_url Nullable(String), room_id String, start_time String, end_time String, duration UInt64, users UInt64,
        stats Tuple(mos Nullable(Float64), score Nullable(Float64), call_setup_time Nullable(Float64),
            audio Tuple(packet_loss Nullable(Float64)), video Tuple(send Tuple(bitrate Nullable(Float64)))),
        peers Array(Tuple(peer_id String, os Nullable(String), browser_version Nullable(String), sdk_version Nullable(String),
            location Tuple(city Nullable(String)), start_time String, duration UInt64, keys String,
            features Tuple(media_transport Nullable(String)),
            stats Tuple(mos Nullable(Float64),
                audio Tuple(send Tuple(rtt Nullable(Float64)), recv Tuple(score Nullable(Float64))),
                video Tuple(send Tuple(mos Nullable(Float64)), recv Tuple(jitter Nullable(Float64)))),
            video_device Nullable(String)))')
    LIMIT {rooms:UInt64}
)
