// Joins the rows of the three scans, room by room. It decides which rows count, assigns peers and totals,
// collects faults, and computes the measures of every peer and of the room. Rows come in the order of their
// keys, so one pass over each scan is enough.
import { isUtf8 } from 'node:buffer';
import { DirectionMeasures, DirectionSums, senderRttMs } from '../measurements/direction.ts';
import type { DirectionKind } from '../measurements/direction.ts';
import { DIRECTION_NAMES, fillPeerRow, ROW_LENGTH, RoomMeans } from '../measurements/peer.ts';
import type { MeasuredPeer } from '../measurements/peer.ts';
import { DURATION_MS_MAX, MISSING, QUANTITY_MAX } from '../measurements/quantities.ts';
import { Cursor, RowList } from './cursor.ts';
import { FAULT } from './faults.ts';
import type { HistoryBatches, PeerBatch, RoomBatch, TotalBatch } from './history-batches.ts';
import { isRating, peerFaults } from './peer-faults.ts';
import { sortByStart } from './peer-order.ts';
import { compareRooms, compareTexts, holdsOver, isSameRoom, isSameText } from './row-order.ts';
import { knownDirection, readSums } from './total-sums.ts';
import type { TotalRow } from './total-sums.ts';

/** Rows came in a different order than requested. */
export class WrongOrderError extends Error {
  override readonly name = 'WrongOrderError';
}

const DIRECTIONS = DIRECTION_NAMES.length;

/** By `directionIndex`. */
const KINDS: readonly DirectionKind[] = [false, true].flatMap((isVideo) =>
  [true, false].map((isSend) => ({ isVideo, isSend })),
);

/**
 * The room's data for `#gather`. The object is reused, because objects made for every room keep the garbage
 * collector busy.
 */
interface GatheredRoom {
  previous: RoomBatch | undefined;
  previousRow: number;
  room: RoomBatch | undefined;
  roomRow: number;
}

/** The peers of the current room, in the order of their ids; `order` gives the order of the file. */
export class RoomReader {
  /** The row that holds of the current room. */
  room: RoomBatch | undefined;
  roomRow = 0;
  /** Bits of `FAULT`: what is wrong with any row of the current room. */
  faults = 0;
  readonly peers = new RowList<PeerBatch>();
  /** Indices into `peers`, by start time and then by id. */
  readonly order: number[] = [];
  /** Measures of all peers, ROW_LENGTH numbers each, in the order of `peers`. */
  measures = new Float64Array(64 * ROW_LENGTH);
  readonly means = new RoomMeans();
  readonly #rooms: Cursor<RoomBatch>;
  readonly #peers: Cursor<PeerBatch>;
  readonly #totals: Cursor<TotalBatch>;
  readonly #roomTotals = new RowList<TotalBatch>();
  /** The totals of the current room's peers that hold, four for each peer, by `directionIndex`. */
  readonly #totalBatches: (TotalBatch | undefined)[] = [];
  readonly #totalRows: number[] = [];
  /** The totals of the current room that no peer can show, by their keys. There are rarely any. */
  readonly #others = new Set<string>();
  readonly #directions = Array.from({ length: DIRECTIONS }, () => new DirectionMeasures());
  readonly #measured: MeasuredPeer = { callSetupMs: MISSING, rating: MISSING, directions: [] };
  readonly #gathered: GatheredRoom = { previous: undefined, previousRow: 0, room: undefined, roomRow: 0 };
  #total: TotalRow | undefined;
  readonly #sums = new DirectionSums();
  readonly #spare = new DirectionMeasures();

  constructor({ rooms, peers, totals }: HistoryBatches) {
    this.#rooms = new Cursor(rooms);
    this.#peers = new Cursor(peers);
    this.#totals = new Cursor(totals);
  }

