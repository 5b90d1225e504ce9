-- The finalised history: one row per room, peer and track total. Sorted so that an interval of one project
-- lies together on disk. A correction inserts the row again with a higher version; finalized_at is set once
-- and never changes.
CREATE TABLE IF NOT EXISTS rooms
(
    project_id   LowCardinality(String),
    finalized_at DateTime64(3, 'UTC'),
    session_id   String,
    version      UInt64,
    room_id      String,
    room_url     String,
    started_at   DateTime64(3, 'UTC'),
    ended_at     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(finalized_at)
ORDER BY (project_id, finalized_at, session_id)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS peers
(
    project_id      LowCardinality(String),
    finalized_at    DateTime64(3, 'UTC'),
    session_id      String,
    peer_id         String,
    version         UInt64,
    joined_at       DateTime64(3, 'UTC'),
    left_at         DateTime64(3, 'UTC'),
    connected_ms    UInt64,
    joins           UInt16,
    os              LowCardinality(String),
    os_version      LowCardinality(String),
    browser         LowCardinality(String),
    browser_version LowCardinality(String),
    sdk_version     LowCardinality(String),
    city            LowCardinality(String),
    country         LowCardinality(String),
    organization    LowCardinality(String),
    connection_type LowCardinality(String),
    media_transport LowCardinality(String),
    audio_device    String,
    video_device    String,
    end_reason      LowCardinality(String),
    keys            Map(String, Array(String)),
    call_setup_ms   Nullable(UInt32),
    rating          Nullable(UInt8)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(finalized_at)
ORDER BY (project_id, finalized_at, session_id, peer_id)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS track_totals
(
    project_id      LowCardinality(String),
    finalized_at    DateTime64(3, 'UTC'),
    session_id      String,
    peer_id         String,
    media           LowCardinality(String),
    direction       LowCardinality(String),
    version         UInt64,
    bytes           UInt64,
    packets         UInt64,
    packets_lost    Int64,
    packets_arrived UInt64,
    active_ms       UInt64,
    bitrate_sq_ms   UInt64,
    jitter_us_sum   UInt64,
    jitter_count    UInt64,
    jitter_us_max   UInt32,
    rtt_us_sum      UInt64,
    rtt_count       UInt64,
    rtt_us_max      UInt32,
    pixel_ms        UInt64,
    sized_ms        UInt64,
    frames          UInt64,
    width_max       UInt16,
    height_max      UInt16,
    freezes         UInt32,
    codec           LowCardinality(String)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(finalized_at)
ORDER BY (project_id, finalized_at, session_id, peer_id, media, direction)
SETTINGS index_granularity = 2048;
