// The oracle's track totals: the rules at the head of history/analyse.ts, one at a time, with totals worked
// out by hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SampleRow } from '../../oracle/history-rows.ts';
import { toTotals } from '../../oracle/track-totals.ts';

const END_MS = 1_000_000;

describe("the oracle's track totals", () => {
  it('count a tick delivered several times once, with its last delivery', () => {
    const delivered = [
      tick({ bytes: 1n, deliveredAtMs: 2 }),
      tick({ bytes: 5n, deliveredAtMs: 9 }),
      tick({ bytes: 3n, deliveredAtMs: 4 }),
    ];
    assert.equal(toTotals(delivered).bytes, 5n);
  });

  it('count each millisecond once, whatever connections cover it', () => {
    const span = fc.record({
      connection: fc.integer({ min: 0, max: 2 }),
      startMs: fc.integer({ min: 0, max: 60 }),
      lengthMs: fc.integer({ min: 0, max: 25 }),
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), (drawn) => {
        const spans = new Map(
          drawn.map((each) => [`${each.connection}/${each.startMs + each.lengthMs}`, each]),
        );
        const covered = new Set<number>();
        const ticks = [...spans.values()].map(({ connection, startMs, lengthMs }) => {
          for (let ms = startMs; ms < startMs + lengthMs; ms += 1) covered.add(ms);
          return tick({ connectionId: `c${connection}`, tickEndMs: startMs + lengthMs, tickMs: lengthMs });
        });
        assert.equal(toTotals(ticks).activeMs, BigInt(covered.size));
      }),
    );
  });

  it('square the whole kilobits of each tick, and add nothing for a tick without duration', () => {
    const ticks = [
      tick({ bytes: 12_345n, tickMs: 10_000 }),
      tick({ bytes: 1000n, tickMs: 3000, tickEndMs: END_MS + 3000 }),
      tick({ bytes: 5000n, tickMs: 0, tickEndMs: END_MS + 4000 }),
    ];
    assert.equal(toTotals(ticks).bitrateSqMs, 81n * 10_000n + 4n * 3000n);
  });

  it("are clamped to their columns' limits once, after adding", () => {
    const most = 2n ** 64n - 1n;
    const ticks = [
      tick({ bytes: most, packetsLost: -(2n ** 63n), freezes: 2 ** 32 - 1 }),
      tick({ bytes: most, packetsLost: -1n, freezes: 1, tickEndMs: END_MS + 1 }),
      tick({ packetsLost: 5n, tickEndMs: END_MS + 2 }),
    ];
    const { bytes, packetsLost, freezes } = toTotals(ticks);
    assert.deepEqual([bytes, packetsLost, freezes], [most, -(2n ** 63n) + 4n, 2n ** 32n - 1n]);
  });

  it('use pixels, time and frames only of ticks with a size, and pick the largest frame, then the widest', () => {
    const frame = (index: number, fields: Partial<SampleRow>): SampleRow =>
      tick({ media: 'video', tickEndMs: END_MS + index, tickMs: 1000, frames: 30, ...fields });
    const { pixelMs, sizedMs, frames, widthMax, heightMax } = toTotals([
      frame(0, { pixels: 640 * 360, width: 360, height: 640 }),
      frame(1, { pixels: 640 * 360, width: 640, height: 360 }),
      frame(2, { pixels: 0, width: 0, height: 2000 }),
    ]);
    assert.deepEqual([pixelMs, sizedMs, frames], [2n * 230_400n * 1000n, 2000n, 60n]);
    assert.deepEqual([widthMax, heightMax], [640, 360]);
    const flat = toTotals([frame(0, { width: 0, height: 2000 })]);
    assert.deepEqual([flat.widthMax, flat.heightMax], [0, 0]);
  });

  it('name the codec with the most packets; on a tie the first by name; the empty name only when alone', () => {
    const codecOf = (...ticks: [string, bigint][]): string =>
      toTotals(ticks.map(([codec, packets], index) => tick({ codec, packets, tickEndMs: END_MS + index })))
        .codec;
    assert.equal(codecOf(['VP8', 60n], ['VP9', 50n], ['VP9', 50n]), 'VP9');
    assert.equal(codecOf(['VP8', 5n], ['AV1', 5n]), 'AV1');
    assert.equal(codecOf(['', 500n], ['VP8', 0n]), 'VP8');
    assert.equal(codecOf(['', 5n]), '');
  });
});

/** Ten seconds of sent audio in which nothing happened, but for the fields given. */
function tick(fields: Partial<SampleRow>): SampleRow {
  return {
    sessionId: 's',
    peerId: 'p',
    connectionId: 'c1',
    media: 'audio',
    direction: 'send',
    codec: 'opus',
    tickEndMs: END_MS,
    tickMs: 10_000,
    bytes: 0n,
    packets: 0n,
    packetsLost: 0n,
    packetsArrived: 0n,
    jitterUs: null,
    rttUsSum: 0n,
    rttCount: 0,
    rttUsMax: 0,
    pixels: 0,
    frames: 0,
    width: 0,
    height: 0,
    freezes: 0,
    deliveredAtMs: 1,
    ...fields,
  };
}
