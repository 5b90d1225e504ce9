// Ranges of intervals: walked under the revision in force, without gap or overlap; wrong ones named with the
// nearest borders.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newReport } from '../../../workflows/audit/range.ts';
import {
  countIntervals,
  countKeptIntervals,
  intervalsIn,
  keptIntervalsIn,
  rangeProblems,
} from '../../../workflows/model/interval-range.ts';
import { addSample, rateOf } from '../../../workflows/model/rate.ts';
import { isSkipped, settingsAt } from '../../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../../workflows/model/stream.ts';
import { makeStream } from '../../../local/make-stream.ts';

const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2026, 10, 23, 12);
const LONG_AFTER_MS = Date.UTC(2027, 0, 1);

/** Hours until noon, quarters of an hour from then on. */
function revised(): StreamDefinition {
  const stream = makeStream('revised');
  const { settings } = stream.revisions[0] ?? assert.fail();
  return {
    ...stream,
    revisions: [...stream.revisions, { fromMs: NOON_MS, settings: { ...settings, everySeconds: 900 } }],
  };
}

describe('a range of intervals', () => {
  it('is listed without gap or overlap, each interval under the settings in force at its start', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 80 }), (before, after) => {
        const stream = revised();
        const range = { startMs: NOON_MS - before * 3_600_000, endMs: NOON_MS + after * 900_000 };
        const intervals = [...intervalsIn(stream, range)];
        assert.equal(intervals.length, before + after);
        let atMs = range.startMs;
        for (const { startMs, endMs } of intervals) {
          assert.equal(startMs, atMs);
          assert.equal(endMs - startMs, settingsAt(stream, startMs).everySeconds * 1000);
          atMs = endMs;
        }
        assert.equal(atMs, range.endMs);
        assert.deepEqual(rangeProblems(stream, range, LONG_AFTER_MS), []);
      }),
    );
  });

  it('is refused with the nearest borders of the revision in force there', () => {
    const range = { startMs: NOON_MS - 1_800_000, endMs: NOON_MS + 1_000_000 };
    assert.deepEqual(rangeProblems(revised(), range, LONG_AFTER_MS), [
      "from: got 2026-11-23T11:30:00Z, allowed: a border of the stream's intervals; the nearest are 2026-11-23T11:00:00Z and 2026-11-23T12:00:00Z",
      "to: got 2026-11-23T12:16:40Z, allowed: a border of the stream's intervals; the nearest are 2026-11-23T12:15:00Z and 2026-11-23T12:30:00Z",
    ]);
  });

  it('counts the same intervals as listing it, with and without the left-out ones', () => {
    const border = fc
      .integer({ min: -20, max: 80 })
      .map((at) => NOON_MS + at * (at < 0 ? 3_600_000 : 900_000));
    const span = fc
      .tuple(border, border)
      .map(([a, b]) => ({ startMs: Math.min(a, b), endMs: Math.max(a, b) }));
    fc.assert(
      fc.property(span, fc.array(span, { maxLength: 1 }), (range, skipped) => {
        const stream = { ...revised(), skipped: skipped.filter(({ startMs, endMs }) => startMs < endMs) };
        const all = [...intervalsIn(stream, range)];
        const kept = all.filter((interval) => !isSkipped(stream, interval));
        assert.deepEqual([...keptIntervalsIn(stream, range)], kept);
        assert.equal(countIntervals(stream, range), all.length);
        assert.equal(countKeptIntervals(stream, range), kept.length);
      }),
    );
  });

  it('of sixty years of minutes is checked, counted and listed within a second when all but a day is left out', () => {
    const [startMs, endMs] = [0, Date.UTC(2030, 0, 1)];
    const stream = {
      ...makeStream('minutes', { everySeconds: 60 }),
      skipped: [{ startMs: DAY_MS, endMs }],
    };
    const beginMs = performance.now();
    assert.deepEqual(rangeProblems(stream, { startMs, endMs }, endMs), []);
    assert.equal(countIntervals(stream, { startMs, endMs }), endMs / 60_000);
    assert.equal(countKeptIntervals(stream, { startMs, endMs }), 1_440);
    assert.equal([...keptIntervalsIn(stream, { startMs, endMs })].length, 1_440);
    const { total, notDue } = newReport({ stream, range: { startMs, endMs }, repair: false }, endMs);
    assert.equal(total + notDue, endMs / 60_000);
    assert.ok(performance.now() - beginMs < 1_000);
  });

  it('is refused when it is empty, reversed or not yet over', () => {
    const stream = revised();
    const [startMs, endMs] = [NOON_MS, NOON_MS + DAY_MS];
    assert.match(
      rangeProblems(stream, { startMs, endMs: startMs }, endMs)[0] ?? '',
      /^to: got .*after the beginning/,
    );
    assert.match(
      rangeProblems(stream, { startMs: endMs, endMs: startMs }, endMs)[0] ?? '',
      /after the beginning/,
    );
    assert.deepEqual(rangeProblems(stream, { startMs, endMs }, endMs - 1), [
      'to: got 2026-11-24T12:00:00Z, allowed: nothing after the last interval that is over, which ended at 2026-11-24T11:45:00Z',
    ]);
  });
});

describe('a progress rate', () => {
  it('reflects the last minute only', () => {
    let samples: ReturnType<typeof addSample> = [];
    for (let second = 0; second <= 600; second += 1) {
      const count = second < 300 ? second * 1_000 : 300_000 + (second - 300) * 2;
      for (const millisecond of [0, 250, 500])
        samples = addSample(samples, { atMs: second * 1_000 + millisecond, count });
    }
    assert.ok(Math.abs(rateOf(samples) - 2) < 0.1, String(rateOf(samples)));
    assert.ok(samples.length <= 130, String(samples.length));
  });

  it('is 0 while there is no data', () => {
    assert.equal(rateOf([]), 0);
    assert.equal(rateOf([{ atMs: 5, count: 7 }]), 0);
  });
});
