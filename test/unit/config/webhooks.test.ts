// The configuration of webhooks and alerts: every problem told at once, nothing of an address or a secret in
// any of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, readWorkerConfig } from '../../../config/config.ts';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(64, 9).toString('base64')}`;
const OPS = {
  WEBHOOKS: 'ops',
  WEBHOOK_OPS_URL: 'https://ops.example/hooks/T0/planted-token?x=1',
  WEBHOOK_OPS_SECRET: SECRET,
};

describe('the configuration of webhooks', () => {
  it('subscribes to every event unless events are named', () => {
    const { webhooks } = readWorkerConfig(OPS);
    assert.deepEqual(
      [...webhooks.values()],
      [
        {
          name: 'ops',
          url: OPS.WEBHOOK_OPS_URL,
          secrets: [Buffer.alloc(24, 7)],
          events: ['file.completed', 'run.failed', 'stream.late', 'stream.paused'],
        },
      ],
    );
    const some = readWorkerConfig({ ...OPS, WEBHOOK_OPS_EVENTS: 'run.failed, stream.late' });
    assert.deepEqual(some.webhooks.get('ops')?.events, ['run.failed', 'stream.late']);
  });

  it('accepts two secrets during a rotation', () => {
    const { webhooks } = readWorkerConfig({ ...OPS, WEBHOOK_OPS_SECRET: `${SECRET},${OTHER_SECRET}` });
    assert.deepEqual(webhooks.get('ops')?.secrets, [Buffer.alloc(24, 7), Buffer.alloc(64, 9)]);
  });

  for (const [changes, problem] of [
    [{ WEBHOOKS: 'Ops' }, /^WEBHOOKS: got "Ops", allowed: names of/],
    [{ WEBHOOKS: 'ops,ops' }, /^WEBHOOKS: got "ops" twice/],
    [{ WEBHOOKS: 'ops,late' }, /^WEBHOOK_LATE_URL: got nothing, allowed: http:\/\/host\/path .*no default/],
    [{ WEBHOOK_OPS_URL: 'ops.example/planted' }, /^WEBHOOK_OPS_URL: got a value that is not shown, allowed:/],
    [
      { WEBHOOK_OPS_URL: 'https://me:planted@ops.example/' },
      /^WEBHOOK_OPS_URL: .*without a user or a password/,
    ],
    [
      { WEBHOOK_OPS_SECRET: 'planted' },
      /^WEBHOOK_OPS_SECRET: got a value that is not shown, allowed: whsec_ and/,
    ],
    [{ WEBHOOK_OPS_SECRET: 'whsec_cGxhbnRlZA==' }, /^WEBHOOK_OPS_SECRET: .*base64 of 24 to 64 bytes/],
    [
      { WEBHOOK_OPS_EVENTS: 'file.complete' },
      /^WEBHOOK_OPS_EVENTS: got "file.complete", allowed: of file.completed,/,
    ],
    [
      { WEBHOOK_OPS_EVENT: 'x' },
      /^WEBHOOK_OPS_EVENT: not a variable of a webhook, allowed: WEBHOOK_OPS_URL, SECRET, EVENTS$/,
    ],
    [{ PAUSE_AFTER_FAILED: '-1' }, /^PAUSE_AFTER_FAILED: got "-1", allowed: a whole number from 0 to 1000$/],
  ] as const)
    it(`refuses ${JSON.stringify(changes)}`, () => {
      assert.throws(
        () => readWorkerConfig({ ...OPS, ...changes }),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError);
          assert.match(error.problems[0] ?? '', problem);
          assert.doesNotMatch(error.message, /planted/);
          return true;
        },
      );
    });
});
