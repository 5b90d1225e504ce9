// Writes the current room of a RoomReader as one line of JSON, by the steps of json-plan.ts. Only reads rows
// and writes bytes: what is decided about the rows was decided in room-reader.ts.
import { ROW_LENGTH } from '../measurements/peer.ts';
import { isMissing, MISSING } from '../measurements/quantities.ts';
import type { FieldSet } from '../workflows/model/stream.ts';
import type { CountColumn, KeysColumn, SignedColumn, TextColumn } from './arrow-columns.ts';
import type { ByteWriter } from './byte-writer.ts';
import { FAULT } from './faults.ts';
import type { ShownColumns } from './history-batches.ts';
import { jsonPlan, STEP } from './json-plan.ts';
import type { Step, StepList } from './json-plan.ts';
import { EMPTY_WORD } from './json-text.ts';
import { brokenKeysOf, sortEntries } from './room-keys.ts';
import type { RoomReader } from './room-reader.ts';
import { isSameText } from './row-order.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const [OPEN_OBJECT, CLOSE_OBJECT] = [0x7b, 0x7d];
const [OPEN_ARRAY, CLOSE_ARRAY] = [0x5b, 0x5d];

/** The columns of the level that a step reads, and the row. */
interface ShownRow {
  columns: ShownColumns;
  row: number;
}

export class JsonRooms {
  readonly #room: StepList;
  readonly #peer: StepList;
  readonly #out: ByteWriter;
  readonly #reader: RoomReader;
  /** The row of measures that is written: of the room or of a peer, from `#from` on. */
  #measures: Float64Array = new Float64Array();
  #from = 0;
  /** Which peer is written. */
  #peerIndex = 0;
  /** The entries and the values of the keys that are written; reused for each peer. */
  readonly #keyEntries: number[] = [];
  readonly #keyValues: number[] = [];

  constructor(fields: FieldSet, reader: RoomReader, out: ByteWriter) {
    const { room, peer } = jsonPlan(fields);
    this.#room = room;
    this.#peer = peer;
    this.#reader = reader;
    this.#out = out;
  }

  /**
   * Writes the reader's current room. Adds to the reader's faults where a text is no UTF-8.
   * @throws BufferFullError when the room does not fit the buffer
   */
  write(): void {
    const { room, roomRow, means } = this.#reader;
    if (room === undefined) throw new RangeError('there is no current room');
    this.#measures = means.row;
    this.#from = 0;
    this.#writeSteps(this.#room, { columns: room.shown, row: roomRow });
  }

