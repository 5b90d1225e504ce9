-- The rooms of one range, one row each, as plain columns in the types of document/history-contract.ts. The
-- range is half-open and ordered by (finalized_at, session_id). The bounds of the session id are its first
-- bytes in hexadecimal, so that any bytes can be sent. finalized_at is compared by itself as well, because
-- only that condition reaches the primary key. The view is read by a subquery that names columns and nothing
-- else, so that no further column of an operator's view can take the place of an alias, not even of the
-- table's.
SELECT
    t.finalized_at AS finalized_at,
    t.session_id AS session_id,
    toUInt64(t.version) AS version,
    ifNull(toString(t.room_id), '') AS room_id,
    ifNull(toString(t.room_url), '') AS room_url,
    t.started_at AS started_at,
    t.ended_at AS ended_at
FROM
(
    SELECT
        finalized_at, session_id, version, room_id, room_url, started_at, ended_at
    FROM export_rooms
    WHERE project_id = {project_id:String}
        AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), unhex({from_session:String}))
        AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), unhex({to_session:String}))
) AS t
