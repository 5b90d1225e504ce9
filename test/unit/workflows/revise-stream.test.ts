// Streams that change over time: random changes at random moments, then everything that stands on them is
// walked. Intervals tile time, keys of what began stay, no two intervals have one key, and the schedule fires
// at the end of each interval: at others only strays, which isStrayFire knows.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { firingOf, isStrayFire } from '../../../workflows/model/firing.ts';
import type { Firing } from '../../../workflows/model/firing.ts';
import { intervalContaining, isBorder } from '../../../workflows/model/interval.ts';
import type { Grid, Interval } from '../../../workflows/model/interval.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../../workflows/model/key-template.ts';
import { nextCommonBorder, reviseStream } from '../../../workflows/model/revise-stream.ts';
import type { Revising } from '../../../workflows/model/revise-stream.ts';
import { streamProblems } from '../../../workflows/model/stream-problems.ts';
import { settingsAt, settingsEndingAt } from '../../../workflows/model/stream.ts';
import type { StreamDefinition, StreamSettings } from '../../../workflows/model/stream.ts';
import { makeStream } from '../../../local/make-stream.ts';
import { fileKeyOf } from '../../../local/file-keys.ts';

const START_MS = Date.UTC(2026, 10, 23);
const HOUR_MS = 3_600_000;

const grid = fc.constantFrom<Grid>(
  { everySeconds: 300, offsetSeconds: 0 },
  { everySeconds: 900, offsetSeconds: 0 },
  { everySeconds: 900, offsetSeconds: 300 },
  { everySeconds: 1_800, offsetSeconds: 0 },
  { everySeconds: 2_700, offsetSeconds: 900 },
  { everySeconds: 3_600, offsetSeconds: 0 },
  { everySeconds: 3_600, offsetSeconds: 900 },
  { everySeconds: 10_800, offsetSeconds: 3_600 },
);

const changes: fc.Arbitrary<Partial<StreamSettings>> = fc
  .record(
    {
      grid,
      prefix: fc.constantFrom('', 'a/', 'b/'),
      compression: fc.constantFrom('none', 'gzip'),
      keyTemplate: fc.constantFrom(
        KEY_TEMPLATE_DEFAULT,
        '{prefix}{start}.{ext}',
        '{prefix}{end}.{ext}',
        '{prefix}dt={yyyy}-{mm}-{dd}/{hh}{min}.{ext}',
      ),
    },
    { requiredKeys: [] },
  )
  .map(({ grid: changed, ...rest }) => ({ ...changed, ...rest }));

const step = fc.record({
  advanceMs: fc.integer({ min: 0, max: 6 * HOUR_MS }),
  aheadMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8 * HOUR_MS })),
  changes,
  dropsPlanned: fc.boolean(),
  trims: fc.boolean(),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

describe('a stream whose settings change', () => {
  it("has intervals that tile time, keeps the keys of intervals that began, and fires at each interval's end", () => {
    let accepted = 0;
    fc.assert(
      fc.property(grid, fc.array(step, { minLength: 1, maxLength: 8 }), (first, steps) => {
        const { stream, fired, endMs } = live(makeStream('s', first), steps, () => (accepted += 1));
        const intervals = walk(stream, endMs);
        for (const interval of intervals) {
          const settings = settingsAt(stream, interval.startMs);
          assert.ok(isBorder(interval.startMs, settings) && isBorder(interval.endMs, settings));
          assert.deepEqual(settingsEndingAt(stream, interval.endMs), { settings, interval });
        }
        const keys = intervals.map((interval) => fileKeyOf(stream, interval));
        assert.equal(new Set(keys).size, keys.length);
        assert.deepEqual(
          fired,
          intervals.map(({ endMs: end }) => end),
        );
      }),
      { numRuns: 300 },
    );
    // A generator whose changes are all refused would prove nothing.
    assert.ok(accepted > 300, `${accepted} changes were accepted`);
  });

  it('changes at the first border that both grids share, or reports that none exists', () => {
    const seconds = fc.integer({ min: 1, max: 40 }).map((count) => count * 60);
    const anyGrid = fc
      .tuple(seconds, fc.nat(39))
      .map(([everySeconds, offset]) => ({ everySeconds, offsetSeconds: (offset * 60) % everySeconds }));
    fc.assert(
      fc.property(anyGrid, anyGrid, fc.nat(10_000), (a, b, minute) => {
        const atMs = START_MS + minute * 60_000 - 1;
        const found = nextCommonBorder(atMs, a, b);
        let expected: number | null = null;
        const repeatsMs = a.everySeconds * b.everySeconds * 1000;
        for (let ms = atMs + 1; ms <= atMs + repeatsMs && expected === null; ms += 60_000)
          if (isBorder(ms, a) && isBorder(ms, b)) expected = ms;
        assert.equal(found, expected);
      }),
    );
    assert.equal(
      nextCommonBorder(
        START_MS,
        { everySeconds: 60, offsetSeconds: 0 },
        { everySeconds: 3_600, offsetSeconds: 0 },
      ),
      START_MS,
    );
  });
});

