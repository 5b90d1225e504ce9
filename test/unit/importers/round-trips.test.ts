// Method: calls with round trips and jitter that are no measurements, or in units that cannot be, are read;
// what is left is compared with what was measured, and what is passed over must be said.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioReceived, audioSent, callOf, everySecond } from './calls.ts';
import { AT } from './reading.ts';
import { onlyPeerOf, recordingOf, toDecimals } from './totals.ts';

/** The round trip of a call in which each second brings a report of the far end. */
async function rttOf(fields: (second: number) => object): Promise<{ rtt: number | null; leftOut: string[] }> {
  const dump = callOf(
    (second) => [
      audioSent(second),
      {
        id: 'R',
        type: 'remote-inbound-rtp',
        kind: 'audio',
        ssrc: 222,
        localId: 'OT01A222',
        packetsLost: 0,
        jitter: 0.002,
        timestamp: AT + 1000 * second - 15,
        ...fields(second),
      },
    ],
    { seconds: everySecond(10) },
  );
  const { file, stats } = await onlyPeerOf(dump);
  return { rtt: toDecimals(stats.audio.send.rtt), leftOut: file.leftOut.map(({ reason }) => reason) };
}

async function jitterOf(
  fields: object,
  codec?: object,
): Promise<{ jitter: number | null; leftOut: string[] }> {
  const dump = callOf(
    (second) => [
      audioReceived(second, { codecId: 'C', ...fields }),
      ...(codec === undefined ? [] : [{ id: 'C', type: 'codec', ...codec }]),
    ],
    { seconds: everySecond(10) },
  );
  const { file, stats } = await onlyPeerOf(dump);
  return { jitter: toDecimals(stats.audio.recv.jitter), leftOut: file.leftOut.map(({ reason }) => reason) };
}

describe('the reading of round trips', () => {
  it('ignores 0 without a count, because browsers write it until there is a measurement', async () => {
    for (const [name, expected] of [
      ['09-rtt-zero.jsonl', 200],
      ['09b-rtt-none-measured.jsonl', null],
    ] as const) {
      const { stats } = await onlyPeerOf(recordingOf(name));
      assert.equal(toDecimals(stats.audio.send.rtt), expected, name);
    }
  });

  it('uses counted measurements, including zeros', async () => {
    const counted = await rttOf((second) => ({
      roundTripTime: second % 2 === 0 ? 0 : 0.04,
      totalRoundTripTime: 0.04 * Math.ceil(second / 2),
      roundTripTimeMeasurements: second,
    }));
    assert.deepEqual(counted, { rtt: 20, leftOut: [] });
  });

  it('skips impossible values and reports them', async () => {
    const { rtt, leftOut } = await rttOf((second) => ({ roundTripTime: second < 6 ? 0.1 : 48 }));
    assert.deepEqual([rtt, leftOut.length], [100, 1]);
    assert.match(leftOut[0] ?? '', /^roundTripTime: got more than a round trip can be/);
    const sums = await rttOf((second) => ({
      roundTripTime: 48,
      totalRoundTripTime: 48 * second,
      roundTripTimeMeasurements: second,
    }));
    assert.equal(sums.rtt, null);
    assert.equal((await rttOf(() => ({ roundTripTime: 5 }))).rtt, null);
    assert.equal((await rttOf(() => ({ roundTripTime: 5.125 }))).rtt, 5125);
  });
});

describe('the reading of jitter', () => {
  it('gives null for units of an unknown clock, and reports it', async () => {
    const { file, stats } = await onlyPeerOf(recordingOf('14-jitter-clock-units.jsonl'));
    assert.equal(stats.audio.recv.jitter, null);
    assert.match(file.leftOut[0]?.reason ?? '', /^jitter: got more than a jitter can be/);
    assert.equal(file.leftOut[0]?.count, 10);
  });

  it('converts units of a known clock', async () => {
    assert.deepEqual(await jitterOf({ jitter: 240 }, { mimeType: 'audio/opus', clockRate: 48_000 }), {
      jitter: 5,
      leftOut: [],
    });
    assert.deepEqual(await jitterOf({ jitter: 240 }, { mimeType: 'audio/opus' }), { jitter: 5, leftOut: [] });
    assert.deepEqual(await jitterOf({ jitter: '40' }, { mimeType: 'audio/PCMU' }), {
      jitter: 5,
      leftOut: [],
    });
    // One unit, too, though a second might just be.
    assert.deepEqual(await jitterOf({ jitter: 480 }, { mimeType: 'audio/x', clockRate: 96_000 }), {
      jitter: 5,
      leftOut: [],
    });
    assert.equal((await jitterOf({ jitter: 240 }, { mimeType: 'audio/unheard-of' })).jitter, null);
  });

  it('converts units of the video clock, even without a codec', async () => {
    const dump = callOf(
      (second) => [
        {
          id: 'V',
          type: 'inbound-rtp',
          kind: 'video',
          ssrc: 1,
          packetsReceived: second,
          bytesReceived: second,
          jitter: 900,
        },
      ],
      { seconds: everySecond(5) },
    );
    assert.equal(toDecimals((await onlyPeerOf(dump)).stats.video.recv.jitter), 10);
  });

  it('keeps values in seconds, up to two seconds', async () => {
    assert.deepEqual(await jitterOf({ jitter: 0.25 }), { jitter: 250, leftOut: [] });
    assert.deepEqual(await jitterOf({ jitter: 0 }), { jitter: 0, leftOut: [] });
    assert.deepEqual(await jitterOf({ jitter: 1.5 }), { jitter: 1500, leftOut: [] });
    assert.equal((await jitterOf({ jitter: 5.2 })).jitter, null);
  });
});
