// The least rights of a destination: what is asked of a store, and no more, under the prefixes that are
// written to.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyPrefixOf, KEY_TEMPLATE_DEFAULT } from '../../../workflows/model/key-template.ts';
import { toS3Policy } from '../../../workflows/questions/s3-policy.ts';
import type { PolicyPlace } from '../../../workflows/questions/s3-policy.ts';

const PLACE: PolicyPlace = {
  name: 'eu-lake',
  region: 'eu-west-1',
  bucket: 'lake',
  manifestPrefix: '_manifests/',
  dataPrefixes: ['rooms/'],
  kms: null,
};

describe('toS3Policy', () => {
  it('grants listing on the bucket, and the operations of runs on the prefixes', () => {
    assert.deepEqual(toS3Policy([PLACE]), {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'EuLakeBucket',
          Effect: 'Allow',
          Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
          Resource: ['arn:aws:s3:::lake'],
        },
        {
          Sid: 'EuLakeObjects',
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
          Resource: ['arn:aws:s3:::lake/_manifests/*', 'arn:aws:s3:::lake/rooms/*'],
        },
      ],
    });
  });

  it('omits a prefix that is inside another', () => {
    const [, objects] = toS3Policy([{ ...PLACE, dataPrefixes: ['rooms/', 'rooms/a/', ''] }]).Statement;
    assert.deepEqual(objects?.Resource, ['arn:aws:s3:::lake/*']);
  });

  it('escapes characters of a prefix that have a meaning in policies', () => {
    const [, objects] = toS3Policy([{ ...PLACE, dataPrefixes: ['a*b$/'] }]).Statement;
    assert.ok(objects?.Resource.includes('arn:aws:s3:::lake/a${*}b${$}/*'));
  });

  it('adds the encryption key when the store encrypts with one', () => {
    for (const [keyId, arn] of [
      ['arn:aws:kms:eu-west-1:1234:key/k', 'arn:aws:kms:eu-west-1:1234:key/k'],
      ['1234abcd', 'arn:aws:kms:eu-west-1:*:key/1234abcd'],
      ['alias/lake', 'arn:aws:kms:eu-west-1:*:key/*'],
      [null, 'arn:aws:kms:eu-west-1:*:key/*'],
    ] as const) {
      const [, , key] = toS3Policy([{ ...PLACE, kms: { keyId } }]).Statement;
      assert.deepEqual([key?.Sid, key?.Resource], ['EuLakeKey', [arn]]);
    }
  });

  it('uses the AWS partition of the region', () => {
    for (const [region, partition] of [
      ['cn-north-1', 'aws-cn'],
      ['us-gov-west-1', 'aws-us-gov'],
    ] as const)
      assert.deepEqual(toS3Policy([{ ...PLACE, region }]).Statement[0]?.Resource, [
        `arn:${partition}:s3:::lake`,
      ]);
  });
});

describe('keyPrefixOf', () => {
  const names = { prefix: 'rooms/', project: 'acme', stream: 'calls', extension: 'json' };
  for (const [template, prefix, wanted] of [
    [KEY_TEMPLATE_DEFAULT, 'rooms/', 'rooms/'],
    [KEY_TEMPLATE_DEFAULT, '', 'calls/'],
    ['{project}/{stream}/dt={yyyy}-{mm}-{dd}/{start}.{ext}', '', 'acme/calls/'],
    ['{start}.{ext}', '', ''],
    ['all/{stream}-{end}.{ext}', 'unused/', 'all/'],
  ] as const)
    it(`returns "${wanted}" for ${template} with prefix "${prefix}"`, () => {
      assert.equal(keyPrefixOf(template, { ...names, prefix }), wanted);
    });
});
