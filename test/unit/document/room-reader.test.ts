// The rows of the three scans put together room by room, compared with the slow reference in test/reference:
// which rows hold, whose peers and totals they are, what is wrong with them, and every byte of the line that
// is written of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../../document/byte-writer.ts';
import { codesOf } from '../../../document/faults.ts';
import { BrokenStreamError, decodeBatches, openBatches } from '../../../document/history-batches.ts';
import { JsonRooms } from '../../../document/json-rooms.ts';
import { RoomReader, WrongOrderError } from '../../../document/room-reader.ts';
import {
  anyBatches,
  anyRows,
  inAnyOrder,
  peerColumns,
  roomColumns,
  START_MS,
  totalColumns,
} from '../../reference/any-rows.ts';
import { toReferenceRooms } from '../../reference/document-text.ts';
import type { ReferenceRoom } from '../../reference/document-text.ts';
import { toRange } from '../../reference/history-rows.ts';
import type { HistoryRows, KeyedRow, ScanName, StreamOptions, Value } from '../../reference/history-rows.ts';

const FIELD_SETS = ['standard', 'extended'] as const;
const anyFields = fc.constantFrom(...FIELD_SETS);

describe('the reader of rooms from three scans', () => {
  it('writes rooms as the reference does, whatever the rows and record batches', () => {
    fc.assert(
      fc.property(anyRows(), anyFields, anyBatches, (rows, fields, batches) => {
        assert.deepEqual(readAll(rows, { fields, ...batches }), toReferenceRooms(rows, fields));
      }),
      { numRuns: 500 },
    );
  });

  it('writes the same rooms in whatever order the rows of a room arrive, including their versions', () => {
    fc.assert(
      fc.property(
        anyRows().chain((rows) => fc.tuple(fc.constant(rows), inAnyOrder(rows))),
        anyFields,
        ([rows, shuffled], fields) => {
          assert.deepEqual(readAll(rows, { fields }), readAll(shuffled, { fields }));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses rooms, peers or track totals that are not in key order', () => {
    const room = (session_id: string): KeyedRow => ({ finalized_at: START_MS, session_id });
    const [a, b] = [room('a'), room('b')];
    const inOrder = { rooms: [a, b], peers: [a, b], totals: [a, b] };
    assert.equal(readAll(inOrder, { fields: 'standard' }).length, 2);
    for (const scan of ['rooms', 'peers', 'totals'] as const)
      assert.throws(
        () => readAll({ ...inOrder, [scan]: [b, a] }, { fields: 'standard' }),
        WrongOrderError,
        scan,
      );
  });

  it('refuses any of the three streams when it ends early', () => {
    const row: KeyedRow = { finalized_at: START_MS, session_id: 'a' };
    const range = toRange({ rooms: [row], peers: [row], totals: [row] }, { fields: 'standard' });
    for (const [scan, stream] of Object.entries(range) as [ScanName, Uint8Array][]) {
      for (let length = 1; length < stream.length; length++) {
        const cut = stream.subarray(0, length);
        assert.throws(
          () => decodeBatches(cut, (columns) => columns),
          BrokenStreamError,
          `${scan}: ${length} bytes`,
        );
      }
    }
  });

  it('writes the same rooms however the rows are split into record batches', () => {
    fc.assert(
      fc.property(anyRows(), anyFields, anyBatches, anyBatches, (rows, fields, one, other) => {
        assert.deepEqual(readAll(rows, { fields, ...one }), readAll(rows, { fields, ...other }));
      }),
      { numRuns: 200 },
    );
  });

  it('uses the row with the highest version, even when versions are times in nanoseconds', () => {
    const room = { finalized_at: START_MS, session_id: 'a' };
    const version = 1_795_428_000_000_000_000n;
    const older = { ...room, version, room_id: 'older' };
    const newer = { ...room, version: version + 1n, room_id: 'newer' };
    for (const rooms of [
      [older, newer],
      [newer, older],
    ]) {
      const [read] = readAll({ rooms, peers: [], totals: [] }, { fields: 'standard' });
      assert.match(read?.line ?? '', /"room_id":"newer"/);
    }
  });

  for (const scan of ['rooms', 'peers', 'totals'] as const) {
    it(`always picks the same row of several ${scan} with one key and version, whatever the field set`, () => {
      fc.assert(
        fc.property(tiesOf(scan), ([rows, shuffled]) => {
          const shown = FIELD_SETS.map((fields) => {
            const lineOf = (of: HistoryRows) => readAll(of, { fields })[0]?.line;
            assert.equal(lineOf(shuffled), lineOf(rows));
            return rows[scan].filter((row) => lineOf({ ...rows, [scan]: [row] }) === lineOf(rows));
          });
          const [standard = [], extended = []] = shown;
          assert.ok(standard.some((row) => extended.includes(row)));
        }),
        { numRuns: 40 },
      );
    });

    it(`reports the fault of several ${scan} with one key`, () => {
      const row: KeyedRow = { finalized_at: START_MS, session_id: 'a', media: 'audio', direction: 'send' };
      const once = { rooms: [row], peers: [row], totals: [row] };
      const [single] = readAll(once, { fields: 'extended' });
      const [twice] = readAll({ ...once, [scan]: [row, row] }, { fields: 'extended' });
      assert.deepEqual(twice, { line: single?.line, faults: [`${scan.slice(0, -1)}_twice`] });
    });
  }

  it('leaves out peers and track totals without a room, but still reads past their rows', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((session_id) => ({ finalized_at: START_MS, session_id }));
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    const alone = readAll({ rooms: [b], peers: [b], totals: [] }, { fields: 'extended' });
    const among = readAll({ rooms: [b], peers: [a, b, c], totals: [a, c] }, { fields: 'extended' });
    assert.deepEqual(among, alone);
  });
});

/** Every room of the scans, with the codes of its faults. */
function readAll(rows: HistoryRows, options: StreamOptions): ReferenceRoom[] {
  const reader = new RoomReader(openBatches(toRange(rows, options), options.fields));
  const out = new ByteWriter(new ArrayBuffer(1024), 100_000_000);
  const json = new JsonRooms(options.fields, reader, out);
  const rooms: ReferenceRoom[] = [];
  while (reader.next()) {
    out.at = 0;
    json.write();
    const line = Buffer.from(out.bytes.subarray(0, out.at)).toString('latin1');
    rooms.push({ line, faults: codesOf(reader.faults) });
  }
  assert.deepEqual(reader.rowsRead, { peers: rows.peers.length, totals: rows.totals.length });
  return rooms;
}

/** Up to three rows of one key and version in one scan, and the same rows in another order. */
function tiesOf(scan: ScanName): fc.Arbitrary<[HistoryRows, HistoryRows]> {
  const columnsOf: Record<ScanName, fc.Arbitrary<Record<string, Value>>> = {
    rooms: roomColumns,
    peers: peerColumns,
    totals: totalColumns,
  };
  const key = { finalized_at: START_MS, session_id: 'a', media: 'video', direction: 'send', version: 7n };
  const rows = fc.array(columnsOf[scan], { minLength: 1, maxLength: 3 });
  return rows.chain((several) => {
    const one: HistoryRows = { rooms: [key], peers: [key], totals: [key] };
    const ties = { ...one, [scan]: several.map((values) => ({ ...values, ...key })) };
    return fc.tuple(fc.constant(ties), inAnyOrder(ties));
  });
}
