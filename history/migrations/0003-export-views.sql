-- The contract with the exporter: three views of the rows that hold. An operator with other tables writes
-- these three himself.
CREATE OR REPLACE VIEW export_rooms AS SELECT * FROM rooms FINAL;

CREATE OR REPLACE VIEW export_peers AS SELECT * FROM peers FINAL;

CREATE OR REPLACE VIEW export_track_totals AS SELECT * FROM track_totals FINAL;
