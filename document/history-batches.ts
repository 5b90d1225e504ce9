// The rows of the three scans as typed columns, one object per record batch. Decodes an Arrow stream and
// names its columns; what the rows mean is decided in room-reader.ts.
import { RecordBatchReader } from 'apache-arrow';
import { isMissing } from '../measurements/quantities.ts';
import type { FieldSet } from '../workflows/model/stream.ts';
import { BatchColumns } from './arrow-columns.ts';
import type { CountColumn, KeysColumn, SignedColumn, TextColumn, WordColumn } from './arrow-columns.ts';
import { PEER_FIELDS } from './definition.ts';
import { FAULT, isFaultCode } from './faults.ts';
import { jsonPlan } from './json-plan.ts';
import type { ColumnNames, StepList } from './json-plan.ts';

/** An answer without its end, or one that is no Arrow stream. */
export class BrokenStreamError extends Error {
  override readonly name = 'BrokenStreamError';
}

/** The last eight bytes of a stream: a marker, and no further message. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** Whether these are the last bytes of a whole stream. */
export function endsStream(stream: Uint8Array): boolean {
  return END_OF_STREAM.equals(stream.subarray(-END_OF_STREAM.length));
}

/**
 * The batches of a stream; none when nothing was read.
 * @throws BrokenStreamError when the stream has no end or cannot be decoded
 */
export function decodeBatches<Batch>(stream: Uint8Array, open: (columns: BatchColumns) => Batch): Batch[] {
  if (stream.length === 0) return [];
  if (!endsStream(stream)) throw new BrokenStreamError('the stream of columns has no end');
  try {
    const batches: Batch[] = [];
    for (const batch of RecordBatchReader.from(stream)) {
      if (batch.numRows > 0) batches.push(open(new BatchColumns(batch)));
    }
    return batches;
  } catch (error) {
    throw new BrokenStreamError('the stream of columns cannot be read', { cause: error });
  }
}

/** The columns that the document shows, in the order in which its steps name them. */
export class ShownColumns {
  readonly texts: TextColumn[];
  readonly words: WordColumn[];
  readonly counts: CountColumn[];
  readonly signed: SignedColumn[];
  readonly times: SignedColumn[];
  readonly keys: KeysColumn[];

  constructor(columns: BatchColumns, names: ColumnNames) {
    this.texts = names.texts.map((name) => columns.text(name));
    this.words = names.words.map((name) => columns.word(name));
    this.counts = names.counts.map((name) => columns.count(name));
    this.signed = names.signed.map((name) => columns.signed(name));
    this.times = names.times.map((name) => columns.time(name));
    this.keys = names.keys.map((name) => columns.keys(name));
  }
}

/** Identifies the room of a row, and decides which of several rows with one key counts. */
export class RowKeys {
  readonly rows: number;
  /** Epoch milliseconds. */
  readonly finalizedAt: SignedColumn;
  readonly session: TextColumn;
  readonly version: CountColumn;
  readonly #columns: BatchColumns;

  constructor(columns: BatchColumns) {
    this.rows = columns.rows;
    this.finalizedAt = columns.time('finalized_at');
    this.session = columns.text('session_id');
    this.version = columns.count('version');
    this.#columns = columns;
  }

  /** All columns, for comparing the content of rows. */
  get all(): BatchColumns {
    return this.#columns;
  }
}

export class RoomBatch extends RowKeys {
  readonly startedAt: SignedColumn;
  readonly endedAt: SignedColumn;
  readonly shown: ShownColumns;

  constructor(columns: BatchColumns, names: ColumnNames) {
    super(columns);
    this.startedAt = columns.time('started_at');
    this.endedAt = columns.time('ended_at');
    this.shown = new ShownColumns(columns, names);
  }
}

/** A column of which only some words are allowed, and the fault of any other. */
interface CheckedWords {
  column: WordColumn;
  words: readonly string[];
  fault: number;
}

