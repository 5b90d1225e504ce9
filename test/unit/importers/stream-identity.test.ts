// Method: calls in which a stream is reported twice, under another name, or in two forms are read, and its
// counters must be counted once. Streams that are none (probes) and streams older than the record are here,
// too.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioReceived, audioSent, callOf, everySecond } from './calls.ts';
import { AT, toDump } from './reading.ts';
import { importOf, onlyPeerOf, recordingOf, toDecimals, trackOf } from './totals.ts';

describe('the identity of a stream', () => {
  it('is kept under a new report id when direction and SSRC are the same', async () => {
    const track = trackOf(await onlyPeerOf(recordingOf('08-new-id-same-ssrc.jsonl')), 'audio send');
    assert.deepEqual([track.packets, track.bytes, track.activeMs], [500n, 40_000n, 10_000n]);
  });

  it('makes one stream of two reports in a reading, with the newer one, whatever the order', async () => {
    const old = (second: number): Record<string, unknown> => ({
      ...audioSent(5),
      timestamp: AT + 1000 * second - 400,
    });
    const now = (second: number): Record<string, unknown> => ({ ...audioSent(second), id: 'OT11A222' });
    for (const order of [
      (second: number) => [old(second), now(second)],
      (second: number) => [now(second), old(second)],
    ]) {
      const dump = callOf((second) => (second <= 5 ? [audioSent(second)] : order(second)), {
        seconds: everySecond(10),
      });
      assert.equal(trackOf(await onlyPeerOf(dump), 'audio send').packets, 500n);
    }
  });

  it('makes one stream of two reports of the same time, with the one that has counted more', async () => {
    for (const order of [1, -1]) {
      const dump = callOf(
        (second) =>
          [audioSent(Math.min(second, 4)), { ...audioSent(second), id: 'other' }].slice().sort(() => order),
        { seconds: everySecond(10) },
      );
      assert.equal(trackOf(await onlyPeerOf(dump), 'audio send').packets, 500n);
    }
  });

  it('differs for the same SSRC in the other direction or in another connection', async () => {
    const dump = callOf((second) => [audioSent(second), audioReceived(second, { ssrc: 222 })], {
      seconds: everySecond(10),
    });
    const shown = await onlyPeerOf(dump);
    assert.deepEqual(
      ['audio send', 'audio recv'].map((name) => trackOf(shown, name).packets),
      [500n, 500n],
    );
    const reading = (connection: string, second: number): unknown[] => [
      'getstats',
      connection,
      { A: audioSent(second), timestamp: AT + 1000 * second },
      AT + 1000 * second,
    ];
    const two = toDump([
      ['create', 'PC_0', {}, AT],
      ['create', 'PC_1', {}, AT],
      ...everySecond(5).flatMap((second) => [reading('PC_0', second), reading('PC_1', second)]),
    ]);
    assert.equal(trackOf(await onlyPeerOf(two), 'audio send').packets, 500n);
  });

  it("is the report's id without an SSRC, or when the SSRC is 0", async () => {
    for (const ssrc of [undefined, 0, '0']) {
      const dump = callOf(
        (second) => [audioSent(second, { ssrc, id: 'a' }), audioSent(second, { ssrc, id: 'b' })],
        { seconds: everySecond(10) },
      );
      assert.equal(trackOf(await onlyPeerOf(dump), 'audio send').packets, 1000n, String(ssrc));
    }
  });

  it('is the same for the standard and old Chrome’s form in one dump', async () => {
    const dump = callOf(
      (second) => [
        {
          id: 'ssrc_222_send',
          type: 'ssrc',
          mediaType: 'audio',
          ssrc: '222',
          packetsSent: String(50 * second),
          bytesSent: String(92 * 50 * second),
          googCodecName: 'opus',
          packetsLost: '2',
          googRtt: '40',
        },
        audioSent(second),
      ],
      { seconds: everySecond(10) },
    );
    const shown = await onlyPeerOf(dump);
    const track = trackOf(shown, 'audio send');
    assert.deepEqual(
      [track.packets, track.bytes, track.codec, track.packetsLost],
      [500n, 40_000n, 'opus', 2n],
    );
    assert.equal(toDecimals(shown.stats.audio.send.rtt), 40);
  });
});

