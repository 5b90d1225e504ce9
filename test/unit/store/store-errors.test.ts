// The table of store errors: what is on it, and that whatever is not on it is tried again.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyStoreError, StoreError } from '../../../store/store-errors.ts';

function errorOf(code: string): StoreError {
  return new StoreError({ operation: 'uploadPart', code, status: 400, key: 'a/b.json' }, 'refused');
}

describe('store errors', () => {
  it('are retried unless a person has to fix the cause', () => {
    for (const code of [
      'SlowDown',
      'InternalError',
      'ECONNRESET',
      'TIMEOUT',
      'RequestTimeTooSkewed',
      'constructor',
    ]) {
      assert.equal(classifyStoreError(errorOf(code)), 'retryable', code);
    }
    for (const code of ['NoSuchBucket', 'AccessDenied', 'SignatureDoesNotMatch', 'PermanentRedirect']) {
      assert.equal(classifyStoreError(errorOf(code)), 'permanent', code);
    }
    assert.equal(classifyStoreError(errorOf('NoSuchUpload')), 'upload-gone');
    assert.equal(classifyStoreError(errorOf('InvalidPart')), 'part-mismatch');
    assert.equal(classifyStoreError(new Error('NoSuchBucket')), 'retryable');
  });

  it('state in one line the operation, the key, and the reason of the refusal', () => {
    assert.equal(errorOf('InvalidPart').message, 'uploadPart of a/b.json: refused (InvalidPart, HTTP 400)');
  });
});
