-- The exporter's user on a ClickHouse server of your own: reads the three views, and the tables behind them,
-- because a view reads with the rights of the one who asks. Not a migration: run it once as an administrator,
-- with your database, name and password, e.g.
--   clickhouse client --multiquery < grants.sql readonly = 2 refuses every change but lets the export state
--   the settings of its output; 1 would refuse those too.
CREATE USER IF NOT EXISTS exporter IDENTIFIED WITH sha256_password BY 'a-password-of-your-own' SETTINGS readonly = 2;

GRANT SELECT ON room_history.export_rooms TO exporter;
GRANT SELECT ON room_history.export_peers TO exporter;
GRANT SELECT ON room_history.export_track_totals TO exporter;

-- Of views that you write yourself: whatever they read, instead of these.
GRANT SELECT ON room_history.rooms TO exporter;
GRANT SELECT ON room_history.peers TO exporter;
GRANT SELECT ON room_history.track_totals TO exporter;
