// The finished rooms of a dry run: the text of each as the export writes it. The rows that an import would
// insert go to the export's own writer, as the columns that a scan of them would answer with. Everything
// happens in Node, and no ClickHouse is needed.
import { writeBatch } from '../activities/batch/write-batch.ts';
import { columnsToRead } from '../document/columns-to-read.ts';
import type { ScannedRange } from '../document/history-batches.ts';
import { VIEW_COLUMNS } from '../document/history-contract.ts';
import type { PeerRow, Room } from './rooms.ts';
import { toArrowStream } from './row-columns.ts';
import { byBytes } from './track-totals.ts';
import type { TrackTotalsRow } from './track-totals.ts';

/** All that a finished room is made from. */
export interface RoomsToFinish {
  projectId: string;
  finalizedAtMs: number;
  rooms: readonly Room[];
  /** In the order of sessions and peers. */
  trackTotals: readonly TrackTotalsRow[];
}

/** A dry run holds all of its rooms in memory, so this stops only what could not be held. */
const BYTES_MAX = 1024 * 1024 * 1024;
const BYTES_FIRST = 1024 * 1024;

/**
 * @returns one line of JSON for each room, in the order of the bytes of their session ids
 * @throws RoomTooLargeError, RangeMisjudgedError where the rooms have more bytes than fit into memory
 */
export function finishRooms(input: RoomsToFinish): string[] {
  const { body } = writeBatch(
    toScannedRange(input),
    {
      fields: 'standard',
      format: 'ndjson',
      compression: 'none',
      isFirst: true,
      isLast: true,
      bytesPlanned: BYTES_MAX,
    },
    new ArrayBuffer(BYTES_FIRST),
  );
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** What the three scans would answer if the rows had just been inserted. */
function toScannedRange({ projectId, finalizedAtMs, rooms, trackTotals }: RoomsToFinish): ScannedRange {
  const inserted = { project_id: projectId, finalized_at: finalizedAtMs, version: 1 };
  const columns = columnsToRead('standard');
  const inOrder = [...rooms].sort(bySession);
  return {
    rooms: toArrowStream(
      VIEW_COLUMNS.export_rooms,
      columns.rooms,
      inOrder.map(({ room }) => ({ ...room, ...inserted })),
    ),
    peers: toArrowStream(
      VIEW_COLUMNS.export_peers,
      columns.peers,
      inOrder.flatMap(({ peers }) => [...peers].sort(byId).map((peer) => ({ ...peer, ...inserted }))),
    ),
    totals: toArrowStream(
      VIEW_COLUMNS.export_track_totals,
      columns.totals,
      trackTotals.map((row) => ({ ...row, ...inserted })),
    ),
  };
}

function bySession({ room: a }: Room, { room: b }: Room): number {
  return byBytes(a.session_id, b.session_id);
}

function byId(a: PeerRow, b: PeerRow): number {
  return byBytes(a.peer_id, b.peer_id);
}
