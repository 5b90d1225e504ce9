-- What importers have brought in: one client's stay in one room a row, so that another file of the same room
-- can be joined to it and the same file again adds nothing. Neither the export nor analyse reads it.
CREATE TABLE IF NOT EXISTS imported_presences
(
    project_id LowCardinality(String),
    room_key   String,
    session_id String,
    source_id  String,
    version    UInt64,
    presence   String
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, room_key, session_id, source_id);
