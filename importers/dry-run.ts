// An import that changes nothing: reads the dumps, puts rooms, peers and track totals together as the import
// does, and shows them with the finished rooms (finish-rooms.ts). All of that happens in Node; a dry run must
// never open ClickHouse.
import { finishRooms } from './finish-rooms.ts';
import { withReadFiles } from './import-files.ts';
import type { FileSummary, ImportOptions } from './import-files.ts';
import { ownedTicks, placePresences } from './place-presences.ts';
import { toRooms } from './rooms.ts';
import type { PeerRow, RoomRow } from './rooms.ts';
import { sumTrackTotals } from './track-totals.ts';
import type { TrackTotalsRow } from './track-totals.ts';

export interface DryRunResult {
  files: FileSummary[];
  rooms: RoomRow[];
  peers: PeerRow[];
  /** Rows of track_totals with every column, by session, peer, media and direction. */
  trackTotals: TrackTotalsRow[];
  /**
   * The rooms as the export writes them: the text of each, byte for byte. Empty where they were not asked
   * for.
   */
  finishedRooms: string[];
}

/** @param isFinished whether finished rooms are asked for */
export async function dryRunImport(
  paths: readonly string[],
  { isFinished = true, ...options }: ImportOptions & { isFinished?: boolean },
): Promise<DryRunResult> {
  const { projectId } = options;
  return withReadFiles(paths, options, async ({ files: read, summarize }) => {
    const files = read.filter((file) => file !== null);
    const found = files.flatMap(({ presences }) => presences.map(({ presence }) => presence));
    const rooms = toRooms(placePresences(found, []).placed);
    const trackTotals = await sumTrackTotals(ownedTicks(files, rooms, () => true));
    const sessionOf = new Map(
      rooms.flatMap(({ room, presences }) =>
        presences.map(({ sourceId }) => [sourceId, room.session_id] as const),
      ),
    );
    // Any time will do, the same for all rooms and the same in every dry run of the same files.
    const finalizedAtMs = options.finalizedAtMs ?? DRY_RUN_FINALIZED_MS;
    const finishedRooms = isFinished ? finishRooms({ projectId, finalizedAtMs, rooms, trackTotals }) : [];
    if (isFinished && finishedRooms.length !== rooms.length)
      throw new Error(`the export made ${finishedRooms.length} rooms of ${rooms.length} imported`);
    return {
      files: summarize({ sessionOf, wasIn: new Set() }),
      rooms: rooms.map(({ room }) => room),
      peers: rooms.flatMap(({ peers }) => peers),
      trackTotals,
      finishedRooms,
    };
  });
}

/** 2000-01-01T00:00:00Z: plainly no time at which anything was finalised. */
const DRY_RUN_FINALIZED_MS = 946_684_800_000;

/** One JSON document; finished rooms stand in it exactly as the export writes them. */
export function toDryRunJson({ files, rooms, peers, trackTotals, finishedRooms }: DryRunResult): string {
  const rows = (items: readonly object[]): string => block(items.map(toJson));
  return [
    '{',
    `"files": ${rows(files.map(toFileRow))},`,
    `"rooms": ${rows(rooms.map(withIsoTimes))},`,
    `"peers": ${rows(peers.map(withIsoTimes))},`,
    `"track_totals": ${rows(trackTotals)},`,
    `"finished_rooms": ${block(finishedRooms)}`,
    '}',
  ].join('\n');
}

/** A summary with its names as those of the columns are written. */
export function toFileRow(file: FileSummary): Record<string, unknown> {
  const { isNamed, wasAlreadyIn, leftOut, error, ...counts } = file;
  return {
    ...counts,
    is_named: isNamed,
    was_already_in: wasAlreadyIn,
    left_out: leftOut.map(({ reason, count, firstPlace }) => ({ reason, count, first_place: firstPlace })),
    error,
  };
}

/** As JSON.stringify, with whole numbers of any size written out. */
function toJson(row: object): string {
  const fields = (Object.entries(row) as [string, unknown][]).map(
    ([name, value]) =>
      `${JSON.stringify(name)}:${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`,
  );
  return `{${fields.join(',')}}`;
}

function block(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[\n${texts.join(',\n')}\n]`;
}

/** Times as text, as in the finished rooms. */
export function withIsoTimes(row: RoomRow | PeerRow): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    written[name] = name.endsWith('_at') && typeof value === 'number' ? new Date(value).toISOString() : value;
  }
  return written;
}
