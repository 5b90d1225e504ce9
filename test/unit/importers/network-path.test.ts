// Method: calls over relays whose candidates say in various ways how the relay is reached, or not at all, are
// read, and the path of the peer is looked at. What nothing tells must be null.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioReceived, callOf, everySecond } from './calls.ts';
import { onlyPeerOf, recordingOf } from './totals.ts';

async function pathOf(local: object, others: readonly object[] = []): Promise<string> {
  const dump = callOf(
    (second) => [
      audioReceived(second),
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', state: 'succeeded', nominated: true, localCandidateId: 'L' },
      { id: 'L', type: 'local-candidate', ...local },
      ...others.map((other, index) => ({ id: `L${index}`, type: 'local-candidate', ...other })),
    ],
    { seconds: everySecond(3) },
  );
  const { peer } = await onlyPeerOf(dump);
  return `${peer.connection_type}/${peer.media_transport}`;
}

describe('the network path of a connection', () => {
  it('is determined by the relay’s address when the browser names no protocol (Safari)', async () => {
    for (const [name, expected] of [
      ['03-safari-turns-url.jsonl', 'tls'],
      ['03b-turn-tcp-url.jsonl', 'tcp'],
    ] as const) {
      const { peer } = await onlyPeerOf(recordingOf(name));
      assert.deepEqual([peer.connection_type, peer.media_transport], ['TURN', expected], name);
    }
  });

  for (const [what, local, expected] of [
    [
      'the protocol to the relay comes before its address',
      { relayProtocol: 'tcp', url: 'turn:a?transport=udp' },
      'TURN/tcp',
    ],
    ['an address with TLS and no transport', { url: 'turns:a.example:443' }, 'TURN/tls'],
    [
      'an address with a transport among other parameters',
      { url: 'TURN:a.example?x=1&transport=TCP' },
      'TURN/tcp',
    ],
    [
      'an address without TLS and transport, which browsers reach over UDP',
      { url: 'turn:a.example:3478' },
      'TURN/udp',
    ],
    ['an address that is none', { url: 'https://a.example' }, 'TURN/'],
    ['the priority of libwebrtc for UDP', { priority: 41_885_439 }, 'TURN/udp'],
    ['the priority of libwebrtc for TCP', { priority: 25_108_223 }, 'TURN/tcp'],
    ['nothing at all', {}, 'TURN/'],
  ] as const) {
    it(`is ${expected} over a relay by ${what}`, async () => {
      assert.equal(await pathOf({ candidateType: 'relay', protocol: 'udp', ...local }), expected);
    });
  }

  it('is relayed when a candidate learnt from checks has a relay’s protocol, address or IP', async () => {
    const learnt = { candidateType: 'prflx', protocol: 'udp', address: '203.0.113.9' };
    assert.equal(await pathOf({ ...learnt, relayProtocol: 'tls' }), 'TURN/tls');
    assert.equal(await pathOf({ ...learnt, url: 'turn:a.example?transport=tcp' }), 'TURN/tcp');
    const relay = { candidateType: 'relay', protocol: 'udp', address: '203.0.113.9', relayProtocol: 'tcp' };
    assert.equal(await pathOf(learnt, [relay]), 'TURN/tcp');
    assert.equal(await pathOf(learnt, [{ ...relay, address: '203.0.113.7' }]), 'STUN/udp');
    assert.equal(await pathOf(learnt), 'STUN/udp');
  });

  it('is not relayed when a TURN server only reported the address (srflx)', async () => {
    assert.equal(
      await pathOf({ candidateType: 'srflx', protocol: 'udp', url: 'turn:a.example?transport=tcp' }),
      'STUN/udp',
    );
  });

  it('has no transport when a candidate names no protocol', async () => {
    assert.equal(await pathOf({ candidateType: 'host' }), 'HOST/');
    assert.equal(await pathOf({ candidateType: 'host', protocol: 'tcp' }), 'HOST/tcp');
  });
});
