// Method: readings made by hand go through ConnectionTicks and the ticks are looked at; what holds for all
// series of counters is a property, checked by fast-check against the plain definition (its seed is printed
// when it fails).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RemoteReading, StreamReading } from '../../../importers/stream-reading.ts';
import { ConnectionTicks } from '../../../importers/ticks.ts';
import type { Opening } from '../../../importers/ticks.ts';
import type { Tick } from '../../../importers/sum-ticks.ts';

const OPENED: Opening = { isInRecord: true, atMs: 0 };

function reading(changes: Partial<StreamReading> = {}): StreamReading {
  return {
    key: 'IT01 1',
    media: 'audio',
    direction: 'recv',
    track: 't',
    isOff: false,
    bytes: 0,
    packets: 0,
    lost: null,
    jitterUs: null,
    width: null,
    height: null,
    frames: null,
    freezes: null,
    codec: null,
    remote: null,
    ageMs: null,
    ...changes,
  };
}

function remote(changes: Partial<RemoteReading> = {}): RemoteReading {
  return {
    arrivedAtMs: null,
    lost: null,
    packets: null,
    jitterUs: null,
    rttUs: null,
    rttTotalUs: null,
    rttCount: null,
    ...changes,
  };
}

/** Reads at 1000, 2000, … ms after the opening; returns all ticks. */
function play(readings: readonly (readonly StreamReading[])[], opening = OPENED): Tick[] {
  const connection = new ConnectionTicks();
  const ticks = readings.flatMap((streams, index) => connection.add(1000 * (index + 1), streams, opening));
  return [...ticks, ...connection.finish()];
}

function sum(
  ticks: readonly Tick[],
  name: 'bytes' | 'packets' | 'lost' | 'arrived' | 'rttCount' | 'rttUsSum',
): number {
  return ticks.reduce((total, tick) => total + tick[name], 0);
}

