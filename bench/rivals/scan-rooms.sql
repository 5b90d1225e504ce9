-- Floor of every export: the columns of the rooms that the document needs, in the order of the view's key.
SELECT finalized_at, session_id, version, room_id, room_url, started_at, ended_at
FROM export_rooms
WHERE project_id = {project_id:String}
    AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY finalized_at, session_id
FORMAT ArrowStream
