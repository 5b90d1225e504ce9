// The three statements that read one range of rooms as columns: rooms, peers and track totals, each in the
// order of its keys. The SQL is in activities/scans/scan-*.sql. This file chooses the columns that a field
// set reads, and the settings of a scan.
import type { ClickHouseSettings } from '@clickhouse/client';
import { columnsToRead } from '../../document/columns-to-read.ts';
import type { RoomRange } from '../../workflows/model/plan.ts';
import type { FieldSet } from '../../workflows/model/stream.ts';
import { PINNED_SETTINGS } from '../../clickhouse/pinned-settings.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';

/** One project's rooms, in the order (finalized_at, session_id). */
export interface RoomsRange extends RoomRange {
  projectId: string;
}

export const SCANS = ['rooms', 'peers', 'totals'] as const;
export type ScanName = (typeof SCANS)[number];

/** For `client.exec()`: the answer is a stream of columns, never parsed as text. */
export interface ScanStatement {
  query: string;
  query_params: Record<string, unknown>;
  clickhouse_settings: ClickHouseSettings;
}

const STATEMENTS: Readonly<Record<ScanName, { sql: string; order: string }>> = {
  rooms: {
    sql: readStatement(new URL('scan-rooms.sql', import.meta.url)),
    order: 'finalized_at, session_id',
  },
  peers: {
    sql: readStatement(new URL('scan-peers.sql', import.meta.url)),
    order: 'finalized_at, session_id, peer_id',
  },
  totals: {
    sql: readStatement(new URL('scan-track-totals.sql', import.meta.url)),
    order: 'finalized_at, session_id, peer_id',
  },
};

const SCAN_SETTINGS: ClickHouseSettings = {
  ...PINNED_SETTINGS,
  // Several ranges are read at once, each by one thread.
  max_threads: 1,
  enable_http_compression: 1,
};

/** The statement of one scan. The columns of `fields: standard` are a subset of those of `extended`. */
export function toScanStatement(scan: ScanName, range: RoomsRange, fields: FieldSet): ScanStatement {
  const { sql, order } = STATEMENTS[scan];
  const columns = columnsToRead(fields)[scan].join(', ');
  return {
    query: `SELECT ${columns}\nFROM (\n${sql}\n)\nORDER BY ${order}\nFORMAT ArrowStream`,
    query_params: {
      project_id: range.projectId,
      from_ms: range.from.finalizedAtMs,
      from_session: range.from.sessionHex,
      to_ms: range.to.finalizedAtMs,
      to_session: range.to.sessionHex,
    },
    clickhouse_settings: SCAN_SETTINGS,
  };
}

/** The query ids of a range's scans, with which a caller that abandons them can end the queries. */
export function scanQueryIds(queryId: string): string[] {
  return SCANS.map((scan) => scanQueryId(queryId, scan));
}

export function scanQueryId(queryId: string, scan: ScanName): string {
  return `${queryId}-${scan}`;
}