describe('ticks', () => {
  it('contain what changed since the previous reading, and the first one what changed since the opening', () => {
    const ticks = play([[reading({ bytes: 500, packets: 5 })], [reading({ bytes: 800, packets: 9 })]]);
    assert.deepEqual(
      ticks.map(({ endMs, lengthMs, bytes, packets }) => ({ endMs, lengthMs, bytes, packets })),
      [
        { endMs: 1000, lengthMs: 1000, bytes: 500, packets: 5 },
        { endMs: 2000, lengthMs: 1000, bytes: 300, packets: 4 },
      ],
    );
  });

  it('begin a new segment when a counter falls, in which losses also start at zero', () => {
    const ticks = play([
      [reading({ bytes: 500, packets: 50, lost: 7 })],
      [reading({ bytes: 30, packets: 3, lost: 1 })],
      [reading({ bytes: 40, packets: 4, lost: 1 })],
    ]);
    assert.deepEqual([sum(ticks, 'bytes'), sum(ticks, 'packets'), sum(ticks, 'lost')], [540, 54, 8]);
  });

  it('count losses with their sign, because late packets are subtracted again', () => {
    const ticks = play([[reading({ packets: 5, lost: 3 })], [reading({ packets: 9, lost: -1 })]]);
    assert.deepEqual(
      ticks.map(({ lost }) => lost),
      [3, -4],
    );
  });

  it('lose nothing when a reading lacks a stream or a field for a while', () => {
    const ticks = play([
      [reading({ bytes: 100, packets: 1 })],
      [],
      [reading({ bytes: null, packets: 4 })],
      [reading({ bytes: 700, packets: 9 })],
    ]);
    assert.deepEqual([sum(ticks, 'bytes'), sum(ticks, 'packets'), ticks.length], [700, 9, 3]);
  });

  it('are merged when two readings fall into one millisecond, so that no row replaces the other', () => {
    const connection = new ConnectionTicks();
    const given = [100, 250, 400].flatMap((bytes) =>
      connection.add(1000.2, [reading({ bytes, packets: bytes })], OPENED),
    );
    const ticks = [...given, ...connection.finish()];
    assert.deepEqual([ticks.length, sum(ticks, 'bytes')], [1, 400]);
  });

  it('do not go back in time when the clock does', () => {
    const connection = new ConnectionTicks();
    const given = [5000, 4000, 6000].flatMap((at, index) =>
      connection.add(at, [reading({ bytes: 100 * (index + 1), packets: 1 })], OPENED),
    );
    const ticks = [...given, ...connection.finish()];
    assert.deepEqual(
      ticks.map(({ endMs, bytes }) => [endMs, bytes]),
      [
        [5000, 200],
        [6000, 100],
      ],
    );
  });

  it('begin with the age of a stream older than the record, and without an age exclude what it had counted', () => {
    const unknown = { isInRecord: false, atMs: null };
    const aged = play([[reading({ bytes: 900, packets: 9, ageMs: 17_000 })]], unknown);
    assert.deepEqual([aged[0]?.lengthMs, aged[0]?.bytes], [17_000, 900]);
    const ageless = play(
      [[reading({ bytes: 900, packets: 9 })], [reading({ bytes: 950, packets: 10 })]],
      unknown,
    );
    assert.deepEqual([ageless.length, sum(ageless, 'bytes')], [1, 50]);
  });

  it('count a round trip once, by the count of measurements or by the far end’s reports', () => {
    const sent = (changes: Partial<RemoteReading>, packets: number): StreamReading[] => [
      reading({ direction: 'send', packets, bytes: packets, remote: remote(changes) }),
    ];
    const counted = play([
      sent({ rttTotalUs: 30_000, rttCount: 2, rttUs: 10_000 }, 10),
      sent({ rttTotalUs: 30_000, rttCount: 2, rttUs: 10_000 }, 20),
      sent({ rttTotalUs: 55_000, rttCount: 3, rttUs: 25_000 }, 30),
    ]);
    assert.deepEqual([sum(counted, 'rttCount'), sum(counted, 'rttUsSum')], [3, 55_000]);
    const stamped = play([
      sent({ arrivedAtMs: 500, rttUs: 8000 }, 10),
      sent({ arrivedAtMs: 500, rttUs: 8000 }, 20),
      sent({ arrivedAtMs: 2500, rttUs: 8000 }, 30),
    ]);
    assert.deepEqual([sum(stamped, 'rttCount'), sum(stamped, 'rttUsSum')], [2, 16_000]);
    const unstamped = play([sent({ rttUs: 8000 }, 10), sent({ rttUs: 8000 }, 20), sent({ rttUs: 9000 }, 30)]);
    assert.equal(sum(unstamped, 'rttCount'), 2);
  });

  it("count as arrived what was sent until the far end's last report, less what it had lost", () => {
    const ticks = play([
      [reading({ direction: 'send', packets: 100, bytes: 1, remote: remote({ arrivedAtMs: 900, lost: 4 }) })],
      [reading({ direction: 'send', packets: 200, bytes: 2, remote: remote({ arrivedAtMs: 900, lost: 4 }) })],
    ]);
    assert.deepEqual([sum(ticks, 'packets'), sum(ticks, 'lost'), sum(ticks, 'arrived')], [200, 4, 96]);
    const told = play([
      [reading({ direction: 'send', packets: 100, bytes: 1, remote: remote({ lost: 4, packets: 90 }) })],
    ]);
    assert.equal(sum(told, 'arrived'), 90);
  });

  it('sum camera and screen with the mean of their frames, but use the largest size of simulcast', () => {
    const video = (
      key: string,
      track: string,
      width: number,
      height: number,
      frames: number,
    ): StreamReading =>
      reading({
        key,
        track,
        media: 'video',
        direction: 'send',
        bytes: 10,
        packets: 1,
        width,
        height,
        frames,
        codec: 'VP8',
      });
    const [tick] = play([
      [
        video('a', 'camera', 320, 180, 30),
        video('b', 'camera', 640, 360, 29),
        video('c', 'camera', 1280, 720, 0),
        video('d', 'screen', 100, 100, 5),
      ],
    ]);
    assert.deepEqual(
      [tick?.bytes, tick?.pixels, tick?.frames, tick?.width, tick?.height],
      [40, 640 * 360 + 100 * 100, 17, 640, 360],
    );
  });

  it('take a jitter reading only from streams that received packets', () => {
    const ticks = play([
      [
        reading({ packets: 5, bytes: 5, jitterUs: 2000 }),
        reading({ key: 'b', packets: 5, bytes: 5, jitterUs: 4000 }),
      ],
      [
        reading({ packets: 9, bytes: 9, jitterUs: 2000 }),
        reading({ key: 'b', packets: 5, bytes: 5, jitterUs: 4000 }),
      ],
      [
        reading({ packets: 9, bytes: 9, jitterUs: 2000 }),
        reading({ key: 'b', packets: 5, bytes: 5, jitterUs: 4000 }),
      ],
    ]);
    assert.deepEqual(
      ticks.map(({ jitterUs }) => jitterUs),
      [3000, 2000, null],
    );
  });

  it('add up to the last values of all segments, whatever the counters do and whenever they are read', () => {
    const step = fc.record({
      gapMs: fc.integer({ min: -5, max: 5000 }),
      value: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const connection = new ConnectionTicks();
        let at = 10_000;
        const ticks = steps.flatMap(({ gapMs, value }) => {
          at += gapMs;
          return connection.add(at, [reading({ bytes: value, packets: value })], OPENED);
        });
        ticks.push(...connection.finish());
        const values = steps.map(({ value }) => value);
        const segments = values.reduce((total, value, index) => {
          const next = values[index + 1];
          return next === undefined || next < value ? total + value : total;
        }, 0);
        assert.equal(sum(ticks, 'bytes'), segments);
        const ends = ticks.map(({ endMs }) => endMs);
        assert.deepEqual(
          ends,
          [...new Set(ends)].sort((a, b) => a - b),
        );
        assert.ok(ticks.every(({ lengthMs, bytes }) => lengthMs >= 1 && bytes >= 0));
      }),
    );
  });
});
