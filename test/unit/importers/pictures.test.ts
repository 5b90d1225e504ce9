// Method: calls with several pictures at a time (simulcast without names, many received, a screen beside a
// camera) are read, and the size and rate of frames that the oracle finds in their ticks are compared with
// those of the pictures.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callOf, everySecond, pictureOf as picture } from './calls.ts';
import type { Picture } from './calls.ts';
import { onlyPeerOf, pictureOf, recordingOf, toDecimals, trackOf } from './totals.ts';

const LAYERS: Picture[] = [
  { ssrc: 1, width: 320, height: 180, fps: 30, kbps: 200 },
  { ssrc: 2, width: 640, height: 360, fps: 30, kbps: 600 },
  { ssrc: 3, width: 1280, height: 720, fps: 30, kbps: 1600 },
];
const SCREEN: Picture = { ssrc: 9, width: 1920, height: 1080, fps: 5, kbps: 800 };

function source(id: string, { width, height, fps }: Picture, second: number): Record<string, unknown> {
  return { id, type: 'media-source', kind: 'video', width, height, frames: Math.round(fps * second) };
}

async function sent(pictures: readonly Picture[], sources: readonly Picture[], seconds = 30) {
  const dump = callOf(
    (second) => [
      ...pictures.map((one) => picture('send', one, second)),
      ...sources.map((one, index) => source(`S${index}`, one, second)),
    ],
    { seconds: everySecond(seconds) },
  );
  const shown = await onlyPeerOf(dump);
  return { shown, track: trackOf(shown, 'video send') };
}

describe('the import of several pictures', () => {
  for (const name of ['05-firefox-simulcast.jsonl', '05-control-with-mediaSourceId.jsonl']) {
    it(`takes layers as one picture, the largest that is active, with or without names: ${name}`, async () => {
      const shown = await onlyPeerOf(recordingOf(name));
      const track = trackOf(shown, 'video send');
      assert.deepEqual([track.frames, pictureOf(track)], [900n, { fps: 30, pixels: 921_600 }]);
      assert.equal(toDecimals(shown.stats.video.send.mos), 3.95);
    });
  }

  it('takes layers without a media source as one picture, by their shape and frame rate', async () => {
    const { track } = await sent(LAYERS, []);
    assert.deepEqual(pictureOf(track), { fps: 30, pixels: 1280 * 720 });
  });

  it('takes layers beside a shared screen as two pictures, whatever the shape of the screen', async () => {
    for (const screen of [SCREEN, { ...SCREEN, width: 1600, height: 1200 }]) {
      const { track } = await sent([...LAYERS, screen], [LAYERS[2] ?? SCREEN, screen]);
      assert.deepEqual([track.widthMax, track.heightMax], [screen.width, screen.height]);
      const { fps, pixels } = pictureOf(track);
      assert.equal(pixels, 1280 * 720 + screen.width * screen.height);
      assert.equal(fps, (30 + 5) / 2);
    }
  });

  it('takes the middle layer while the largest is paused', async () => {
    const paused = (second: number): number => Math.min(second, 10);
    const dump = callOf(
      (second) => [
        ...LAYERS.slice(0, 2).map((one) => picture('send', one, second)),
        picture('send', LAYERS[2] ?? SCREEN, paused(second)),
        source('S', LAYERS[2] ?? SCREEN, second),
      ],
      { seconds: everySecond(20) },
    );
    const track = trackOf(await onlyPeerOf(dump), 'video send');
    assert.deepEqual(pictureOf(track), { fps: 30, pixels: (1280 * 720 + 640 * 360) / 2 });
  });

  for (const count of [1, 3]) {
    it(`rates ${count} received pictures of one size, rate and bitrate like a single one`, async () => {
      const shown = await onlyPeerOf(recordingOf(`11-video-tracks-${count}.jsonl`));
      assert.equal(toDecimals(shown.stats.video.recv.mos), 3.91);
      assert.equal(pictureOf(trackOf(shown, 'video recv')).fps, 30);
    });
  }

  it('rates any number of received pictures of one size, rate and bitrate like a single one, even at odd rates', async () => {
    for (const fps of [7.5, 15, 29.97]) {
      const mosOf = async (count: number): Promise<number> => {
        const pictures = Array.from({ length: count }, (_none, index) => ({
          ssrc: index + 1,
          width: 640,
          height: 360,
          fps,
          kbps: 600,
        }));
        const dump = callOf((second) => pictures.map((one) => picture('recv', one, second)), {
          seconds: everySecond(30),
        });
        const { stats } = await onlyPeerOf(dump);
        return Number(stats.video.recv.mos) / 1e6;
      };
      const one = await mosOf(1);
      for (const count of [2, 5, 25])
        assert.ok(Math.abs((await mosOf(count)) - one) < 0.005, `${count} at ${fps}`);
    }
  });

  it('ignores a received picture while it gets no data and others do', async () => {
    const pictures = [1, 2, 3].map((ssrc) => ({ ssrc, width: 640, height: 360, fps: 30, kbps: 600 }));
    const dump = callOf(
      (second) =>
        pictures.map((one, index) => picture('recv', one, index === 0 ? second : Math.min(second, 10))),
      { seconds: everySecond(20) },
    );
    const track = trackOf(await onlyPeerOf(dump), 'video recv');
    assert.deepEqual(pictureOf(track), { fps: 30, pixels: (3 * 640 * 360 + 640 * 360) / 2 });
  });

  it('keeps every frame of a mean over the ticks', async () => {
    const pictures = [1, 2, 3].map((ssrc) => ({ ssrc, width: 100, height: 100, fps: 10, kbps: 100 }));
    const uneven = callOf(
      (second) => pictures.map((one, index) => picture('recv', { ...one, fps: 10 + index / 3 }, second)),
      { seconds: everySecond(60) },
    );
    const track = trackOf(await onlyPeerOf(uneven), 'video recv');
    assert.equal(Number(track.frames), Math.round((600 + 620 + 640) / 3));
  });
});
