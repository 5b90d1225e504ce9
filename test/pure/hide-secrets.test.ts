// What others say without the secrets that they may repeat: texts, and failures with all that hangs on them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/activity';
import { makeHide } from '../../secrets/hide-secrets.ts';
import { withoutSecrets } from '../../activities/runtime/to-failure.ts';

const SECRET = 'hunter/2+hunter2';
const hide = makeHide([SECRET, undefined, '', 'abc']);

describe('makeHide', () => {
  it('takes secrets out, also as they stand in addresses, and leaves the rest', () => {
    assert.equal(hide(`user:${SECRET}@host`), 'user:(hidden)@host');
    assert.equal(hide(`?key=${encodeURIComponent(SECRET)}&b=c`), '?key=(hidden)&b=c');
    assert.equal(hide('abc is too short to be looked for'), 'abc is too short to be looked for');
  });

  it('takes the longer of two secrets out first', () => {
    assert.equal(makeHide(['secret', 'secret-and-more'])('secret-and-more'), '(hidden)');
  });
});

describe('withoutSecrets', () => {
  const fail = (message: string, cause?: Error, details: unknown[] = []): ApplicationFailure =>
    ApplicationFailure.create({
      message,
      type: 'T',
      nonRetryable: true,
      details,
      nextRetryDelay: 7,
      ...(cause === undefined ? {} : { cause }),
    });

  it('leaves a failure without secrets as it is', () => {
    const failure = fail('nothing', new Error('because'), [1]);
    assert.equal(withoutSecrets(failure, hide), failure);
  });

  for (const [where, failure] of [
    ['its message', fail(`it was ${SECRET}`)],
    ['a cause', fail('it was', new Error('deep', { cause: new Error(SECRET) }))],
    ['its details', fail('it was', undefined, [{ key: SECRET }])],
  ] as const)
    it(`takes a secret out of ${where}, and keeps what the failure is`, () => {
      const clean = withoutSecrets(failure, hide);
      assert.ok(clean.message.startsWith('it was'));
      assert.deepEqual([clean.type, clean.nonRetryable, clean.nextRetryDelay], ['T', true, 7]);
      assert.doesNotMatch(
        JSON.stringify([clean.message, clean.stack, clean.details, clean.cause]),
        /hunter2/,
      );
    });
});
