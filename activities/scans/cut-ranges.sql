-- Cuts an interval's rooms, in the order of the file, into ranges of about {range_bytes} bytes of raw JSON
-- each, and returns where each range begins. The size of a room is estimated: what its keys and numbers take,
-- plus the text that the history holds for it. A bound is the first 256 bytes of a session id in hexadecimal:
-- an id can be of any bytes and any length, what a request holds cannot. The views are read by subqueries
-- that name columns and nothing else, so that no further column of an operator's view can take the place of
-- an alias.
WITH
    named_peers AS
    (
        SELECT finalized_at, session_id, keys, audio_device, video_device
        FROM export_peers
        WHERE project_id = {project_id:String}
            AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
            AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ),
    named_rooms AS
    (
        SELECT finalized_at, session_id
        FROM export_rooms
        WHERE project_id = {project_id:String}
            AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
            AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ),
    peers_of_rooms AS
    (
        SELECT
            finalized_at,
            session_id,
            count() AS peers,
            sum(byteSize(keys, audio_device, video_device)) AS text_bytes
        FROM named_peers
        GROUP BY finalized_at, session_id
    ),
    sized_rooms AS
    (
        SELECT
            r.finalized_at AS finalized_at,
            r.session_id AS session_id,
            toUInt64({bytes_per_room:UInt64} + {bytes_per_peer:UInt64} * p.peers + p.text_bytes) AS bytes
        FROM named_rooms AS r
        LEFT JOIN peers_of_rooms AS p ON r.finalized_at = p.finalized_at AND r.session_id = p.session_id
    ),
    placed_rooms AS
    (
        SELECT
            finalized_at,
            session_id,
            bytes,
            intDiv(sum(bytes) OVER (ORDER BY finalized_at, session_id ROWS UNBOUNDED PRECEDING) - bytes, {range_bytes:UInt64}) AS place
        FROM sized_rooms
    )
SELECT
    toUnixTimestamp64Milli(min((finalized_at, session_id)).1) AS first_finalized_at_ms,
    hex(substring(min((finalized_at, session_id)).2, 1, 256)) AS first_session,
    sum(bytes) AS range_bytes
FROM placed_rooms
GROUP BY place
ORDER BY place
