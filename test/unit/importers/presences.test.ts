// Method: dumps of a few lines are read, and what they tell of the participant is looked at: room, peer,
// times, client, path, devices, keys, call set-up. One thing a test; how presences become rooms is in
// import-rooms.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Presence } from '../../../importers/presences.ts';
import { AT, readDump, toDump } from './reading.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0';
const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

/** A reading of one stream, so that there is media. */
function reading(at: number, reports: Record<string, object> = {}, connection = 'PC_0'): unknown[] {
  const stream = { type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsReceived: 5, bytesReceived: 50 };
  return ['getstats', connection, { stream, ...reports, timestamp: at }, at];
}

async function presencesOf(entries: readonly unknown[]): Promise<Presence[]> {
  return (await readDump(toDump(entries))).presences.map(({ presence }) => presence);
}

async function presenceOf(entries: readonly unknown[]): Promise<Presence> {
  const [presence] = await presencesOf(entries);
  assert.ok(presence !== undefined);
  return presence;
}

describe('the presences of a file', () => {
  it('take the room from the identity, which may span several lines, rather than from the address', async () => {
    const info = { url: 'https://meet.example/tenant/Planning?jwt=x#config', userAgent: FIREFOX };
    const address = await presenceOf([
      ['connectionInfo', null, info, AT],
      ['create', 'PC_0', {}, AT],
      reading(AT + 1000),
    ]);
    assert.deepEqual([address.roomId, address.roomKey, address.roomUrl], ['Planning', 'planning', info.url]);
    const named = await presenceOf([
      ['connectionInfo', null, info, AT],
      ['identity', null, { deviceId: 'd-1', confID: 'https://meet.example/Other' }, AT],
      ['identity', null, { confName: 'Weekly', userId: 'u-1', meetingUniqueId: 'm-1' }, AT],
      ['create', 'PC_0', {}, AT],
      reading(AT + 1000),
    ]);
    assert.deepEqual(
      [named.roomId, named.peerId, named.meetingId, named.roomUrl],
      ['Weekly', 'u-1', 'm-1', null],
      'an address that names another room is not this room’s',
    );
  });

  it('get the room’s name from an address in readable form', async () => {
    for (const [url, expected] of [
      ['https://meet.example/Caf%C3%A9%20am%20Eck/', 'Café am Eck'],
      ['https://meet.example/100%', '100%'],
      ['https://meet.example/a/b?x=/c#/d', 'b'],
    ] as const) {
      const presence = await presenceOf([
        ['connectionInfo', null, { url }, AT],
        ['create', 'PC_0', {}, AT],
        reading(AT + 1000),
      ]);
      assert.deepEqual([presence.roomId, presence.roomUrl], [expected, url]);
    }
  });

  it("name the peer by user, else device, else end point or display name, else the file's content", async () => {
    const peerOf = async (identity: object): Promise<string> =>
      (
        await presenceOf([
          ['identity', null, { confName: 'r', ...identity }, AT],
          ['create', 'PC_0', {}, AT],
          reading(AT + 1000),
        ])
      ).peerId;
    const all = { userId: 'user', deviceId: 'device', endpointId: 'end', displayName: 'Name' };
    assert.equal(await peerOf(all), 'user');
    assert.equal(await peerOf({ ...all, userId: null }), 'device');
    assert.equal(await peerOf({ endpointId: 'end', displayName: 'Name' }), 'end');
    assert.equal(await peerOf({ displayName: 'Name' }), 'Name');
    assert.match(await peerOf({}), /^dump-[0-9a-f]{10}$/);
    assert.equal(await peerOf({}), await peerOf({}));
  });

  it('take times from the getstats lines, however far off the time of a spliced-in line is', async () => {
    const years = 2 * 365 * 24 * 3600 * 1000;
    for (const off of [years, -years]) {
      const presence = await presenceOf([
        ['connectionInfo', null, { userAgent: CHROME }, AT + off],
        ['create', 'PC_0', {}, AT],
        reading(AT + 1000),
        reading(AT + 2000),
      ]);
      assert.deepEqual(
        [presence.joinedAtMs, presence.leftAtMs, presence.connectedMs],
        [AT, AT + 2000, [[AT, AT + 2000]]],
      );
    }
  });

  it('ignore an opening that is a day before the first reading, or after it', async () => {
    for (const off of [-25 * 3600 * 1000, 5000]) {
      const presence = await presenceOf([
        ['create', 'PC_0', {}, AT + off],
        reading(AT + 1000),
        reading(AT + 2000),
      ]);
      assert.deepEqual([presence.joinedAtMs, presence.leftAtMs], [AT + 999, AT + 2000]);
    }
  });

  it('merge several connections of one client into one stay, whose time is counted once', async () => {
    const presences = await presencesOf([
      ['create', 'PC_0', {}, AT],
      ['create', 'PC_1', {}, AT + 500],
      reading(AT + 1000),
      reading(AT + 1500, {}, 'PC_1'),
      reading(AT + 4000),
      reading(AT + 9000, {}, 'PC_1'),
      ['close', 'PC_1', null, AT + 9500],
    ]);
    assert.equal(presences.length, 1);
    assert.deepEqual(presences[0]?.connectedMs, [
      [AT, AT + 4000],
      [AT + 500, AT + 9500],
    ]);
    assert.equal(presences[0].leftAtMs, AT + 9500);
  });

  for (const [userAgent, expected] of [
    [FIREFOX, ['Windows', '10', 'Firefox', '130.0']],
    [CHROME, ['macOS', '10.15.7', 'Chrome', '131.0.0.0']],
    [SAFARI, ['iOS', '17.5', 'Safari', '17.5']],
    ['what is this', ['', '', '', '']],
  ] as const) {
    it(`name client and system: ${expected.join(' ').trim() || 'nothing, where the user agent says nothing'}`, async () => {
      const presence = await presenceOf([
        ['connectionInfo', null, { userAgent }, AT],
        ['create', 'PC_0', {}, AT],
        reading(AT + 1000),
      ]);
      assert.deepEqual(
        [presence.os, presence.osVersion, presence.browser, presence.browserVersion],
        expected,
      );
    });
  }

  it('take the path of the nominated pair, summed over the time of each path', async () => {
    const pair = (localCandidateId: string): Record<string, object> => ({
      pair: { type: 'candidate-pair', nominated: true, state: 'succeeded', localCandidateId },
      failed: { type: 'candidate-pair', nominated: false, state: 'failed', localCandidateId: 'host' },
      host: { type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
      relay: { type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tcp' },
      prflx: { type: 'local-candidate', candidateType: 'prflx', protocol: 'udp' },
    });
    const presence = await presenceOf([
      ['create', 'PC_0', {}, AT],
      reading(AT + 1000, pair('relay')),
      reading(AT + 3000, pair('relay')),
      reading(AT + 8000, pair('prflx')),
      reading(AT + 9000, pair('host')),
    ]);
    assert.deepEqual(presence.pathMs, { 'TURN/tcp': 3000, 'STUN/udp': 5000, 'HOST/udp': 1000 });
  });

  it('measure call set-up from creating the connection until the first one is up, or leave it out', async () => {
    const setupOf = async (states: readonly unknown[]): Promise<number | null> =>
      (await presenceOf([['create', 'PC_0', {}, AT], ...states, reading(AT + 60_000)])).callSetupMs;
    assert.equal(
      await setupOf([
        ['setRemoteDescription', 'PC_0', {}, AT + 50],
        ['oniceconnectionstatechange', 'PC_0', 'checking', AT + 100],
        ['oniceconnectionstatechange', 'PC_0', 'connected', AT + 700],
        ['onconnectionstatechange', 'PC_0', 'connected', AT + 800],
        ['onconnectionstatechange', 'PC_0', 'disconnected', AT + 5000],
        ['onconnectionstatechange', 'PC_0', 'connected', AT + 6000],
      ]),
      700,
    );
    assert.equal(await setupOf([['onconnectionstatechange', 'PC_0', 'failed', AT + 800]]), null);
    assert.equal(await setupOf([['onconnectionstatechange', 'PC_0', 'connected', AT - 800]]), null);
  });

  it('take the devices that getUserMedia opened last, and no shared screen', async () => {
    const opened = (...labels: readonly [string, string][]): object => ({
      id: 's',
      tracks: labels.map(([kind, label]) => ({ id: label, kind, label })),
    });
    const success = 'navigator.mediaDevices.getUserMediaOnSuccess';
    const presence = await presenceOf([
      [success, null, opened(['audio', 'Microphone'], ['video', 'Camera']), AT],
      [success, null, opened(['audio', 'Headset']), AT + 10],
      ['navigator.mediaDevices.getDisplayMediaOnSuccess', null, opened(['video', 'screen:1']), AT + 20],
      ['create', 'PC_0', {}, AT],
      reading(AT + 1000),
    ]);
    assert.deepEqual([presence.audioDevice, presence.videoDevice], ['Headset', 'Camera']);
  });

  it('take devices and addresses from webrtc-internals: track labels, no shared screen, one session per page', async () => {
    const column = (values: readonly unknown[]): object => ({
      startTime: new Date(AT).toISOString(),
      endTime: new Date(AT + 1000).toISOString(),
      statsType: 'inbound-rtp',
      values: JSON.stringify(values),
    });
    const connection = (url: string): object => ({
      url,
      updateLog: [{ time: AT - 500, type: 'createOffer', value: '' }],
      stats: {
        'IT01A1-kind': column(['audio', 'audio']),
        'IT01A1-packetsReceived': column([1, 9]),
        'IT01A1-bytesReceived': column([10, 90]),
      },
    });
    const dump = {
      getUserMedia: [
        { request_type: 'getUserMedia', audio: 'true', video: 'true' },
        { audio_track_info: 'id:a label:Default - Microphone', video_track_info: 'id:v label:Camera: HD' },
        { request_type: 'getDisplayMedia', video_track_info: 'id:s label:screen:0:0' },
      ],
      PeerConnections: {
        '1-1': connection('https://meet.example/one'),
        '1-2': connection('https://meet.example/one'),
        '2-1': connection('https://other.example/two'),
      },
      UserAgent: CHROME,
    };
    const { presences } = await readDump(Buffer.from(JSON.stringify(dump)));
    assert.deepEqual(
      presences.map(({ presence, connections }) => [
        presence.roomId,
        connections.length,
        presence.audioDevice,
        presence.videoDevice,
        presence.joinedAtMs,
      ]),
      [
        ['one', 2, 'Default - Microphone', 'Camera: HD', AT - 500],
        ['two', 1, 'Default - Microphone', 'Camera: HD', AT - 500],
      ],
    );
  });

  it('keep their names and content when the dump grows', async () => {
    const lines = [
      ['identity', null, { confName: 'r', userId: 'u' }, AT],
      ['create', 'PC_1', {}, AT],
      ['create', 'PC_0', {}, AT + 3000],
      reading(AT + 4000),
      reading(AT + 5000),
      // A connection that was made earlier is heard of only now.
      reading(AT + 6000, {}, 'PC_1'),
      reading(AT + 7000),
    ];
    const names = new Set<string>();
    for (let length = 4; length <= lines.length; length += 1) {
      const presence = await presenceOf(lines.slice(0, length));
      names.add(presence.sourceId);
    }
    assert.equal(names.size, 1);
  });

  it('have only names that are valid UTF-8 and fit into a request, and report what was cut off', async () => {
    const file = await readDump(
      toDump([
        ['identity', null, { confName: `half \ud83d pair`, userId: 'x'.repeat(2000) }, AT],
        ['create', 'PC_0', {}, AT],
        reading(AT + 1000),
      ]),
    );
    const { presence } = file.presences[0] ?? {};
    assert.deepEqual([presence?.roomId, presence?.peerId.length], ['half \ufffd pair', 1000]);
    assert.deepEqual(
      file.leftOut.map(({ reason }) => reason),
      ['what a text has beyond 1000 characters'],
    );
  });
});