  /** Rows passed so far; at the end all rows of each scan. */
  get rowsRead(): { peers: number; totals: number } {
    return { peers: this.#peers.passed, totals: this.#totals.passed };
  }

  /**
   * Moves to the next room. Returns false behind the last one, with all rows read. @throws WrongOrderError
   */
  next(): boolean {
    const previous = this.room;
    const previousRow = this.roomRow;
    const { batch, row } = this.#rooms;
    if (previous !== undefined && batch !== undefined && compareRooms(previous, previousRow, batch, row) >= 0)
      throw new WrongOrderError('rooms are not in the order of their keys');
    this.faults = 0;
    this.peers.clear();
    this.#roomTotals.clear();
    const at = this.#gathered;
    at.previous = previous;
    at.previousRow = previousRow;
    at.room = batch;
    at.roomRow = row;
    this.#gather(this.#peers, at, this.peers);
    this.#gather(this.#totals, at, this.#roomTotals);
    if (batch === undefined) return false;
    this.#takeRoom(batch, row);
    this.#takePeers();
    this.#takeTotals();
    this.#measure();
    sortByStart(this.peers, this.order);
    return true;
  }

  /** The total that holds of a peer's direction; undefined where there is none. */
  totalOf(peer: number, direction: number): TotalBatch | undefined {
    return this.#totalBatches[peer * DIRECTIONS + direction];
  }

  totalRowOf(peer: number, direction: number): number {
    return this.#totalRows[peer * DIRECTIONS + direction] ?? 0;
  }

  /** Takes the rows of the current room, and skips rows of rooms that were not read. */
  #gather<Batch extends PeerBatch | TotalBatch>(
    cursor: Cursor<Batch>,
    { room, roomRow, previous, previousRow }: GatheredRoom,
    into: RowList<Batch>,
  ): void {
    let isInOrder = true;
    for (let { batch } = cursor; batch !== undefined; { batch } = cursor) {
      if (room === undefined || !isSameRoom(batch, cursor.row, room, roomRow)) {
        if (room !== undefined && compareRooms(batch, cursor.row, room, roomRow) > 0) break;
        if (previous !== undefined && compareRooms(batch, cursor.row, previous, previousRow) <= 0)
          throw new WrongOrderError('peers or track totals are not in the order of their rooms');
      } else {
        const last = into.length - 1;
        isInOrder &&=
          last < 0 ||
          compareTexts(into.batchAt(last).peerId, into.rowAt(last), batch.peerId, cursor.row) <= 0;
        into.push(batch, cursor.row);
      }
      cursor.next();
    }
    if (!isInOrder) into.sort((a, b) => compareTexts(a.batch.peerId, a.row, b.batch.peerId, b.row));
  }

