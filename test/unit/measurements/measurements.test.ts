// The measurements as pure functions: vectors of the specification, and properties of the arithmetic in
// millionths.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../../document/byte-writer.ts';
import { ExactMeans, meanOfTwo, toMillionths } from '../../../measurements/fixed-point.ts';
import { audioMos, delayMs, videoMos } from '../../../measurements/mos.ts';
import {
  bitrate,
  bitrateVariation,
  frameRate,
  frameSize,
  meanMs,
  MISSING,
  packetLoss,
  possible,
  QUANTITY_MAX,
} from '../../../measurements/quantities.ts';
import { directionScore } from '../../../measurements/score.ts';
import type { ScoreInputs } from '../../../measurements/score.ts';

const MILLIONTHS_MAX = QUANTITY_MAX * 1_000_000;

describe('a quantity', () => {
  it('is null when nothing was measured', () => {
    const nothing = [
      bitrate(100, 0),
      packetLoss(0, 0),
      packetLoss(-5, 0),
      meanMs(0, 0),
      frameSize(0, 0),
      frameRate(5, 0),
      bitrateVariation(5, 5, 0),
      bitrateVariation(5, 5, MISSING),
      possible(QUANTITY_MAX + 1),
    ];
    assert.deepEqual(
      nothing,
      nothing.map(() => MISSING),
    );
  });

  it('clamps the total of lost packets, and is 100 % when all packets are lost', () => {
    assert.deepEqual([packetLoss(-3, 10), packetLoss(5, 0), packetLoss(1, 3)], [0, 100, 25]);
  });

  it('follows its formula', () => {
    assert.deepEqual(
      [bitrate(125, 100), meanMs(6_000, 3), frameSize(900, 3), frameRate(60, 2_000)],
      [10, 2, 300, 30],
    );
    assert.equal(bitrateVariation(10 * 10 * 1_000, 1_000, 10), 0);
  });
});

describe('a mean opinion score', () => {
  it('has the values of the specification for audio', () => {
    const rounded = (loss: number, delay: number) => Number(audioMos(loss, delay).toFixed(3));
    assert.deepEqual([rounded(0, 0), rounded(5, 150), rounded(20, 0)], [4.409, 3.916, 2.631]);
  });

  it('treats a missing delay as zero, and is null without loss figures or picture', () => {
    assert.equal(delayMs(MISSING, MISSING), 20);
    assert.equal(delayMs(40, 5), 50);
    assert.deepEqual(
      [
        audioMos(MISSING, 20),
        videoMos({ kbps: 0, pixels: 1, fps: 1 }, 20),
        videoMos({ kbps: 1, pixels: MISSING, fps: 1 }, 20),
      ],
      [MISSING, MISSING, MISSING],
    );
  });
});

describe('the score of a direction', () => {
  const best: ScoreInputs = {
    lossPercent: 0,
    jitterMs: 0,
    rttMs: 0,
    kbps: 5_000,
    variation: 0,
    pixels: 1280 * 720,
  };
  const worst: [keyof ScoreInputs, number, audio: number, video: number][] = [
    ['lossPercent', 10, 4, 4],
    ['jitterMs', 150, 2, 1],
    ['rttMs', 1_000, 2, 1],
    ['kbps', 0, 1, 2],
    ['variation', 1.25, 1, 1],
    ['pixels', 0, 1, 1],
  ];
  for (const [input, value, audio, video] of worst) {
    it(`loses ${audio} (audio) and ${video} (video) at the worst ${input}, and nothing when that input is missing`, () => {
      const at = (x: number, isVideo: boolean) => directionScore({ ...best, [input]: x }, isVideo);
      assert.deepEqual([at(value, false), at(value, true)], [10 - audio, 10 - video]);
      const missing = input === 'lossPercent' ? MISSING : 10;
      assert.deepEqual([at(MISSING, false), at(MISSING, true)], [missing, missing]);
    });
  }
});

describe('a value in millionths', () => {
  it('is rounded half up when written', () => {
    const written = (x: number, decimals: 0 | 1 | 2) => {
      const out = new ByteWriter(new ArrayBuffer(64), 64);
      out.reserve(32);
      out.quantity(toMillionths(x), decimals);
      return Buffer.from(out.bytes.subarray(0, out.at)).toString();
    };
    assert.deepEqual(
      [
        written(15.5, 0),
        written(2.5, 0),
        written(3.15, 1),
        written(1.85, 1),
        written(0.05, 1),
        written(2.675, 2),
        written(3.3, 2),
      ],
      ['16', '3', '3.2', '1.9', '0.1', '2.68', '3.30'],
    );
  });

  it('has an exact mean in any order, however many and however large the values are', () => {
    const value = fc.oneof(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: MILLIONTHS_MAX - 1000, max: MILLIONTHS_MAX }),
      fc.constant(MISSING),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (values, times) => {
        const all = Array.from({ length: times }, () => values).flat();
        const means = new ExactMeans(1);
        for (const each of all) means.add(Float64Array.of(each), 0);
        const known = all.filter((each) => !Number.isNaN(each)).map(BigInt);
        const count = BigInt(known.length);
        const sum = known.reduce((total, each) => total + each, 0n);
        assert.equal(means.mean(0), count === 0n ? MISSING : Number((sum + count / 2n) / count));
        assert.equal(means.count(0), known.length);
      }),
      { numRuns: 200 },
    );
  });

  it('is averaged with another value, or used alone when the other is missing', () => {
    assert.deepEqual(
      [meanOfTwo(1, 2), meanOfTwo(3, MISSING), meanOfTwo(MISSING, 4), meanOfTwo(MISSING, MISSING)],
      [2, 3, 4, MISSING],
    );
  });
});
