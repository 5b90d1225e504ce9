-- Made-up rooms, one for each number, with the traits that their peers and totals follow from. Everything is
-- a hash of the seed, the room's number and a word, so that a room is the same in whatever block, order or
-- run it is made.
WITH
    (what, below) -> cityHash64({seed:UInt64}, number, what) % below AS dice,
    (what, low, high) -> low + toInt64(dice(what, toUInt64(high - low))) AS between,
    toInt64({to_ms:Int64} - {from_ms:Int64}) AS span_ms,

    -- Most rooms are short talks of two; few are long, few are big. The mean is close to three peers.
    dice('size', 1000) AS size,
    multiIf(size < 700, 2, size < 850, 3, size < 910, 4, size < 940, 5, size < 990, between('some', 6, 13), size < 999, between('many', 13, 31), between('crowd', 31, 51)) AS peer_count,
    dice('length', 100) AS length,
    multiIf(length < 2, between('gone', 0, 2000), length < 15, between('short', 2000, 60000), length < 65, between('talk', 60000, 1200000),
        length < 95, between('meeting', 1200000, 4200000), between('day', 4200000, 14400000)) AS duration_ms,

    -- Evenly over the time, in the order of the numbers.
    {from_ms:Int64} + intDiv(toInt128(number) * span_ms + between('moment', 0, span_ms), {rooms:UInt64}) AS finalized_ms,
    finalized_ms - between('closing', 5000, 65000) AS ended_ms
SELECT
    number,
    {project_id:String} AS project_id,
    fromUnixTimestamp64Milli(toInt64(finalized_ms), 'UTC') AS finalized_at,
    lower(concat(hex(cityHash64({seed:UInt64}, number, 'session')), '-', leftPad(hex(number), 8, '0'))) AS session_id,
    toUInt64(1) AS version,
    -- A room comes back: few names for many rooms.
    concat(['standup', 'support', 'classe', 'sprechstunde', 'interview', '面談', 'café "Zoë"', 'team\\a/b'][1 + dice('kind', 8)], '-', toString(dice('room', greatest(1, intDiv({rooms:UInt64}, 7))))) AS room_id,
    if(dice('url', 20) = 0, '', concat('https://monitor.example/rooms/', session_id)) AS room_url,
    fromUnixTimestamp64Milli(toInt64(ended_ms - duration_ms), 'UTC') AS started_at,
    fromUnixTimestamp64Milli(toInt64(ended_ms), 'UTC') AS ended_at,

    toInt64(ended_ms - duration_ms) AS started_ms,
    toInt64(duration_ms) AS length_ms,
    toUInt64(peer_count) AS peers,
    dice('video', 100) < 82 AS has_video,
    dice('silent', 100) < 4 AS is_silent,
    dice('unmeasured', 100) < 2 AS is_unmeasured,
    dice('lossy', 100) < 12 AS is_lossy
FROM numbers({first:UInt64}, {count:UInt64})
