// Method: recordings in the forms that recorders of today write, small ones with the right values beside
// them, and what is written by hand after the forms that their sources document (rtcstats-js, Chrome's
// webrtc-internals page). Where a file has none of our forms, the message names the form.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioSent } from './calls.ts';
import { AT, readDump } from './reading.ts';
import { importOf, onlyPeerOf, recordingOf, trackOf } from './totals.ts';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36';

describe('the webrtc-internals format of Chrome 144', () => {
  it('is read like the earlier format: log times as timestamps, quoted states with on…, labels as JSON', async () => {
    for (const name of ['01-chrome144-internals.json', '01-control-old-shape.json']) {
      const { file, room, peer, ...shown } = await onlyPeerOf(recordingOf(name));
      assert.deepEqual(file.leftOut, [], name);
      assert.equal(new Date(room.room.started_at).toISOString(), '2025-11-24T15:59:59.700Z', name);
      assert.deepEqual(
        [peer.call_setup_ms, peer.connected_ms, peer.audio_device, peer.video_device],
        [250, 11_050, 'Headset', 'Webcam'],
        name,
      );
      const track = trackOf({ peer, ...shown }, 'video send');
      assert.deepEqual([track.packets, track.bytes], [440n, 440_000n], name);
      assert.deepEqual([peer.os, peer.browser, peer.browser_version], ['Linux', 'Chrome', '144.0.0.0'], name);
    }
  });

  it('may have start and end of columns as numbers, and the type in a column of its own', async () => {
    const { file, peer, ...shown } = await onlyPeerOf(recordingOf('22-numeric-start-times.json'));
    assert.deepEqual(file.leftOut, []);
    const track = trackOf({ peer, ...shown }, 'audio send');
    assert.deepEqual([track.packets, track.bytes, peer.call_setup_ms], [450n, 36_000n, 400]);
  });

  it('may have start and end in every time format that names its zone', async () => {
    const at = (second: number): number => AT + 1000 * second;
    const forms: ((ms: number) => unknown)[] = [
      (ms) => ms,
      (ms) => ms * 1000,
      (ms) => String(ms),
      (ms) => new Date(ms).toISOString(),
      (ms) => new Date(ms).toUTCString(),
      (ms) =>
        `${new Date(ms).toUTCString().replace(/^(...), (..) (...) (....) (.*) GMT$/, '$1 $3 $2 $4 $5')} GMT+0000 (UTC)`,
    ];
    for (const form of forms) {
      const column = (values: readonly unknown[]): object => ({
        startTime: form(at(1)),
        endTime: form(at(4)),
        statsType: 'outbound-rtp',
        values: JSON.stringify(values),
      });
      const stats = {
        'OT1-kind': column(['audio', 'audio', 'audio', 'audio']),
        'OT1-ssrc': column([1, 1, 1, 1]),
        'OT1-packetsSent': column([50, 100, 150, 200]),
        'OT1-bytesSent': column([500, 1000, 1500, 2000]),
      };
      const updateLog = [{ time: form(AT), type: 'connectionstatechange', value: 'connected' }];
      const dump = {
        PeerConnections: { '1-1': { url: 'https://a.example/r', stats, updateLog } },
        UserAgent: CHROME,
      };
      const shown = await onlyPeerOf(Buffer.from(JSON.stringify(dump)));
      const track = trackOf(shown, 'audio send');
      assert.deepEqual([track.packets, track.activeMs], [200n, 4000n], String(form(AT)));
    }
  });

  it("gets the values of a report that was missing in some calls assigned by the report's own times", async () => {
    const seconds = [1, 2, 3, 4, 5, 6, 7, 8];
    const some = [1, 2, 7, 8];
    const column = (at: readonly number[], values: readonly unknown[]): object => ({
      startTime: new Date(AT + 1000 * (at[0] ?? 0)).toISOString(),
      endTime: new Date(AT + 1000 * (at.at(-1) ?? 0)).toISOString(),
      statsType: 'inbound-rtp',
      values: JSON.stringify(values),
    });
    const report = (
      id: string,
      kind: string,
      ssrc: number,
      at: readonly number[],
    ): Record<string, object> => ({
      [`${id}-timestamp`]: column(
        at,
        at.map((second) => AT + 1000 * second),
      ),
      [`${id}-kind`]: column(
        at,
        at.map(() => kind),
      ),
      [`${id}-ssrc`]: column(
        at,
        at.map(() => ssrc),
      ),
      [`${id}-packetsReceived`]: column(
        at,
        at.map((_second, index) => 10 * (index + 1)),
      ),
      [`${id}-bytesReceived`]: column(
        at,
        at.map((_second, index) => 1000 * (index + 1)),
      ),
    });
    const stats = { ...report('A', 'audio', 1, seconds), ...report('V', 'video', 2, some) };
    const updateLog = [{ timestamp: AT, type: 'onconnectionstatechange', value: '"connected"' }];
    const dump = { PeerConnections: { '1-1': { url: 'https://a.example/r', stats, updateLog } } };
    const shown = await onlyPeerOf(Buffer.from(JSON.stringify(dump)));
    const video = trackOf(shown, 'video recv');
    // Of the stream that was away for four readings two spans of two seconds each; it began with the first.
    assert.deepEqual([video.packets, video.activeMs], [40n, 4000n]);
  });

  it('gives the browser from its client hints when there is no user agent', async () => {
    const column = (values: readonly unknown[]): object => ({
      startTime: AT,
      endTime: AT + 1000,
      statsType: 'outbound-rtp',
      values: JSON.stringify(values),
    });
    const stats = {
      'OT1-kind': column(['audio', 'audio']),
      'OT1-packetsSent': column([50, 100]),
      'OT1-bytesSent': column([500, 1000]),
    };
    const hints = (brand: string, more: object): object => ({
      brands: [
        { brand: 'Not?A_Brand', version: '8' },
        { brand: 'Chromium', version: '144' },
        { brand, version: '144' },
      ],
      mobile: false,
      platform: 'Windows',
      ...more,
    });
    const clientOf = async (UserAgentData: object): Promise<string[]> => {
      const dump = {
        PeerConnections: { '1-1': { url: 'https://a.example/r', stats, updateLog: [] } },
        UserAgentData,
      };
      const { peer } = await onlyPeerOf(Buffer.from(JSON.stringify(dump)));
      return [peer.os, peer.os_version, peer.browser, peer.browser_version];
    };
    assert.deepEqual(await clientOf(hints('Google Chrome', {})), ['Windows', '', 'Chrome', '144']);
    assert.deepEqual(await clientOf(hints('Microsoft Edge', { platformVersion: '15.0.0' })), [
      'Windows',
      '11',
      'Microsoft Edge',
      '144',
    ]);
    const fullVersionList = [
      { brand: 'Not?A_Brand', version: '8.0.0.0' },
      { brand: 'Google Chrome', version: '144.0.7559.60' },
    ];
    assert.deepEqual(await clientOf(hints('Google Chrome', { fullVersionList })), [
      'Windows',
      '',
      'Chrome',
      '144.0.7559.60',
    ]);
  });
});

