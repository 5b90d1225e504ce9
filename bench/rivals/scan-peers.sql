-- Floor of every export: the columns of the peers that the document needs, in the order of the view's key.
SELECT finalized_at, session_id, peer_id, version, joined_at, left_at, connected_ms, os, os_version, browser, browser_version, sdk_version,
    city, country, organization, connection_type, media_transport, audio_device, video_device, keys, call_setup_ms
FROM export_peers
WHERE project_id = {project_id:String}
    AND finalized_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND finalized_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY finalized_at, session_id, peer_id
FORMAT ArrowStream