describe('a change of a stream', () => {
  const hourly = makeStream('s');
  const atMs = START_MS + 10 * HOUR_MS + 1_200_000;
  const revise = (stream: StreamDefinition, more: Partial<Revising>): StreamDefinition => {
    const revised = reviseStream(stream, { changes: {}, atMs, dropsPlanned: false, ...more });
    assert.ok(revised.stream !== null, 'problem' in revised ? revised.problem : '');
    return revised.stream;
  };
  const problemOf = (stream: StreamDefinition, more: Partial<Revising>): string => {
    const revised = reviseStream(stream, { changes: {}, atMs, dropsPlanned: false, ...more });
    assert.ok(revised.stream === null);
    return revised.problem;
  };
  const borders = ({ revisions }: StreamDefinition): [string, number, string][] =>
    revisions.map(({ fromMs, settings }) => [
      new Date(fromMs).toISOString().slice(0, 16),
      settings.everySeconds,
      settings.compression,
    ]);
  const first = ['1970-01-01T00:00', 3_600, 'none'];

  it('takes effect at the next border, such as midnight when hours become days', () => {
    assert.deepEqual(borders(revise(hourly, { changes: { compression: 'gzip' } })), [
      first,
      ['2026-11-23T11:00', 3_600, 'gzip'],
    ]);
    assert.deepEqual(borders(revise(hourly, { changes: { everySeconds: 86_400 } })), [
      first,
      ['2026-11-24T00:00', 86_400, 'none'],
    ]);
  });

  it('is merged with another change at the same border, and disappears when it is reverted before', () => {
    const changed = revise(hourly, { changes: { compression: 'gzip' } });
    assert.deepEqual(borders(revise(changed, { changes: { everySeconds: 900 }, atMs: atMs + 1_000 })), [
      first,
      ['2026-11-23T11:00', 900, 'gzip'],
    ]);
    assert.deepEqual(borders(revise(changed, { changes: { compression: 'none' } })), [first]);
  });

  it('keeps a planned change of the grid, unless it changes the grid itself', () => {
    const daily = revise(hourly, { changes: { everySeconds: 86_400 } });
    assert.deepEqual(borders(revise(daily, { changes: { compression: 'gzip' } })), [
      first,
      ['2026-11-23T11:00', 3_600, 'gzip'],
      ['2026-11-24T00:00', 86_400, 'gzip'],
    ]);
    assert.match(
      problemOf(daily, { changes: { everySeconds: 900 } }),
      /^at: got 2026-11-23T10:20:00Z, but another change is to take effect at 2026-11-24T00:00:00Z; allowed: .*--drop-planned$/,
    );
    assert.deepEqual(borders(revise(daily, { changes: { everySeconds: 900 }, dropsPlanned: true })), [
      first,
      ['2026-11-23T11:00', 900, 'none'],
    ]);
  });

  it('leaves the stream unchanged when it changes nothing', () => {
    const revised = reviseStream(hourly, { changes: { prefix: '' }, atMs, dropsPlanned: false });
    assert.deepEqual(revised, { stream: hourly, fromMs: null });
  });

  it('is refused when the grids never meet, and the error suggests an intermediate grid', () => {
    assert.equal(
      problemOf(hourly, { changes: { offsetSeconds: 900 } }),
      'every, offset: got every 3600 s offset 900 s, which has no border in common with every 3600 s; allowed: offsets that differ by a multiple of 3600 s; or go there by way of every 900 s offset 0 s, which has the borders of both',
    );
    const byWay = revise(hourly, { changes: { everySeconds: 900 } });
    const there = revise(byWay, {
      changes: { everySeconds: 3_600, offsetSeconds: 900 },
      atMs: atMs + HOUR_MS,
    });
    assert.deepEqual(borders(there).at(-1), ['2026-11-23T12:15', 3_600, 'none']);
  });

  it("is refused when the grids meet only after years, or after the stream's end", () => {
    assert.match(
      problemOf(makeStream('s', { everySeconds: 604_800 - 1 }), { changes: { everySeconds: 604_800 } }),
      /allowed: grids that meet within a year$/,
    );
    assert.match(
      problemOf({ ...hourly, untilMs: START_MS + 11 * HOUR_MS }, { changes: { compression: 'gzip' } }),
      /allowed: a change before the stream ends at 2026-11-23T11:00:00Z$/,
    );
  });

  it('may not give an interval the key of an older one', () => {
    const byEnd = makeStream('s', { keyTemplate: '{prefix}{end}.{ext}' });
    const byStart = revise(byEnd, { changes: { keyTemplate: '{prefix}{start}.{ext}' } });
    assert.deepEqual(streamProblems(byStart), [
      'prefix, key-template: got "{prefix}{start}.{ext}", which could make a key that an older interval of the stream has, as ########T######Z.json; allowed: a template, or a prefix, that differs outside its times',
    ]);
    assert.deepEqual(streamProblems(revise(byEnd, { changes: { keyTemplate: 'x/{start}.{ext}' } })), []);
  });
});

