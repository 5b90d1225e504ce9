// How far a stream is behind, counted from its newest complete interval.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  destinationsOf,
  latenessOf,
  missingIntervals,
  MISSING_MAX,
} from '../../../workflows/watch/lateness.ts';
import type { StreamDefinition } from '../../../workflows/model/stream.ts';
import { makeStream } from '../../../local/make-stream.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 10, 23, 10);
const HOURLY = { ...makeStream('hourly', { settleSeconds: 60 }), fromMs: START };

describe('the lateness of a stream', () => {
  it('is zero while its next interval has not ended or has not settled', () => {
    const settling = START + HOUR_MS + 59_999;
    for (const nowMs of [START - HOUR_MS, START, START + HOUR_MS - 1, START + HOUR_MS, settling])
      assert.deepEqual(latenessOf(HOURLY, null, nowMs), {
        missing: 0,
        oldest: null,
        lagSeconds: 0,
        limitSeconds: 7_200,
        isLate: false,
      });
  });

  it('counts from the time when the oldest missing interval could begin', () => {
    const dueMs = START + 2 * HOUR_MS + 60_000;
    const lastEndMs = START + HOUR_MS;
    const { oldest, ...atOnce } = latenessOf(HOURLY, lastEndMs, dueMs);
    assert.deepEqual(atOnce, { missing: 1, lagSeconds: 0, limitSeconds: 7_200, isLate: false });
    assert.deepEqual(oldest, { startMs: lastEndMs, endMs: lastEndMs + HOUR_MS });
    const after = latenessOf(HOURLY, lastEndMs, dueMs + 7_200_000);
    assert.deepEqual([after.missing, after.lagSeconds, after.isLate], [3, 7_200, false]);
    assert.equal(latenessOf(HOURLY, lastEndMs, dueMs + 7_201_000).isLate, true);
  });

  it('is allowed up to half an hour for short intervals', () => {
    const stream = { ...makeStream('short', { everySeconds: 60 }), fromMs: START };
    const { missing, limitSeconds, isLate } = latenessOf(stream, null, START + 60_000 + 1_800_000);
    assert.deepEqual([missing, limitSeconds, isLate], [31, 1_800, false]);
    assert.equal(latenessOf(stream, null, START + 60_000 + 1_801_000).isLate, true);
  });

  it('ignores skipped intervals, even in a range of a year', () => {
    const year = { startMs: START, endMs: START + 365 * 24 * HOUR_MS };
    const stream = { ...HOURLY, skipped: [year] };
    assert.equal(latenessOf(stream, null, year.endMs + HOUR_MS).missing, 0);
    const later = latenessOf(stream, null, year.endMs + HOUR_MS + 60_000);
    assert.equal(later.missing, 1);
    assert.equal(later.oldest?.startMs, year.endMs);
  });

  it('ends with the stream', () => {
    const ended = { ...HOURLY, untilMs: START + 2 * HOUR_MS };
    const nowMs = START + 100 * HOUR_MS;
    assert.equal(latenessOf(ended, null, nowMs).missing, 2);
    assert.equal(latenessOf(ended, START + 2 * HOUR_MS, nowMs).missing, 0);
  });

  it('counts the intervals of each revision by their own length', () => {
    const [first] = HOURLY.revisions;
    assert.ok(first !== undefined);
    const quarters = { ...first.settings, everySeconds: 900 };
    const stream: StreamDefinition = {
      ...HOURLY,
      revisions: [first, { fromMs: START + 2 * HOUR_MS, settings: quarters }],
    };
    const ends = missingIntervals(stream, null, { nowMs: START + 3 * HOUR_MS + 60_000, countMax: 10 });
    assert.deepEqual(
      ends.map(({ startMs, endMs }) => (endMs - startMs) / 1000),
      [3_600, 3_600, 900, 900, 900, 900],
    );
  });

  it('is counted only up to a limit', () => {
    assert.equal(latenessOf({ ...HOURLY, fromMs: 0 }, null, START).missing, MISSING_MAX);
  });
});

describe('the destinations of a stream', () => {
  it('are those of its revisions, newest first, each once', () => {
    const [first] = HOURLY.revisions;
    assert.ok(first !== undefined);
    const revisions = ['a', 'b', 'a', 'c'].map((destination, index) => ({
      fromMs: index,
      settings: { ...first.settings, destination },
    }));
    assert.deepEqual(destinationsOf({ ...HOURLY, revisions }), ['c', 'a', 'b']);
  });
});