  /** Chooses among the rows of one room, which are neighbours. */
  #takeRoom(first: RoomBatch, firstRow: number): void {
    this.room = first;
    this.roomRow = firstRow;
    for (;;) {
      this.#rooms.next();
      const { batch, row } = this.#rooms;
      if (batch === undefined || !isSameRoom(batch, row, first, firstRow)) break;
      this.faults |= FAULT.room_twice;
      if (holdsOver('rooms', { batch: this.room, row: this.roomRow }, { batch, row })) continue;
      this.room = batch;
      this.roomRow = row;
    }
    const { session } = this.room;
    if (!session.isValid && !isUtf8(session.bytesAt(this.roomRow))) this.faults |= FAULT.text;
    const lasted = this.room.endedAt.at(this.roomRow) - this.room.startedAt.at(this.roomRow);
    if (lasted < 0 || lasted > DURATION_MS_MAX) this.faults |= FAULT.room_time;
  }

  /** Leaves one row for each peer. */
  #takePeers(): void {
    const peers = this.peers;
    let kept = 0;
    for (let index = 0; index < peers.length; index++) {
      const batch = peers.batchAt(index);
      const row = peers.rowAt(index);
      this.faults |= peerFaults(batch, row);
      const last = kept - 1;
      if (last < 0 || !isSameText(peers.batchAt(last).peerId, peers.rowAt(last), batch.peerId, row)) {
        peers.set(kept++, batch, row);
        continue;
      }
      this.faults |= FAULT.peer_twice;
      const held = { batch: peers.batchAt(last), row: peers.rowAt(last) };
      if (!holdsOver('peers', held, { batch, row })) peers.set(last, batch, row);
    }
    peers.length = kept;
  }

  /** Gives every total to its peer. Both are in the order of the peers' ids. */
  #takeTotals(): void {
    const { peers } = this;
    const totals = this.#roomTotals;
    this.#totalBatches.fill(undefined, 0, peers.length * DIRECTIONS);
    this.#others.clear();
    let peer = 0;
    for (let index = 0; index < totals.length; index++) {
      const batch = totals.batchAt(index);
      const row = totals.rowAt(index);
      let order = -1;
      while (peer < peers.length) {
        order = compareTexts(peers.batchAt(peer).peerId, peers.rowAt(peer), batch.peerId, row);
        if (order >= 0) break;
        peer += 1;
      }
      if (peer < peers.length && order === 0) this.#takeTotal(peer, batch, row);
      else this.faults |= FAULT.total_of_nobody | this.#faultsOfOther(batch, row);
    }
  }

  /**
   * The faults of a total that no peer can show, because its peer is missing or its kind is unknown. Such a
   * total may also appear only once.
   */
  #faultsOfOther(batch: TotalBatch, row: number): number {
    const peerId = Buffer.from(batch.peerId.bytesAt(row)).toString('latin1');
    const key = JSON.stringify([peerId, batch.media.at(row).bytes, batch.direction.at(row).bytes]);
    const isTwice = this.#others.has(key);
    this.#others.add(key);
    return (isTwice ? FAULT.total_twice : 0) | this.#faultsOfTotal(batch, row);
  }

  #takeTotal(peer: number, batch: TotalBatch, row: number): void {
    const direction = knownDirection(batch, row);
    if (direction === -1) {
      this.faults |= this.#faultsOfOther(batch, row);
      return;
    }
    const at = peer * DIRECTIONS + direction;
    const held = this.#totalBatches[at];
    if (held !== undefined) {
      this.faults |= FAULT.total_twice;
      const heldRow = this.#totalRows[at] ?? 0;
      if (holdsOver('totals', { batch: held, row: heldRow }, { batch, row })) {
        this.faults |= this.#faultsOfTotal(batch, row);
        return;
      }
      this.faults |= this.#faultsOfTotal(held, heldRow);
    }
    this.#totalBatches[at] = batch;
    this.#totalRows[at] = row;
  }

  /** The faults of a total that is not shown. */
  #faultsOfTotal(batch: TotalBatch, row: number): number {
    const isVideo = batch.media.at(row).bytes === 'video';
    const isSend = batch.direction.at(row).bytes === 'send';
    const isBroken = readSums(this.#sums, { batch, row }, { isVideo, isSend });
    this.#spare.measure(this.#sums, { isVideo, isSend }, MISSING);
    return (
      (knownDirection(batch, row) === -1 ? FAULT.total_kind : 0) |
      (isBroken ? FAULT.total_count : 0) |
      (this.#spare.isTooLarge ? FAULT.too_large : 0)
    );
  }

  #measure(): void {
    const { peers, means } = this;
    if (this.measures.length < peers.length * ROW_LENGTH)
      this.measures = new Float64Array(2 * peers.length * ROW_LENGTH);
    means.clear();
    for (let peer = 0; peer < peers.length; peer++) {
      for (let direction = 0; direction < DIRECTIONS; direction += 2) this.#measureMedium(peer, direction);
      const batch = peers.batchAt(peer);
      const row = peers.rowAt(peer);
      const from = peer * ROW_LENGTH;
      const callSetupMs = batch.callSetupMs.at(row);
      const rating = batch.rating.at(row);
      this.#measured.callSetupMs = callSetupMs <= QUANTITY_MAX ? callSetupMs : MISSING;
      this.#measured.rating = isRating(rating) ? rating : MISSING;
      fillPeerRow(this.measures, from, this.#measured);
      means.add(this.measures, from);
    }
    means.finish();
  }

  /** Both directions of a medium; `send` is the index of its send. */
  #measureMedium(peer: number, send: number): void {
    let rttMs = MISSING;
    for (let direction = send; direction < send + 2; direction++) {
      const batch = this.totalOf(peer, direction);
      const measures = this.#directions[direction];
      const kind = KINDS[direction];
      this.#measured.directions[direction] = batch === undefined ? undefined : measures;
      if (batch === undefined || measures === undefined || kind === undefined) continue;
      const total = (this.#total ??= { batch, row: 0 });
      total.batch = batch;
      total.row = this.totalRowOf(peer, direction);
      const isBroken = readSums(this.#sums, total, kind);
      if (kind.isSend) rttMs = senderRttMs(this.#sums);
      measures.measure(this.#sums, kind, rttMs);
      if (isBroken) this.faults |= FAULT.total_count;
      if (measures.isTooLarge) this.faults |= FAULT.too_large;
    }
  }
}