  #noteBrokenText(): void {
    this.#reader.faults |= FAULT.text;
  }

  #writeSteps({ steps, end, fixedBytesMax }: StepList, shown: ShownRow): void {
    const out = this.#out;
    out.reserve(fixedBytesMax);
    for (const step of steps) {
      out.snippet(step.lead);
      if (step.direction === -1) this.#writeValue(step, shown.columns, shown.row);
      else this.#writeOfDirection(step);
    }
    out.snippet(end);
  }

  /** A value of a direction; null where the peer has no total of it. */
  #writeOfDirection(step: Step): void {
    if (step.kind === STEP.quantity) {
      this.#out.quantity(this.#measures[this.#from + step.slot] ?? MISSING, step.decimals);
      return;
    }
    const batch = this.#reader.totalOf(this.#peerIndex, step.direction);
    if (batch === undefined) this.#out.null();
    else this.#writeValue(step, batch.shown, this.#reader.totalRowOf(this.#peerIndex, step.direction));
  }

  #writeValue(step: Step, columns: ShownColumns, row: number): void {
    const out = this.#out;
    switch (step.kind) {
      case STEP.quantity:
        out.quantity(this.#measures[this.#from + step.slot] ?? MISSING, step.decimals);
        return;
      case STEP.word:
        this.#writeWord(columns, step, row);
        return;
      case STEP.enum: {
        const word = columns.words[step.column]?.at(row) ?? EMPTY_WORD;
        if (step.words.includes(word.bytes)) out.longSnippet(word.json);
        else out.null();
        return;
      }
      case STEP.text:
      case STEP.name:
        this.#writeText(columns.texts[step.column], row, step.kind === STEP.name);
        return;
      case STEP.time:
        out.time(columns.times[step.column]?.at(row) ?? 0);
        return;
      case STEP.lifetime:
        this.#writeLifetime(step.msMax);
        return;
      case STEP.keys:
        this.#writeKeys(columns.keys[step.column], row);
        return;
      case STEP.constant:
        out.snippet(step.constant);
        return;
      case STEP.peers:
        this.#writePeers();
        return;
      case STEP.users:
        out.integer(this.#reader.peers.length);
        return;
      case STEP.measuredMos:
        out.integer(this.#reader.means.measured.mos);
        return;
      case STEP.measuredScore:
        out.integer(this.#reader.means.measured.score);
        return;
      case STEP.measuredAudio:
        out.integer(this.#reader.means.measured.audio);
        return;
      case STEP.measuredVideo:
        out.integer(this.#reader.means.measured.video);
        return;
      case STEP.seconds:
      case STEP.count:
      case STEP.countAboveZero:
      case STEP.lost:
      case STEP.largest:
        this.#writeCount(step, columns, row);
    }
  }

  #writeCount(step: Step, columns: ShownColumns, row: number): void {
    const count = columns.counts[step.column];
    const other = columns.counts[step.otherColumn];
    const out = this.#out;
    if (step.kind === STEP.seconds) {
      writeSeconds(out, count, { row, msMax: step.msMax });
    } else if (step.kind === STEP.largest) {
      writeWholeMs(out, other?.at(row) === 0 ? undefined : count, row);
    } else if (step.kind === STEP.lost) {
      const lost = columns.signed[step.column];
      const isUnknown = lost?.at(row) === 0 && other?.at(row) === 0;
      writeExact(out, isUnknown ? undefined : lost, row);
    } else {
      const isUnknown = step.kind === STEP.countAboveZero && count?.at(row) === 0;
      writeExact(out, isUnknown ? undefined : count, row);
    }
  }

  #writeWord({ words }: ShownColumns, { column }: Step, row: number): void {
    const word = words[column]?.at(row) ?? EMPTY_WORD;
    if (word.isBroken) this.#noteBrokenText();
    this.#out.longSnippet(word.json);
  }

  #writeText(column: TextColumn | undefined, row: number, isEmptyShown: boolean): void {
    if (column === undefined || (!isEmptyShown && column.lengthAt(row) === 0)) this.#out.null();
    else if (!this.#out.text(column, row)) this.#noteBrokenText();
  }

  #writeLifetime(msMax: number): void {
    const { room, roomRow } = this.#reader;
    const ms = room === undefined ? MISSING : room.endedAt.at(roomRow) - room.startedAt.at(roomRow);
    if (ms >= 0 && ms <= msMax) this.#out.integer(toSeconds(ms));
    else this.#out.null();
  }

  #writePeers(): void {
    const { peers, order, measures, means } = this.#reader;
    const out = this.#out;
    out.byte(OPEN_ARRAY);
    this.#measures = measures;
    for (let place = 0; place < order.length; place++) {
      const peer = order[place] ?? 0;
      if (place > 0) out.byte(COMMA);
      this.#peerIndex = peer;
      this.#from = peer * ROW_LENGTH;
      this.#writeSteps(this.#peer, { columns: peers.batchAt(peer).shown, row: peers.rowAt(peer) });
    }
    // What follows is of the room again.
    this.#measures = means.row;
    this.#from = 0;
    out.reserve(this.#room.fixedBytesMax);
    out.byte(CLOSE_ARRAY);
  }

  #writeKeys(column: KeysColumn | undefined, row: number): void {
    const out = this.#out;
    out.byte(OPEN_OBJECT);
    if (column?.names.isValid === true) {
      this.#writeValidKeys(column, row);
    } else if (column !== undefined) {
      for (const [index, { name, values }] of brokenKeysOf(column, row).entries()) {
        if (index > 0) out.byte(COMMA);
        this.#writeName(out.looseText(name));
        this.#writeValues(column, values);
      }
    }
    out.byte(CLOSE_OBJECT);
  }

  /** Each name once, with the values of all entries that have it. */
  #writeValidKeys(column: KeysColumn, row: number): void {
    const entries = this.#keyEntries;
    const values = this.#keyValues;
    sortEntries(column, row, entries);
    for (let index = 0; index < entries.length;) {
      const name = entries[index] ?? 0;
      if (index > 0) this.#out.byte(COMMA);
      values.length = 0;
      for (; index < entries.length; index++) {
        const entry = entries[index] ?? 0;
        if (!isSameText(column.names, name, column.names, entry)) break;
        const end = column.valueOffsets[entry + 1] ?? 0;
        for (let value = column.valueOffsets[entry] ?? 0; value < end; value++) values.push(value);
      }
      this.#writeName(this.#out.text(column.names, name));
      this.#writeValues(column, values);
    }
  }

  #writeName(isWellFormed: boolean): void {
    if (!isWellFormed) this.#noteBrokenText();
    this.#out.byte(COLON);
  }

  /** One value as text; several or none as an array. */
  #writeValues({ values }: KeysColumn, rows: readonly number[]): void {
    const out = this.#out;
    if (rows.length !== 1) out.byte(OPEN_ARRAY);
    for (let index = 0; index < rows.length; index++) {
      if (index > 0) out.byte(COMMA);
      if (!out.text(values, rows[index] ?? 0)) this.#noteBrokenText();
    }
    if (rows.length !== 1) out.byte(CLOSE_ARRAY);
  }
}

/** Whole seconds, half up. */
function toSeconds(ms: number): number {
  const seconds = Math.floor(ms / 1000);
  return ms - seconds * 1000 >= 500 ? seconds + 1 : seconds;
}

function writeSeconds(
  out: ByteWriter,
  column: CountColumn | undefined,
  { row, msMax }: { row: number; msMax: number },
): void {
  const ms = column?.at(row) ?? MISSING;
  if (isMissing(ms) || ms > msMax) {
    out.null();
    return;
  }
  const digits = column?.digitsAt(row);
  if (digits === undefined) out.integer(toSeconds(ms));
  else out.digits(String((BigInt(digits) + 500n) / 1000n));
}

/** A reading in µs as whole ms, half up. */
function writeWholeMs(out: ByteWriter, column: CountColumn | undefined, row: number): void {
  const us = column?.at(row) ?? MISSING;
  if (isMissing(us)) {
    out.null();
    return;
  }
  const digits = column?.digitsAt(row);
  if (digits === undefined) out.integer(Math.floor((us + 500) / 1000));
  else out.digits(String((BigInt(digits) + 500n) / 1000n));
}

/** An integer with all its digits; null where it is missing. */
function writeExact(out: ByteWriter, column: CountColumn | SignedColumn | undefined, row: number): void {
  const n = column?.at(row) ?? MISSING;
  if (column === undefined || isMissing(n)) {
    out.null();
    return;
  }
  const digits = column.digitsAt(row);
  if (digits === undefined) out.signedInteger(n);
  else out.digits(digits);
}
