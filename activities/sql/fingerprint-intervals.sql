-- What the history holds of several intervals of one length: for each the same counts and sums as fingerprint-range.sql gives for it alone. One pass
-- over the range for an audit of a day, where nothing has changed. Intervals without rows have no row; `place` counts from 0.
WITH
    fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS from_at,
    fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AS to_at
SELECT
    place,
    sumIf(rows, source = 'rooms') AS rooms,
    sumIf(rows, source = 'peers') AS peers,
    sumIf(rows, source = 'totals') AS totals,
    toString(sumWithOverflow(hashes)) AS hash
FROM
(
    SELECT
        'rooms' AS source,
        intDiv(toUnixTimestamp64Milli(finalized_at) - {from_ms:Int64}, {every_ms:Int64}) AS place,
        uniqExact(finalized_at, session_id) AS rows,
        sumWithOverflow(cityHash64('rooms', toUnixTimestamp64Milli(finalized_at), session_id, version)) AS hashes
    FROM export_rooms
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at < to_at
    GROUP BY place
    UNION ALL
    SELECT
        'peers' AS source,
        intDiv(toUnixTimestamp64Milli(finalized_at) - {from_ms:Int64}, {every_ms:Int64}) AS place,
        count() AS rows,
        sumWithOverflow(cityHash64('peers', toUnixTimestamp64Milli(finalized_at), session_id, peer_id, version)) AS hashes
    FROM export_peers
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at < to_at
    GROUP BY place
    UNION ALL
    SELECT
        'totals' AS source,
        intDiv(toUnixTimestamp64Milli(finalized_at) - {from_ms:Int64}, {every_ms:Int64}) AS place,
        count() AS rows,
        sumWithOverflow(cityHash64('totals', toUnixTimestamp64Milli(finalized_at), session_id, peer_id, media, direction, version)) AS hashes
    FROM export_track_totals
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at < to_at
    GROUP BY place
)
GROUP BY place
