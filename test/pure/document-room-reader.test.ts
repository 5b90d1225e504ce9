// The rows of the three scans put together room by room, compared with the slow reference in test/reference: which rows hold, whose peers and
// totals they are, what is wrong with them, and every byte of the line that is written of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../document/byte-writer.ts';
import { codesOf } from '../../document/faults.ts';
import { BrokenStreamError, openBatches } from '../../document/history-batches.ts';
import { JsonRooms } from '../../document/json-rooms.ts';
import { RoomReader, WrongOrderError } from '../../document/room-reader.ts';
import { anyBatches, anyRows, inAnyOrder, START_MS } from '../reference/any-rows.ts';
import { toReferenceRooms, type ReferenceRoom } from '../reference/document-text.ts';
import { toRange, type HistoryRows, type KeyedRow, type StreamOptions } from '../reference/history-rows.ts';

const FIELD_SETS = ['standard', 'extended'] as const;
const anyFields = fc.constantFrom(...FIELD_SETS);

describe('the rooms of three scans', () => {
  it('are written as the reference writes them, whatever the rows and their record batches', () => {
    fc.assert(
      fc.property(anyRows(), anyFields, anyBatches, (rows, fields, batches) => {
        assert.deepEqual(readAll(rows, { fields, ...batches }), toReferenceRooms(rows, fields));
      }),
      { numRuns: 500 },
    );
  });

  it('are the same in whatever order the rows of a room arrive, versions included', () => {
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

  it('are refused when rooms, peers or track totals are not in the order of the keys', () => {
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

  it('are refused when a stream ends anywhere before its end', () => {
    const rows = { rooms: [{ finalized_at: START_MS, session_id: 'a' }], peers: [], totals: [] };
    const { rooms, peers, totals } = toRange(rows, { fields: 'standard' });
    for (let length = 1; length < rooms.length; length++) {
      const cut = { rooms: rooms.subarray(0, length), peers, totals };
      assert.throws(() => openBatches(cut, 'standard'), BrokenStreamError, `${length} bytes`);
    }
  });

  it('are the same however the rows are cut into record batches', () => {
    fc.assert(
      fc.property(anyRows(), anyFields, anyBatches, anyBatches, (rows, fields, one, other) => {
        assert.deepEqual(readAll(rows, { fields, ...one }), readAll(rows, { fields, ...other }));
      }),
      { numRuns: 200 },
    );
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