/**
 * Lives through the steps as the command line and the schedule do; `fired` are the nominal times at which an
 * interval ended.
 */
function live(
  first: StreamDefinition,
  steps: readonly Step[],
  onAccepted: () => void,
): { stream: StreamDefinition; fired: number[]; endMs: number } {
  const fired: number[] = [];
  let stream = first;
  let nowMs = START_MS;
  let firing = firingOf(stream, nowMs);
  const pass = (untilMs: number, trims: boolean): void => {
    for (const nominalMs of firesIn(firing, nowMs, untilMs)) {
      // As its run decides, by the definition of that moment.
      if (!isStrayFire(stream, nominalMs)) fired.push(nominalMs);
      else if (trims) firing = firingOf(stream, nominalMs);
    }
    nowMs = untilMs;
  };
  for (const { advanceMs, aheadMs, trims, ...change } of steps) {
    pass(nowMs + Math.round(advanceMs / 1000) * 1000, trims);
    const atMs = nowMs + Math.round(aheadMs / 1000) * 1000;
    const revised = reviseStream(stream, { ...change, atMs });
    if (revised.stream === null || revised.fromMs === null || streamProblems(revised.stream).length > 0)
      continue;
    onAccepted();
    assert.ok(revised.fromMs >= nowMs);
    for (const interval of walk(stream, nowMs + HOUR_MS * 24)) {
      if (interval.startMs >= revised.fromMs) break;
      assert.equal(fileKeyOf(revised.stream, interval), fileKeyOf(stream, interval));
      assert.deepEqual(settingsEndingAt(revised.stream, interval.endMs).interval, interval);
    }
    stream = revised.stream;
    firing = firingOf(stream, nowMs);
  }
  pass(nowMs + 12 * HOUR_MS, true);
  return { stream, fired, endMs: nowMs };
}

/**
 * As the server has it: every instant that is a border of one of the grids, once; a trimmed spec holds from
 * the next one on.
 */
function firesIn(firing: Firing, afterMs: number, untilMs: number): number[] {
  const times = new Set<number>();
  for (const each of firing.grids)
    for (
      let { endMs } = intervalContaining(afterMs, each);
      endMs <= untilMs;
      endMs += each.everySeconds * 1000
    )
      times.add(endMs);
  return [...times].sort((a, b) => a - b);
}

/** The intervals that end after the start of the test, until `endMs`. */
function walk(stream: StreamDefinition, endMs: number): Interval[] {
  const intervals: Interval[] = [];
  let at = intervalContaining(START_MS, settingsAt(stream, START_MS));
  while (at.endMs <= endMs) {
    intervals.push(at);
    at = { startMs: at.endMs, endMs: at.endMs + settingsAt(stream, at.endMs).everySeconds * 1000 };
  }
  return intervals;
}
