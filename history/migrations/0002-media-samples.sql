-- The raw ticks: what changed for one peer, connection, media and direction since the tick before, concurrent
-- tracks summed. The same tick delivered twice is one row. The export never reads this table; analyse
-- computes the track totals from it.
CREATE TABLE IF NOT EXISTS media_samples
(
    project_id      LowCardinality(String),
    session_id      String,
    peer_id         String,
    connection_id   String,
    media           LowCardinality(String),
    direction       LowCardinality(String),
    codec           LowCardinality(String),
    tick_end        DateTime64(3, 'UTC'),
    tick_ms         UInt32,
    bytes           UInt64,
    packets         UInt64,
    packets_lost    Int64,
    packets_arrived UInt64,
    jitter_us       Nullable(UInt32),
    rtt_us_sum      UInt64,
    rtt_count       UInt32,
    rtt_us_max      UInt32,
    pixels          UInt32,
    frames          UInt32,
    width           UInt16,
    height          UInt16,
    freezes         UInt32,
    delivered_at    DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(delivered_at)
PARTITION BY toYYYYMM(tick_end)
ORDER BY (project_id, session_id, peer_id, connection_id, media, direction, tick_end);
