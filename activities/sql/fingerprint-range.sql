-- What the history holds of a range: how many rows, and the wrapping sum of hashes over their keys and versions. Two readings with
-- the same answer saw the same rows, because whatever changes in a finalised room raises the version of the rows changed.
WITH
    fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS from_at,
    fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AS to_at
SELECT
    sumIf(rows, source = 'rooms') AS rooms,
    sumIf(rows, source = 'peers') AS peers,
    sumIf(rows, source = 'totals') AS totals,
    toString(sumWithOverflow(hashes)) AS hash
FROM
(
    SELECT
        'rooms' AS source,
        -- A room that has several rows is one line of the file.
        uniqExact(finalized_at, session_id) AS rows,
        sumWithOverflow(cityHash64('rooms', toUnixTimestamp64Milli(finalized_at), session_id, version)) AS hashes
    FROM export_rooms
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at <= to_at
        AND (finalized_at, session_id) >= (from_at, {from_session_id:String})
        AND (finalized_at, session_id) < (to_at, {to_session_id:String})
    UNION ALL
    SELECT
        'peers' AS source,
        count() AS rows,
        sumWithOverflow(cityHash64('peers', toUnixTimestamp64Milli(finalized_at), session_id, peer_id, version)) AS hashes
    FROM export_peers
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at <= to_at
        AND (finalized_at, session_id) >= (from_at, {from_session_id:String})
        AND (finalized_at, session_id) < (to_at, {to_session_id:String})
    UNION ALL
    SELECT
        'totals' AS source,
        count() AS rows,
        sumWithOverflow(cityHash64('totals', toUnixTimestamp64Milli(finalized_at), session_id, peer_id, media, direction, version)) AS hashes
    FROM export_track_totals
    WHERE project_id = {project_id:String}
        AND finalized_at >= from_at
        AND finalized_at <= to_at
        AND (finalized_at, session_id) >= (from_at, {from_session_id:String})
        AND (finalized_at, session_id) < (to_at, {to_session_id:String})
)
