// Lists the columns of the three views that a field set needs: those of its fields, those that the
// measurements are computed from, and those by which rows are ordered, merged and checked. It is derived from
// definition.ts, so that a new field includes its column.
import type { FieldSet } from '../workflows/model/stream.ts';
import { DIRECTION_FIELDS, PEER_FIELDS, ROOM_FIELDS } from './definition.ts';
import type { Field } from './definition.ts';
import { VIEW_COLUMNS } from './history-contract.ts';
import type { PeerColumn, RoomColumn, TotalColumn } from './history-contract.ts';

export interface ColumnsToRead {
  rooms: RoomColumn[];
  peers: PeerColumn[];
  totals: TotalColumn[];
}

/** The columns of each view that every field set reads. */
const ALWAYS: ColumnsToRead = {
  rooms: ['finalized_at', 'session_id', 'version', 'started_at', 'ended_at'],
  // Rows are checked the same in every field set: left_at and rating are among the checks.
  peers: [
    'finalized_at',
    'session_id',
    'peer_id',
    'version',
    'joined_at',
    'left_at',
    'connected_ms',
    'call_setup_ms',
    'rating',
  ],
  totals: [
    'finalized_at',
    'session_id',
    'peer_id',
    'media',
    'direction',
    'version',
    'bytes',
    'packets_lost',
    'packets_arrived',
    'active_ms',
    'bitrate_sq_ms',
    'jitter_us_sum',
    'jitter_count',
    'rtt_us_sum',
    'rtt_count',
    'pixel_ms',
    'sized_ms',
    'frames',
  ],
};

/** In the order of the contract. */
export function columnsToRead(fields: FieldSet): ColumnsToRead {
  return {
    rooms: inOrder(VIEW_COLUMNS.export_rooms, ALWAYS.rooms, namedBy(ROOM_FIELDS, fields)),
    peers: inOrder(VIEW_COLUMNS.export_peers, ALWAYS.peers, namedBy(PEER_FIELDS, fields)),
    totals: inOrder(VIEW_COLUMNS.export_track_totals, ALWAYS.totals, namedBy(DIRECTION_FIELDS, fields)),
  };
}

function namedBy<Column extends string>(all: readonly Field<Column>[], fields: FieldSet): string[] {
  return all.flatMap(({ value, fields: set }) => {
    if (set === 'extended' && fields === 'standard') return [];
    return [
      ...('column' in value ? [value.column] : []),
      ...('readings' in value ? [value.readings] : []),
      ...(value.kind === 'seconds' ? [value.of] : []),
    ];
  });
}

function inOrder<Column extends string>(
  view: Readonly<Record<Column, unknown>>,
  always: readonly Column[],
  named: readonly string[],
): Column[] {
  const wanted = new Set<string>([...always, ...named]);
  return (Object.keys(view) as Column[]).filter((column) => wanted.has(column));
}
