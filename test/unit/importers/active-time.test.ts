// Method: small recordings in which time passes without media (idle connections, sleep, gaps, stopped and
// overlooked streams) are read, and the time that counts as active is compared with what was recorded. Totals
// are the oracle's, from the ticks of the import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioReceived, audioSent, callOf, everySecond, pictureOf as picture } from './calls.ts';
import type { Reading } from './calls.ts';
import { AT, toDump } from './reading.ts';
import { onlyPeerOf, pictureOf, recordingOf, toDecimals, trackOf } from './totals.ts';

const CAMERA = { ssrc: 444, width: 640, height: 360, fps: 30, kbps: 600 };

/** Active milliseconds of a track of the only peer. */
async function activeMs(dump: Buffer, track = 'audio send'): Promise<number> {
  return Number(trackOf(await onlyPeerOf(dump), track).activeMs);
}

/** Seconds from `from` to `to`, both among them. */
function secondsFrom(from: number, to: number): number[] {
  return everySecond(to).filter((second) => second >= from);
}

describe('active time', () => {
  it('begins with the media, not with the connection, when the connection was read for ten minutes before', async () => {
    const idle = await onlyPeerOf(recordingOf('24-idle-before-media.jsonl'));
    const control = await onlyPeerOf(recordingOf('24-control-no-idle.jsonl'));
    for (const shown of [idle, control]) {
      const track = trackOf(shown, 'video recv');
      assert.equal(track.activeMs, 30_000n);
      assert.deepEqual(pictureOf(track), { fps: 30, pixels: 640 * 360 });
      assert.equal(toDecimals(shown.stats.video.recv.mos), 3.91);
      assert.equal(toDecimals(shown.stats.video.recv.bitrate), 600);
    }
    assert.equal(idle.peer.connected_ms, 630_000, 'the connection stood all the while');
  });

  it('begins with the media even when the connection was not read before', async () => {
    const after = (second: number): number => second - 600;
    const dump = callOf((second) => [picture('recv', CAMERA, after(second))], {
      seconds: secondsFrom(601, 630),
    });
    const track = trackOf(await onlyPeerOf(dump), 'video recv');
    assert.equal(track.activeMs, 30_000n);
    assert.equal(track.bytes, 2_250_000n);
  });

  it('begins with the media even when the receiver has counted the silence before', async () => {
    const dump = callOf((second) => [audioReceived(second - 600, { totalSamplesDuration: second })], {
      seconds: secondsFrom(601, 630),
    });
    assert.equal(await activeMs(dump, 'audio recv'), 30_000);
  });

  it('reaches back to the opening when media ran since then and reading began late', async () => {
    const dump = callOf((second) => [audioSent(second)], { seconds: secondsFrom(600, 620) });
    assert.equal(await activeMs(dump), 620_000);
    assert.equal(trackOf(await onlyPeerOf(dump), 'audio send').packets, 31_000n);
  });

  it('excludes samples before the first packet, and frame sizes that begin later', async () => {
    const shown = await onlyPeerOf(recordingOf('07-late-property.json'));
    const track = trackOf(shown, 'video send');
    assert.deepEqual([track.packets, track.activeMs], [480n, 12_000n]);
    assert.deepEqual([track.widthMax, track.heightMax], [640, 360]);
    assert.equal(pictureOf(track).fps, 15);
    assert.equal(toDecimals(shown.stats.video.send.bitrate), 320);
  });

  it('excludes the hours in which a laptop slept, but counts what was sent', async () => {
    const track = trackOf(await onlyPeerOf(recordingOf('20-asleep.jsonl')), 'audio send');
    assert.deepEqual([track.activeMs, track.packets, track.bytes], [9000n, 500n, 40_000n]);
  });

  it('excludes a gap longer than 30 s in a call that is read every second, and counts a shorter gap', async () => {
    const gapOf = (gap: number): Promise<number> =>
      activeMs(
        callOf((second) => [audioSent(second)], {
          seconds: [...everySecond(10), ...secondsFrom(10 + gap, 20 + gap)],
        }),
      );
    assert.equal(await gapOf(30), 50_000);
    assert.equal(await gapOf(31), 20_000);
    assert.equal(await gapOf(3600), 20_000);
  });

  it("adapts to the connection's usual reading period: for once a minute, gaps up to three minutes count", async () => {
    const minutes = (list: readonly number[]): number[] => list.map((minute) => 60 * minute);
    const of = (list: readonly number[]): Promise<number> =>
      activeMs(callOf((second) => [audioSent(second)], { seconds: minutes(list) }));
    assert.equal(await of([1, 2, 3, 4, 5]), 5 * 60_000);
    assert.equal(await of([1, 2, 3, 6, 7]), 7 * 60_000);
    assert.equal(await of([1, 2, 3, 7, 8]), 4 * 60_000);
  });

  it('covers the time since the previous reading with the stream when every other reading lacks its report', async () => {
    const dump = callOf(
      (second) => [audioReceived(second), ...(second % 2 === 0 ? [audioSent(second)] : [])],
      { seconds: everySecond(20) },
    );
    const shown = await onlyPeerOf(dump);
    const track = trackOf(shown, 'audio send');
    // The first report comes with the second reading; the tick reaches back to the first.
    assert.deepEqual([track.activeMs, track.packets], [19_000n, 1000n]);
    assert.equal(trackOf(shown, 'audio recv').activeMs, 20_000n);
  });

  it('ends when the report is gone, in every form in which a dump can say so', async () => {
    for (const name of [
      '10-stopped-video-whole-reports.txt',
      '10-control-getstats-lines.jsonl',
      '10b-control-removed-by-null.jsonl',
    ]) {
      const shown = await onlyPeerOf(recordingOf(name));
      const video = trackOf(shown, 'video send');
      assert.deepEqual([video.activeMs, video.packets], [10_000n, 1000n], name);
      assert.equal(trackOf(shown, 'audio send').activeMs, 60_000n, name);
      assert.equal(toDecimals(shown.stats.video.send.bitrate), 800, name);
      assert.equal(toDecimals(shown.stats.video.send.mos), 3.83, name);
    }
  });

  it('resumes when a stopped stream comes back, without the time between', async () => {
    const isOn = (second: number): boolean => second <= 10 || second > 20;
    const sent = (second: number): number => (second <= 10 ? second : second - 10);
    const dump = callOf(
      (second) => [audioReceived(second), ...(isOn(second) ? [audioSent(sent(second))] : [])],
      { seconds: everySecond(30) },
    );
    const track = trackOf(await onlyPeerOf(dump), 'audio send');
    assert.deepEqual([track.activeMs, track.packets], [20_000n, 1000n]);
  });

  it('excludes a stream that is switched off and sends nothing, even though its report remains', async () => {
    const sentAt = (second: number): number => Math.min(second, 10);
    const dump = callOf(
      (second) =>
        [audioSent(second), picture('send', CAMERA, sentAt(second))].map((report) =>
          report.kind === 'video' ? { ...report, active: second <= 10 } : report,
        ),
      { seconds: everySecond(60) },
    );
    const shown = await onlyPeerOf(dump);
    assert.equal(trackOf(shown, 'video send').activeMs, 10_000n);
    assert.equal(trackOf(shown, 'audio send').activeMs, 60_000n);
  });

  it('counts a muted stream, whose report remains although nothing is sent', async () => {
    const muted: Reading = (second) => [audioSent(Math.min(second, 10))];
    assert.equal(await activeMs(callOf(muted, { seconds: everySecond(25) })), 25_000);
  });

  it('is not extended by a stream that carries only padding before the media', async () => {
    const padding = (second: number): Record<string, unknown>[] => [
      {
        id: 'V',
        type: 'outbound-rtp',
        kind: 'video',
        ssrc: 9,
        packetsSent: 10 * second,
        bytesSent: 0,
        framesSent: 0,
      },
    ];
    const dump = callOf(
      (second) => [
        audioSent(second),
        ...(second <= 20
          ? padding(second)
          : [{ ...padding(second)[0], bytesSent: 1000 * second, framesSent: second }]),
      ],
      { seconds: everySecond(30) },
    );
    assert.equal(await activeMs(dump, 'video send'), 10_000);
  });

  it('is the same for compressed and whole dumps, because an unmentioned value has not changed', async () => {
    const line = (second: number): unknown[] => {
      const changes = { r: { packetsReceived: 50 * second, bytesReceived: 4000 * second } };
      const first = { r: { type: 'inbound-rtp', kind: 'audio', ssrc: 1, ...changes.r } };
      const reports = second === 1 ? first : second <= 10 ? changes : { other: { value: second } };
      return ['getstats', 'PC_0', { ...reports, timestamp: AT + 1000 * second }, AT + 1000 * second];
    };
    const dump = toDump([['create', 'PC_0', {}, AT], ...everySecond(20).map(line)]);
    assert.equal(await activeMs(dump, 'audio recv'), 20_000);
  });
});
