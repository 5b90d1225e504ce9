// The signature of a delivery against the example of the Standard Webhooks specification, and what two
// secrets give.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signEvent } from '../../../activities/webhooks/sign-event.ts';

const EXAMPLE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  body: '{"test": 2432232314}',
  atMs: 1_614_265_330_999,
};
const SECRET = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

describe('signEvent', () => {
  it('signs as the specification requires', () => {
    assert.deepEqual(signEvent(EXAMPLE, [SECRET]), {
      'webhook-id': EXAMPLE.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': SIGNATURE,
    });
  });

  it('signs with each secret, so that a receiver may know either one', () => {
    const { 'webhook-signature': both } = signEvent(EXAMPLE, [Buffer.alloc(24), SECRET]);
    const [other = '', ours] = both.split(' ');
    assert.equal(ours, SIGNATURE);
    assert.match(other, /^v1,[A-Za-z0-9+/]{43}=$/);
    assert.notEqual(other, ours);
  });
});