export class PeerBatch extends RowKeys {
  readonly peerId: TextColumn;
  readonly joinedAt: SignedColumn;
  readonly leftAt: SignedColumn;
  readonly connectedMs: CountColumn;
  readonly callSetupMs: CountColumn;
  readonly rating: CountColumn;
  readonly checkedWords: CheckedWords[];
  readonly shown: ShownColumns;

  constructor(columns: BatchColumns, names: ColumnNames) {
    super(columns);
    this.peerId = columns.text('peer_id');
    this.joinedAt = columns.time('joined_at');
    this.leftAt = columns.time('left_at');
    this.connectedMs = columns.count('connected_ms');
    this.callSetupMs = columns.count('call_setup_ms');
    this.rating = columns.count('rating');
    this.shown = new ShownColumns(columns, names);
    this.checkedWords = PEER_FIELDS.flatMap(({ value }) =>
      value.kind === 'enum' && isFaultCode(value.column)
        ? [{ column: columns.word(value.column), words: value.words, fault: FAULT[value.column] }]
        : [],
    );
  }
}

export class TotalBatch extends RowKeys {
  readonly peerId: TextColumn;
  readonly media: WordColumn;
  readonly direction: WordColumn;
  readonly bytes: CountColumn;
  readonly packetsLost: SignedColumn;
  readonly packetsArrived: CountColumn;
  readonly activeMs: CountColumn;
  readonly bitrateSqMs: CountColumn;
  readonly jitterUsSum: CountColumn;
  readonly jitterCount: CountColumn;
  readonly rttUsSum: CountColumn;
  readonly rttCount: CountColumn;
  readonly pixelMs: CountColumn;
  readonly sizedMs: CountColumn;
  readonly frames: CountColumn;
  readonly shown: ShownColumns;
  /** The counts that each direction shows, by `directionIndex`. */
  readonly #shownCounts: readonly CountColumn[][];

  constructor(columns: BatchColumns, { shownCounts, totalColumns: names }: StepList) {
    super(columns);
    this.peerId = columns.text('peer_id');
    this.media = columns.word('media');
    this.direction = columns.word('direction');
    this.bytes = columns.count('bytes');
    this.packetsLost = columns.signed('packets_lost');
    this.packetsArrived = columns.count('packets_arrived');
    this.activeMs = columns.count('active_ms');
    this.bitrateSqMs = columns.count('bitrate_sq_ms');
    this.jitterUsSum = columns.count('jitter_us_sum');
    this.jitterCount = columns.count('jitter_count');
    this.rttUsSum = columns.count('rtt_us_sum');
    this.rttCount = columns.count('rtt_count');
    this.pixelMs = columns.count('pixel_ms');
    this.sizedMs = columns.count('sized_ms');
    this.frames = columns.count('frames');
    this.shown = new ShownColumns(columns, names);
    const { counts } = this.shown;
    this.#shownCounts = shownCounts.map((places) => places.flatMap((place) => counts[place] ?? []));
  }

  /** Whether a count that this direction shows is none. */
  isShownCountMissing(row: number, direction: number): boolean {
    for (const column of this.#shownCounts[direction] ?? []) if (isMissing(column.at(row))) return true;
    return false;
  }
}

/** The bytes of the three scans of one range. */
export interface ScannedRange {
  rooms: Uint8Array;
  peers: Uint8Array;
  totals: Uint8Array;
}

export interface HistoryBatches {
  rooms: RoomBatch[];
  peers: PeerBatch[];
  totals: TotalBatch[];
}

/** @throws BrokenStreamError */
export function openBatches(range: ScannedRange, fields: FieldSet): HistoryBatches {
  const { room, peer } = jsonPlan(fields);
  return {
    rooms: decodeBatches(range.rooms, (columns) => new RoomBatch(columns, room.columns)),
    peers: decodeBatches(range.peers, (columns) => new PeerBatch(columns, peer.columns)),
    totals: decodeBatches(range.totals, (columns) => new TotalBatch(columns, peer)),
  };
}