describe('the time of a getStats report', () => {
  it('is the same in microseconds, ISO text and milliseconds', async () => {
    for (const name of ['13-timestamps-us.jsonl', '13b-timestamps-iso.jsonl']) {
      const { file, room, ...shown } = await onlyPeerOf(recordingOf(name));
      assert.deepEqual(file.leftOut, [], name);
      assert.equal(trackOf(shown, 'audio recv').packets, 500n, name);
      assert.deepEqual(
        [room.room.started_at, room.room.ended_at].map((ms) => new Date(ms).toISOString()),
        ['2025-11-24T16:00:01.000Z', '2025-11-24T16:00:10.000Z'],
        name,
      );
    }
  });

  it('is rejected with a message when it counts from the start of the page, unless a time surrounds the call', async () => {
    const dump = recordingOf('13c-timestamps-page-relative.jsonl');
    const { file, rooms } = await importOf(dump);
    assert.deepEqual(rooms, []);
    assert.match(
      file.leftOut[0]?.reason ?? '',
      /^reports without a time: their timestamps count from the start of the page/,
    );
    const lines = dump.toString('utf8').trim().split('\n');
    const placed = lines.map((line, index) => `{"at":${AT + 1000 * (index + 1)},"reports":${line}}`);
    const shown = await onlyPeerOf(Buffer.from(placed.join('\n')));
    assert.equal(trackOf(shown, 'audio recv').packets, 500n);
  });

  it('may surround calls in any format, including one JSON array on one line or with an element per line', async () => {
    const calls = [1, 2, 3, 4].map((second) => ({
      at: new Date(AT + 1000 * second).toISOString(),
      reports: [audioSent(second)],
    }));
    const arrays = calls.map(({ reports }, index) =>
      reports.map((report) => ({ ...report, timestamp: AT + 1000 * (index + 1) })),
    );
    for (const value of [calls, arrays]) {
      const texts = [
        value.map((call) => JSON.stringify(call)).join('\n'),
        JSON.stringify(value),
        `[\n${value.map((call) => `  ${JSON.stringify(call)}`).join(',\n')}\n]\n`,
      ];
      for (const text of texts) {
        const { file, ...shown } = await onlyPeerOf(Buffer.from(text));
        assert.deepEqual([file.format, file.ticks.count], ['getstats', 3], text.slice(0, 60));
        assert.equal(trackOf(shown, 'audio send').activeMs, 3000n);
      }
    }
  });
});

describe('a file in an unsupported format', () => {
  for (const [form, content, expected] of [
    ['a packet capture', Buffer.from('d4c3b2a1020004000000', 'hex'), /packet capture \(pcap\)/],
    ['a zip archive', Buffer.from('504b030414000000', 'hex'), /zip archive: unpack it/],
    ['text in UTF-16', Buffer.from('\ufeff{"PeerConnections":{}}', 'utf16le'), /UTF-16: save it as UTF-8/],
    ['a page of Firefox', '<!doctype html><title>about:webrtc</title>', /about:webrtc page of Firefox/],
    ['another page', '<html><body>404</body></html>', /web page \(HTML\)/],
    ['a HAR file', '{"log":{"version":"1.2","entries":[]}}', /HTTP archive \(HAR\)/],
    ['an SDP', 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n', /session description/],
    [
      'reports over several lines',
      '{\n "x": {\n  "type": "inbound-rtp",\n  "ssrc": 1\n }\n}',
      /over several lines/,
    ],
    ['a table', 'timestamp,ssrc,bytesSent\n1,2,3\n', /table \(CSV\)/],
    ['JSON of another recorder', '{"sdkKey":"a","samples":[]}', /with the keys "sdkKey", "samples"/],
    ['nothing', '', /an empty file/],
  ] as const) {
    it(`is recognised: ${form}`, async () => {
      const file = await readDump(Buffer.from(content));
      assert.equal(file.format, null);
      const [first, second] = file.leftOut.map(({ reason }) => reason);
      assert.equal(first, 'not a dump of a known format');
      assert.match(second ?? '', expected);
    });
  }
});
