// Method: one reading each of today's Firefox and Safari, written by hand in the shape in which that browser
// gives its reports, with what must come of it beside it. Today's Chrome is in the recordings
// (import-recorded-call.test.ts).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AT, oneReading, readDump, sumTicks, tickTexts, toPlainObject } from './reading.ts';

describe('the reader of current browsers', () => {
  it('reads Firefox: far-end reports with packets received and their own time, and selected pairs', async () => {
    const file = await readDump(
      oneReading({
        f1: {
          type: 'outbound-rtp',
          kind: 'video',
          mediaType: 'video',
          ssrc: 9,
          remoteId: 'f2',
          codecId: 'f3',
          bytesSent: 50_000,
          packetsSent: 60,
          framesEncoded: 31,
          framesSent: 30,
          frameWidth: 640,
          frameHeight: 480,
        },
        f2: {
          type: 'remote-inbound-rtp',
          kind: 'video',
          ssrc: 9,
          localId: 'f1',
          timestamp: AT + 400,
          packetsReceived: 50,
          packetsLost: 4,
          jitter: 0.003,
          roundTripTime: 0.021,
        },
        f3: { type: 'codec', mimeType: 'video/VP9', payloadType: 121 },
        f4: {
          type: 'candidate-pair',
          selected: false,
          nominated: true,
          state: 'succeeded',
          localCandidateId: 'f6',
        },
        f5: {
          type: 'candidate-pair',
          selected: true,
          nominated: true,
          state: 'succeeded',
          localCandidateId: 'f7',
        },
        f6: { type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
        f7: { type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' },
      }),
    );
    assert.deepEqual(file.leftOut, []);
    assert.deepEqual(toPlainObject(sumTicks(file)), {
      'PC_0 video send': { bytes: 50_000, packets: 60, lost: 4, arrived: 50 },
    });
    assert.deepEqual(tickTexts(file), [
      'video send VP9 1000 50000 60 4 50 3000 21000 1 21000 307200 30 640 480 0',
    ]);
    assert.deepEqual(file.presences[0]?.presence.pathMs, { 'TURN/tls': 1000 });
  });

  it('reads Safari: a media source per stream, round trips with sum and count, and fractional times', async () => {
    const timestamp = AT + 1000.375;
    const file = await readDump(
      oneReading({
        IT01A11: {
          type: 'inbound-rtp',
          timestamp,
          kind: 'audio',
          ssrc: 11,
          trackIdentifier: 't',
          bytesReceived: 8000,
          packetsReceived: 80,
          packetsLost: -1,
          jitter: 0.004,
          totalSamplesDuration: 0.9,
        },
        OT01A12: {
          type: 'outbound-rtp',
          timestamp,
          kind: 'audio',
          ssrc: 12,
          mediaSourceId: 'SA1',
          codecId: 'COT01_111',
          bytesSent: 9000,
          packetsSent: 90,
        },
        RIA12: {
          type: 'remote-inbound-rtp',
          timestamp,
          kind: 'audio',
          ssrc: 12,
          localId: 'OT01A12',
          packetsLost: 2,
          jitter: 0.001,
          roundTripTime: 0.03,
          totalRoundTripTime: 0.05,
          roundTripTimeMeasurements: 2,
        },
        COT01_111: { type: 'codec', timestamp, mimeType: 'audio/opus' },
        T01: { type: 'transport', timestamp, selectedCandidatePairId: 'CP1' },
        CP1: {
          type: 'candidate-pair',
          timestamp,
          nominated: true,
          state: 'succeeded',
          localCandidateId: 'I1',
        },
        I1: { type: 'local-candidate', timestamp, candidateType: 'srflx', protocol: 'udp' },
      }),
    );
    assert.deepEqual(tickTexts(file), [
      'audio recv  1000 8000 80 -1 80 4000 0 0 0 0 0 0 0 0',
      'audio send opus 1000 9000 90 2 88 1000 50000 2 30000 0 0 0 0 0',
    ]);
    assert.deepEqual(file.presences[0]?.presence.pathMs, { 'STUN/udp': 1000 });
  });
});
