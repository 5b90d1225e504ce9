-- The peers of the made-up rooms. The first joins when the room begins, the second leaves when it ends; the
-- others come and go between.
WITH
    (what, below) -> cityHash64({seed:UInt64}, number, place, what) % below AS dice,
    (what, low, high) -> low + toInt64(dice(what, toUInt64(greatest(high - low, 1)))) AS between,

    if(place = 1, 0, between('joined', 0, intDiv(length_ms, 4) + 1)) AS joined_after_ms,
    if(place = 2, length_ms, joined_after_ms + between('stayed', intDiv(length_ms - joined_after_ms, 2), length_ms - joined_after_ms + 1)) AS left_after_ms,
    left_after_ms - joined_after_ms AS present_ms,
    if(dice('returned', 10) = 0 AND present_ms > 5000, 2 + dice('again', 3), 1) AS join_count,

    [
        ('macOS', '14.6', 'Chrome', '131.0.6778.86'), ('Windows', '11', 'Chrome', '131.0.6778.86'), ('Windows', '10', 'Edge', '131.0.2903.70'),
        ('Windows', '10', 'Chrome', '130.0.6723.117'), ('macOS', '15.1', 'Safari', '18.1'), ('iOS', '18.1', 'Safari', '18.1'),
        ('Linux', '', 'Firefox', '132.0'), ('Android', '14', 'Chrome', '131.0.6778.81'), ('Android', '13', '', ''), ('', '', '', '')
    ][1 + dice('client', 10)] AS client,
    [
        ('Zürich', 'Switzerland', 'Alpine Fibre AG'), ('São Paulo', 'Brazil', 'Rede Azul'), ('東京', 'Japan', 'Kita Net'), ('Lyon', 'France', 'Rhône Télécom'),
        ('Austin', 'United States', 'Lone Star Cable'), ('Leeds', 'United Kingdom', 'Dales Broadband'), ('Pune', 'India', 'Deccan Mobile'),
        ('', 'Germany', 'Nordwind'), ('', '', ''), ('Austin', 'United States', 'Hill Country Wireless "5G"')
    ][1 + dice('place', 10)] AS location,
    multiIf(dice('path', 100) < 30, 'HOST', dice('path', 100) < 78, 'STUN', dice('path', 100) < 95, 'TURN', '') AS path
SELECT
    number, place, has_video, is_silent, is_unmeasured, is_lossy, project_id, finalized_at, session_id, version,
    -- People come back too; within a room the place keeps them apart.
    concat(['anna', 'bo', 'chidi', 'dörte', 'eve', '藤井', 'guest'][1 + dice('name', 7)], '-', toString(dice('who', 500)), '-', toString(place)) AS peer_id,
    fromUnixTimestamp64Milli(started_ms + joined_after_ms, 'UTC') AS joined_at,
    fromUnixTimestamp64Milli(started_ms + left_after_ms, 'UTC') AS left_at,
    toUInt64(present_ms - if(join_count > 1, intDiv(present_ms * toInt64(1 + dice('away', 30)), 100), 0)) AS connected_ms,
    toUInt16(join_count) AS joins,
    client.1 AS os, client.2 AS os_version, client.3 AS browser, client.4 AS browser_version,
    ['4.2.1', '4.2.0', '4.1.7', '3.9.12', ''][1 + dice('sdk', 5)] AS sdk_version,
    location.1 AS city, location.2 AS country, location.3 AS organization,
    path AS connection_type,
    multiIf(path = '', '', path != 'TURN', 'udp', dice('relay', 10) < 6, 'udp', dice('relay', 10) < 9, 'tcp', 'tls') AS media_transport,
    ['Default', 'MacBook Pro Microphone', 'Headset (USB)', 'Micrófono (AirPods)', ''][1 + dice('microphone', 5)] AS audio_device,
    if(has_video, ['FaceTime HD Camera', 'Integrated Webcam', 'Brio 4K', ''][1 + dice('camera', 4)], '') AS video_device,
    ['left', 'left', 'left', 'closed', 'timeout', 'failed', ''][1 + dice('end', 7)] AS end_reason,
    mapFilter((name, texts) -> cityHash64({seed:UInt64}, number, place, 'key', name) % 3 = 0, map(
        'customer', [concat('c-', toString(dice('customer', 1000)))],
        'tags', ['beta', concat('t', toString(dice('tag', 50)))],
        'plan', [['free', 'team', 'größte'][1 + dice('plan', 3)]],
        'notes', emptyArrayString(),
        'quote "q"', ['a\\b', 'line\nbreak', ''])) AS keys,
    if(dice('setup', 20) = 0, NULL, toUInt32(between('setup_ms', 150, 900) + if(dice('slow', 10) = 0, between('slow_ms', 500, 6000), 0))) AS call_setup_ms,
    if(dice('rated', 6) = 0, toUInt8(1 + dice('rating', 5)), NULL) AS rating
FROM made_rooms
ARRAY JOIN arrayMap(n -> n + 1, range(peers)) AS place
