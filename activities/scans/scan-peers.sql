-- The peers of one range of rooms, one row each, as plain columns in the types of
-- document/history-contract.ts. A number that is no count (NaN, infinite, negative, a fraction) becomes NULL.
-- In a column that may be NULL it becomes the largest number instead, which no measurement reaches, so that
-- the two differ. The range is half-open and ordered by (finalized_at, session_id). The bounds of the session
-- id are its first bytes in hexadecimal, so that any bytes can be sent. finalized_at is compared by itself as
-- well, because only that condition reaches the primary key. The view is read by a subquery that names
-- columns and nothing else, so that no further column of an operator's view can take the place of an alias,
-- not even of the table's.
SELECT
    t.finalized_at AS finalized_at,
    t.session_id AS session_id,
    t.peer_id AS peer_id,
    toUInt64(t.version) AS version,
    t.joined_at AS joined_at,
    t.left_at AS left_at,
    accurateCastOrNull(t.connected_ms, 'UInt64') AS connected_ms,
    accurateCastOrNull(t.joins, 'UInt64') AS joins,
    toLowCardinality(ifNull(toString(t.os), '')) AS os,
    toLowCardinality(ifNull(toString(t.os_version), '')) AS os_version,
    toLowCardinality(ifNull(toString(t.browser), '')) AS browser,
    toLowCardinality(ifNull(toString(t.browser_version), '')) AS browser_version,
    toLowCardinality(ifNull(toString(t.sdk_version), '')) AS sdk_version,
    toLowCardinality(ifNull(toString(t.city), '')) AS city,
    toLowCardinality(ifNull(toString(t.country), '')) AS country,
    toLowCardinality(ifNull(toString(t.organization), '')) AS organization,
    toLowCardinality(ifNull(toString(t.connection_type), '')) AS connection_type,
    toLowCardinality(ifNull(toString(t.media_transport), '')) AS media_transport,
    toLowCardinality(ifNull(toString(t.end_reason), '')) AS end_reason,
    ifNull(toString(t.audio_device), '') AS audio_device,
    ifNull(toString(t.video_device), '') AS video_device,
    CAST(t.keys, 'Map(String, Array(String))') AS keys,
    if(isNull(t.call_setup_ms), NULL, ifNull(accurateCastOrNull(t.call_setup_ms, 'UInt64'), 18446744073709551615)) AS call_setup_ms,
    if(isNull(t.rating), NULL, ifNull(accurateCastOrNull(t.rating, 'UInt64'), 18446744073709551615)) AS rating
FROM
(
    SELECT
        finalized_at, session_id, peer_id, version, joined_at, left_at, connected_ms, joins, os, os_version,
        browser, browser_version, sdk_version, city, country, organization, connection_type, media_transport,
        end_reason, audio_device, video_device, keys, call_setup_ms, rating
    FROM export_peers
    WHERE project_id = {project_id:String}
        AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND finalized_at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        AND (finalized_at, session_id) >= (fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'), unhex({from_session:String}))
        AND (finalized_at, session_id) < (fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'), unhex({to_session:String}))
) AS t
