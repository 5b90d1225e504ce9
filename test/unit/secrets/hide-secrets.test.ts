// What others say without the secrets that they may repeat: texts, and failures with all that hangs on them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/activity';
import { makeHide, SECRET_FORMS } from '../../../secrets/hide-secrets.ts';
import { withoutSecrets } from '../../../activities/runtime/to-failure.ts';
import { SecretSearch } from '../../cli/secret-search.ts';

const SECRET = 'hunter/2+hunter2';
const hide = makeHide([SECRET, undefined, '', 'abc']);

describe('makeHide', () => {
  it('removes secrets, including their forms in addresses, and leaves the rest', () => {
    assert.equal(hide(`user:${SECRET}@host`), 'user:(hidden)@host');
    assert.equal(hide(`?key=${encodeURIComponent(SECRET)}&b=c`), '?key=(hidden)&b=c');
    assert.equal(hide('abc is too short to be looked for'), 'abc is too short to be looked for');
  });

  it('removes the longer of two secrets first', () => {
    assert.equal(makeHide(['secret', 'secret-and-more'])('secret-and-more'), '(hidden)');
  });
});

describe('the forms of a secret', () => {
  const secrets = [
    { value: SECRET, user: 'exporter' },
    { value: 'pass word & "more" <1>', user: 'user:name' },
    { value: "l'été-über", user: 'ü' },
    { value: 'six666' },
    { value: 'seven77' },
    { value: 'eight888' },
  ];
  const hideAll = makeHide(secrets);

  for (const { name, of } of SECRET_FORMS)
    it(`are hidden ${name}, alone and inside other text`, () => {
      for (const secret of secrets)
        for (const form of of(secret)) {
          assert.doesNotMatch(hideAll(form), /six666|seven77|eight888|hunter2|pass|été/, form);
          const around = hideAll(`{"authorization":"${form}","x":1}`);
          assert.ok(!around.includes(form), `${form} in ${around}`);
        }
    });

  it('are hidden in the base64 of a longer text, at whatever offset they begin', () => {
    for (const { value } of secrets)
      for (const before of ['', 'a', 'ab', 'abc'])
        for (const after of ['', 'y', 'yz', 'xyz']) {
          const planted = Buffer.from(before + value + after).toString('base64');
          const search = new SecretSearch([{ name: 'planted', value }]);
          search.look('the text', hideAll(`said ${planted}.`));
          assert.deepEqual([...search.found], [], planted);
        }
  });

  it('are hidden by their header when they are generated for each request', () => {
    const digest = '0123456789abcdef'.repeat(4);
    for (const [text, expected] of [
      ['authorization: Basic dXNlcjpvdGhlcg==', 'authorization: Basic (hidden)'],
      ['"Bearer eyJhbGciOi.J9-x_y"', '"Bearer (hidden)"'],
      [`Credential=K/1/s3, Signature=${digest}`, 'Credential=K/1/s3, Signature=(hidden)'],
      [`?X-Amz-Signature=${digest}&x=1`, '?X-Amz-Signature=(hidden)&x=1'],
      [`v1,${'aB3+'.repeat(11)}`, 'v1,(hidden)'],
    ] as const)
      assert.equal(hideAll(text), expected);
  });

  it('are not confused with words of a sentence', () => {
    for (const text of ['Basic authentication failed', 'bearer Tokens are missing', 'a Signature=short'])
      assert.equal(hideAll(text), text);
  });

  it('include a short password that is encoded together with its user', () => {
    const said = `Basic-${Buffer.from('exporter:abc').toString('base64')}`;
    assert.equal(makeHide([{ value: 'abc', user: 'exporter' }])(said), 'Basic-(hidden)');
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

  it('leaves a failure without secrets unchanged', () => {
    const failure = fail('nothing', new Error('because'), [1]);
    assert.equal(withoutSecrets(failure, hide), failure);
  });

  for (const [where, failure] of [
    ['its message', fail(`it was ${SECRET}`)],
    ['a cause', fail('it was', new Error('deep', { cause: new Error(SECRET) }))],
    ['its details', fail('it was', undefined, [{ key: SECRET }])],
  ] as const)
    it(`removes a secret from ${where} and keeps the kind of failure`, () => {
      const clean = withoutSecrets(failure, hide);
      assert.ok(clean.message.startsWith('it was'));
      assert.deepEqual([clean.type, clean.nonRetryable, clean.nextRetryDelay], ['T', true, 7]);
      assert.doesNotMatch(
        JSON.stringify([clean.message, clean.stack, clean.details, clean.cause]),
        /hunter2/,
      );
    });
});