describe('a bandwidth probe', () => {
  it('is ignored: an SSRC with packets, but without payload and frames', async () => {
    const shown = await onlyPeerOf(recordingOf('16-probator.jsonl'));
    assert.deepEqual([...shown.totals.keys()], ['audio recv']);
    assert.equal(toDecimals(shown.stats.score), 9.8);
  });

  it('is also ignored without its name, as audio, or when sent', async () => {
    const padding = (second: number): Record<string, unknown>[] => [
      {
        id: 'V',
        type: 'inbound-rtp',
        kind: 'video',
        ssrc: 7,
        packetsReceived: 20 * second,
        bytesReceived: 0,
        framesDecoded: 0,
      },
      { id: 'W', type: 'outbound-rtp', kind: 'video', ssrc: 8, packetsSent: 20 * second, bytesSent: 0 },
      { id: 'X', type: 'outbound-rtp', kind: 'audio', ssrc: 6, packetsSent: 20 * second, bytesSent: 0 },
    ];
    const dump = callOf((second) => [audioReceived(second), ...padding(second)], {
      seconds: everySecond(10),
    });
    assert.deepEqual([...(await onlyPeerOf(dump)).totals.keys()], ['audio recv']);
  });

  it('is ignored by its name beside received video, even when the browser counts its padding as payload', async () => {
    const video = (second: number, fields: object): Record<string, unknown> => ({
      type: 'inbound-rtp',
      kind: 'video',
      packetsReceived: 100 * second,
      bytesReceived: 100_000 * second,
      framesDecoded: 30 * second,
      frameWidth: 640,
      frameHeight: 360,
      ...fields,
    });
    const dump = callOf(
      (second) => [
        video(second, { id: 'V', ssrc: 1, mid: '1' }),
        video(second, { id: 'P', ssrc: 1234, mid: 'probator', framesDecoded: 0 }),
      ],
      { seconds: everySecond(10) },
    );
    assert.equal(trackOf(await onlyPeerOf(dump), 'video recv').packets, 1000n);
  });
});

describe('what a stream counted before the record began', () => {
  const late = { seconds: everySecond(20).slice(10), hasOpening: false };

  it('is left out of the packets, losses and arrivals of a received stream', async () => {
    const dump = callOf((second) => [audioReceived(second, { packetsLost: 100 + second })], late);
    const { file, ...shown } = await onlyPeerOf(dump);
    const track = trackOf(shown, 'audio recv');
    assert.deepEqual([track.packets, track.packetsLost, track.packetsArrived], [450n, 9n, 450n]);
    assert.match(file.leftOut[0]?.reason ?? '', /^what streams had counted before the record began/);
  });

  it("is left out of the far end's reports, even when the first of them comes later", async () => {
    for (const firstReport of [11, 14]) {
      const remote = (second: number): Record<string, unknown> => ({
        id: 'R',
        type: 'remote-inbound-rtp',
        kind: 'audio',
        ssrc: 222,
        localId: 'OT01A222',
        packetsLost: 100 + second,
        jitter: 0.002,
        totalRoundTripTime: 0.1 * second,
        roundTripTimeMeasurements: second,
        roundTripTime: 0.1,
      });
      const dump = callOf(
        (second) => [audioSent(second), ...(second >= firstReport ? [remote(second)] : [])],
        late,
      );
      const track = trackOf(await onlyPeerOf(dump), 'audio send');
      const seconds = BigInt(20 - firstReport);
      assert.deepEqual(
        [track.packets, track.packetsLost, track.packetsArrived, track.rttCount],
        [450n, seconds, 49n * seconds, seconds],
        `first report at ${firstReport} s`,
      );
    }
  });

  it('is left out of frames that a browser begins to report later', async () => {
    const dump = callOf(
      (second) => [
        {
          id: 'V',
          type: 'outbound-rtp',
          kind: 'video',
          ssrc: 1,
          packetsSent: 100 * second,
          bytesSent: 1000 * second,
          ...(second > 12 ? { framesSent: 30 * second, frameWidth: 640, frameHeight: 360 } : {}),
        },
      ],
      late,
    );
    assert.equal(trackOf(await onlyPeerOf(dump), 'video send').frames, 30n * 7n);
  });

  it('is counted when the record contains the opening of the connection', async () => {
    const { file, ...shown } = await onlyPeerOf(
      callOf((second) => [audioSent(second)], { seconds: late.seconds }),
    );
    assert.deepEqual([file.leftOut, trackOf(shown, 'audio send').packets], [[], 1000n]);
  });

  it('is reported once for a file that contains nothing else', async () => {
    const { file } = await importOf(callOf((second) => [audioReceived(second)], late));
    assert.equal(file.leftOut.length, 1);
  });
});
