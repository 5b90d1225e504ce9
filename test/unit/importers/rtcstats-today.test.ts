// Method: dumps of rtcstats in the forms of today, small ones with the right values beside them: what Chrome
// itself saves, and rtcstats-js.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { audioSent } from './calls.ts';
import { AT, toDump } from './reading.ts';
import { importOf, onlyPeerOf, recordingOf, trackOf } from './totals.ts';

describe('an RTCStatsDump that Chrome saved', () => {
  it('gives each page a room of its own with its address, and assigns devices to the page that opened them', async () => {
    const { file, rooms } = await importOf(recordingOf('02-chrome-rtcstats-two-pages.txt'));
    assert.deepEqual(file.leftOut, []);
    const found = rooms.map(({ room, shown }) => [
      room.room_id,
      room.room_url,
      shown.map(({ peer }) => [
        peer.os,
        peer.browser,
        peer.browser_version,
        peer.audio_device,
        peer.video_device,
      ]),
      shown.flatMap(({ totals }) => [...totals.keys()]),
    ]);
    assert.deepEqual(found.sort(), [
      [
        'planning',
        'https://example.org/room/planning',
        [['Linux', 'Chrome', '144', 'Headset', 'Webcam']],
        ['audio send'],
      ],
      ['standup', 'https://example.org/room/standup', [['Linux', 'Chrome', '144', '', '']], ['audio recv']],
    ]);
  });

  it('is one room when it has one page', async () => {
    const { room, peer } = await onlyPeerOf(recordingOf('02-chrome-rtcstats-one-page.txt'));
    assert.deepEqual(
      [room.room.room_id, peer.audio_device, peer.call_setup_ms],
      ['planning', 'Headset', 400],
    );
  });

  it('is read when packed, with times that run backwards, early devices, and shared screens', async () => {
    const reports = (second: number): object => ({ A: audioSent(second, { timestamp: AT + 1000 * second }) });
    const success = 'navigator.mediaDevices.getUserMediaOnSuccess';
    const lines = [
      [
        'create',
        null,
        { userAgentData: { brands: [{ brand: 'Google Chrome', version: '145' }], platform: 'macOS' } },
        AT + 9000,
      ],
      [
        success,
        '9-0',
        [
          ['audio', 'a', 'Headset', 's'],
          ['video', 'v', 'Webcam', 's'],
        ],
        'getUserMedia-9-7-0',
        -8900,
      ],
      [
        'navigator.mediaDevices.getDisplayMediaOnSuccess',
        '9-0',
        [['video', 'd', 'screen:1:0', 's2']],
        'getDisplayMedia-9-7-1',
        0,
      ],
      // The page of Chrome was opened later: what was before has its own time.
      ['create', '9-3', {}, 'https://example.org/room/planning', -100],
      ['transceiverAdded', '9-3', { reason: 'addTrack' }, 10],
      ['onconnectionstatechange', '9-3', '"connected"', 290],
      ['getStats', '9-3', reports(1), 700],
      ['getStats', '9-3', reports(2), 1000],
      ['getStats', '9-3', reports(3), 1000],
      ['remove', '9-3', null, 500],
    ];
    const dump = gzipSync(Buffer.concat([Buffer.from('RTCStatsDump\n{"fileFormat":3}\n'), toDump(lines)]));
    const { file, peer, room, ...shown } = await onlyPeerOf(dump);
    assert.deepEqual(file.leftOut, []);
    assert.deepEqual(
      [room.room.room_id, room.room.started_at, room.room.ended_at],
      ['planning', AT, AT + 3500],
    );
    assert.deepEqual(
      [peer.os, peer.browser, peer.audio_device, peer.video_device],
      ['macOS', 'Chrome', 'Headset', 'Webcam'],
    );
    assert.equal(trackOf({ peer, ...shown }, 'audio send').packets, 150n);
  });
});

describe('a current rtcstats dump', () => {
  it('may have devices as lists, the address as a path beside its origin, and client hints as the user agent', async () => {
    const { file, room, peer } = await onlyPeerOf(recordingOf('23-rtcstats-devices.jsonl'));
    assert.deepEqual(file.leftOut, []);
    assert.deepEqual(
      [room.room.room_id, room.room.room_url],
      ['planning', 'https://example.org/room/planning'],
    );
    assert.deepEqual(
      [peer.os, peer.browser, peer.browser_version, peer.audio_device, peer.video_device],
      ['macOS', 'Chrome', '140', 'Headset', 'Webcam'],
    );
  });

  it('may continue with an absolute time after a reconnect, and with fractions of milliseconds', async () => {
    const stream = (packets: number): object => ({ 79: packets, 80: 10 * packets });
    const dump = Buffer.concat([
      Buffer.from('RTCStatsDump\n{"fileFormat":3}\n'),
      toDump([
        [39, null, {}, AT],
        [39, 'PC_0', {}, 0.25],
        [25, 'PC_0', 'connected', 100.5],
        [
          'g',
          'PC_0',
          { 0: { type: 2, 11: 'audio', 10: 1, ...stream(50) }, t: AT + 1100 },
          'connected-0',
          1000,
        ],
        [39, null, {}, AT + 2050],
        ['g', 'PC_0', { 0: stream(100), t: AT + 2100 }, 50],
      ]),
    ]);
    const shown = await onlyPeerOf(dump);
    assert.equal(trackOf(shown, 'audio send').activeMs, 1999n);
  });
});
