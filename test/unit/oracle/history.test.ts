// The random histories that the oracle is asked about: the same for the same seed, and such that every edge
// is reached.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countEdges, missedEdges, newEdgeCounts, ROOMS_FOR_ALL_EDGES } from '../../oracle/count-edges.ts';
import { toHoldingRoom } from '../../oracle/holding-rows.ts';
import { makeHistory } from '../../oracle/make-history.ts';
import { toRoomHistory } from '../../oracle/make-room.ts';
import { Random } from '../../oracle/random.ts';

describe('a random history', () => {
  it('is the same for the same seed and differs for another seed', () => {
    assert.deepEqual(makeHistory({ seed: 5, rooms: 20 }), makeHistory({ seed: 5, rooms: 20 }));
    assert.notDeepEqual(makeHistory({ seed: 5, rooms: 20 }), makeHistory({ seed: 6, rooms: 20 }));
  });

  it('begins with the rooms of a shorter history', () => {
    const { rooms } = makeHistory({ seed: 5, rooms: 20 });
    assert.deepEqual(makeHistory({ seed: 5, rooms: 8 }).rooms, rooms.slice(0, 8));
  });

  it('covers every edge case', () => {
    const history = makeHistory({ seed: 1, rooms: ROOMS_FOR_ALL_EDGES });
    const counts = newEdgeCounts();
    countEdges(
      counts,
      history,
      history.rooms.map((room) => toHoldingRoom(toRoomHistory(room))),
    );
    assert.deepEqual(missedEdges(counts, ROOMS_FOR_ALL_EDGES), []);
  });

  it('draws numbers evenly across all magnitudes', () => {
    const random = new Random(1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 100_000; draw += 1) {
      const digit = random.int(0, 9);
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(count > 9_600 && count < 10_400, counts.join(', '));
  });
});
