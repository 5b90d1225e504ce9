// Method: one dump each of browsers of years ago, written by hand in the shape in which that browser gave its
// reports, with what must come of it beside it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  AT,
  oneReading,
  readDump,
  sumTicks,
  tickLines,
  tickTexts,
  toDump,
  toPlainObject,
} from './reading.ts';

describe('the reader of old browsers', () => {
  it('reads old Chrome’s reports: every value as text, milliseconds, a far end that has not reported yet', async () => {
    const ssrc = (id: string, fields: object): object => ({
      [id]: { type: 'ssrc', mediaType: 'video', ssrc: '5', ...fields },
    });
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        [
          'getstats',
          'PC_0',
          {
            ...ssrc('ssrc_5_send', { bytesSent: '9000', packetsSent: '90', packetsLost: '-1', googRtt: '0' }),
            timestamp: AT + 1000,
          },
          AT + 1000,
        ],
        [
          'getstats',
          'PC_0',
          {
            ssrc_5_send: {
              bytesSent: '12000',
              packetsSent: '120',
              packetsLost: '6',
              googRtt: '35',
              googCodecName: 'VP8',
            },
            ...ssrc('ssrc_6_recv', {
              ssrc: '6',
              bytesReceived: '100',
              packetsReceived: '1',
              packetsLost: '0',
              googFrameWidthReceived: '640',
              googFrameHeightReceived: '480',
            }),
            'Conn-audio-1-0': {
              type: 'googCandidatePair',
              googActiveConnection: 'true',
              googLocalCandidateType: 'stun',
              googTransportType: 'udp',
            },
            timestamp: AT + 2000,
          },
          AT + 2000,
        ],
      ]),
    );
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 video recv': { bytes: 100, packets: 1, lost: 0, arrived: 1 },
      'PC_0 video send': { bytes: 12000, packets: 120, lost: 6, arrived: 114 },
    });
    assert.deepEqual(Object.keys(file.presences[0]?.presence.pathMs ?? {}), ['STUN/udp']);
    assert.ok(
      tickLines(file).some((line) => line.includes('\tVP8\t') && line.includes('\t35000\t1\t35000\t')),
    );
  });

  it('reads old Firefox: far ends as inbound reports marked isRemote, round trips in milliseconds', async () => {
    const file = await readDump(
      toDump([
        ['create', 'PC_0', {}, AT],
        [
          'getstats',
          'PC_0',
          {
            outbound_rtp_audio_0: {
              type: 'outbound-rtp',
              mediaType: 'audio',
              ssrc: 7,
              isRemote: false,
              remoteId: 'outbound_rtcp_audio_0',
              bytesSent: 4000,
              packetsSent: 40,
            },
            outbound_rtcp_audio_0: {
              type: 'inbound-rtp',
              mediaType: 'audio',
              ssrc: 7,
              isRemote: true,
              localId: 'outbound_rtp_audio_0',
              packetsReceived: 36,
              packetsLost: 3,
              jitter: 0.002,
              roundTripTime: 48,
            },
            timestamp: AT + 1000,
          },
          AT + 1000,
        ],
      ]),
    );
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 audio send': { bytes: 4000, packets: 40, lost: 3, arrived: 36 },
    });
    assert.ok(tickLines(file)[0]?.includes('\t2000\t48000\t1\t48000\t'));
  });

  it('reads old Safari: media types, and frame sizes in track reports', async () => {
    const file = await readDump(
      oneReading({
        RTCInboundRTPVideoStream_21: {
          type: 'inbound-rtp',
          mediaType: 'video',
          isRemote: false,
          ssrc: 21,
          trackId: 'RTCMediaStreamTrack_receiver_2',
          codecId: 'RTCCodec_video_Inbound_96',
          bytesReceived: 30_000,
          packetsReceived: 40,
          packetsLost: 1,
          framesDecoded: 25,
        },
        RTCMediaStreamTrack_receiver_2: {
          type: 'track',
          remoteSource: true,
          frameWidth: 320,
          frameHeight: 240,
          framesReceived: 26,
        },
        RTCCodec_video_Inbound_96: { type: 'codec', mimeType: 'video/H264' },
        RTCIceCandidatePair_1: {
          type: 'candidate-pair',
          nominated: true,
          state: 'succeeded',
          localCandidateId: 'RTCIceCandidate_1',
        },
        RTCIceCandidate_1: { type: 'local-candidate', candidateType: 'host', protocol: 'tcp' },
      }),
    );
    assert.deepEqual(tickTexts(file), ['video recv H264 1000 30000 40 1 40 \\N 0 0 0 76800 25 320 240 0']);
    assert.deepEqual(file.presences[0]?.presence.pathMs, { 'HOST/tcp': 1000 });
  });

  it('reads webrtc-internals dumps of old Chrome, packed or not: columns of ssrc reports, no types, no times', async () => {
    const column = (values: readonly unknown[]): object => ({
      startTime: new Date(AT + 1000).toISOString(),
      endTime: new Date(AT + 3000).toISOString(),
      values: JSON.stringify(values),
    });
    const stats = {
      'ssrc_77_recv-bytesReceived': column(['1000', '2500', '4000']),
      'ssrc_77_recv-packetsReceived': column(['10', '25', '40']),
      'ssrc_77_recv-packetsLost': column(['0', '1', '1']),
      'ssrc_77_recv-googJitterReceived': column(['3', '4', '5']),
      'ssrc_77_recv-audioOutputLevel': column(['1', '2', '3']),
      'ssrc_88_send-bytesSent': column(['500', '900', '1500']),
      'ssrc_88_send-packetsSent': column(['5', '9', '15']),
      'ssrc_88_send-packetsLost': column(['-1', '2', '2']),
      'ssrc_88_send-googRtt': column(['0', '35', '35']),
      'ssrc_88_send-googFrameWidthSent': column(['320', '320', '320']),
      'ssrc_88_send-googFrameHeightSent': column(['180', '180', '180']),
      'ssrc_88_send-googCodecName': column(['VP8', 'VP8', 'VP8']),
      'Conn-audio-1-0-googActiveConnection': column(['true', 'true', 'true']),
      'Conn-audio-1-0-googLocalCandidateType': column(['local', 'local', 'local']),
      'Conn-audio-1-0-googTransportType': column(['udp', 'udp', 'udp']),
    };
    // Its log tells when the connection was made, so that the first counters are known to have begun there.
    const updateLog = [{ time: new Date(AT).toISOString(), type: 'createOffer', value: '' }];
    const url = 'https://meet.example/Planning';
    const dump = JSON.stringify({
      getUserMedia: [],
      PeerConnections: { '1-1': { url, stats, updateLog } },
      UserAgent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.84 Safari/537.36',
    });
    for (const bytes of [Buffer.from(dump), gzipSync(dump)]) {
      const file = await readDump(bytes);
      assert.deepEqual([file.format, file.leftOut], ['webrtc-internals', []]);
      assert.deepEqual(toPlainObject(sumTicks(file)), {
        '1-1 audio recv': { bytes: 4000, packets: 40, lost: 1, arrived: 40 },
        '1-1 video send': { bytes: 1500, packets: 15, lost: 2, arrived: 7 },
      });
      const { presence } = file.presences[0] ?? {};
      assert.deepEqual(
        [presence?.roomId, presence?.browserVersion, presence?.joinedAtMs, presence?.pathMs],
        ['Planning', '63.0.3239.84', AT, { 'HOST/udp': 3000 }],
      );
    }
  });
});
