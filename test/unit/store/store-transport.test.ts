// What no real store does on demand: a server in this process that hangs, breaks off, answers late, or
// refuses in odd ways. The object store's real client talks to it over loopback.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { remedyOf } from '../../../store/remedies.ts';
import { openObjectStore } from '../../../store/object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { classifyStoreError, StoreError } from '../../../store/store-errors.ts';

const IDLE_MS = 150;
const UPLOAD = { key: 'file.json', uploadId: 'an-upload' };
const PART = { ...UPLOAD, partNumber: 1, body: Buffer.from('a part') };
const PART_MD5 = createHash('md5').update(PART.body).digest('hex');
const COMPLETED =
  '<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>';
const COMPLETION = { ...UPLOAD, parts: [{ partNumber: 1, etag: 'e' }] };

describe('the transport of the object store', () => {
  it('times out when a server never answers', async (t) => {
    const { store } = await serve(t, () => undefined);
    await assert.rejects(store.uploadPart(PART), failure({ code: 'TIMEOUT', isA: 'retryable' }));
  });

  it('times out sooner when the caller asks for it', async (t) => {
    const { store } = await serve(t, () => undefined, { connectMs: 60_000, idleMs: 60_000 });
    await assert.rejects(
      store.head({ key: 'x', silentMsMax: IDLE_MS }),
      failure({ code: 'TIMEOUT', isA: 'retryable' }),
    );
  });

  it('times out when a server accepts a connection and never speaks TLS', async (t) => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    const destination = { ...DESTINATION, endpoint: `https://127.0.0.1:${port}` };
    const store = openObjectStore(destination, { connectMs: IDLE_MS });
    t.after(() => store.close());
    await assert.rejects(store.checkBucket(), failure({ code: 'TIMEOUT', isA: 'retryable' }));
  });

  it('times out when an answer stops in the middle', async (t) => {
    const { store } = await serve(t, (_, response) => {
      response.writeHead(200, { 'content-length': 100, etag: '"e"' });
      response.write('half');
    });
    await assert.rejects(store.getObject({ key: 'x', bytesMax: 100 }), failure({ code: 'TIMEOUT' }));
  });

  it('fails when an answer is cut, instead of returning less', async (t) => {
    const { store } = await serve(t, (_, response) => {
      response.writeHead(200, { 'content-length': 100, etag: '"e"' });
      response.write('half', () => response.destroy());
    });
    const whole = store.getObject({ key: 'x', bytesMax: 100 });
    await assert.rejects(whole, failure({ code: 'ECONNRESET', isA: 'retryable' }));
    const stream = await store.readObject({ key: 'x' });
    await assert.rejects(
      async () => {
        for await (const chunk of stream) assert.ok(chunk);
      },
      failure({ code: 'ECONNRESET' }),
    );
  });

  it('treats a server as alive while it sends a space now and then', async (t) => {
    const { store } = await serve(t, (_, response) => {
      response.writeHead(200);
      const spaces = setInterval(() => response.write(' '), IDLE_MS / 5);
      setTimeout(() => {
        clearInterval(spaces);
        response.end(COMPLETED);
      }, IDLE_MS * 2);
    });
    assert.deepEqual(await store.completeUpload(COMPLETION), { etag: 'e-1' });
  });

  it('finds the error inside a 200 response', async (t) => {
    const { store } = await serve(t, (_, response) => {
      response.end(
        '  <?xml version="1.0"?><Error><Code>InternalError</Code><Message>We failed &amp; so on</Message></Error>',
      );
    });
    const completing = store.completeUpload(COMPLETION);
    await assert.rejects(completing, failure({ code: 'InternalError', status: 200, isA: 'retryable' }));
    await assert.rejects(completing, /completeUpload of file\.json: We failed & so on/);
  });

  it('does not accept an empty 200 response as a completion', async (t) => {
    const { store } = await serve(t, (_, response) => response.end());
    await assert.rejects(store.completeUpload(COMPLETION), failure({ code: 'UnexpectedAnswer' }));
  });

  it('sends each request once and leaves the retries to Temporal', async (t) => {
    const { store, asked } = await serve(t, (_, response) => {
      response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>Please wait</Message></Error>');
    });
    const refused = failure({ code: 'SlowDown', status: 503, isA: 'retryable' });
    await assert.rejects(store.uploadPart(PART), refused);
    await assert.rejects(store.completeUpload(COMPLETION), refused);
    assert.equal(asked.length, 2);
  });

  it('keeps the status of a response that is not XML', async (t) => {
    const { store } = await serve(t, (_, response) =>
      response.writeHead(502).end('<html>Bad Gateway</html>'),
    );
    const refused = failure({ code: 'UnexpectedAnswer', status: 502, isA: 'retryable' });
    await assert.rejects(store.putObject({ key: 'x', body: PART.body, contentType: 'a/b' }), refused);
  });

  it('treats a 403 without a body as a refusal that a person must fix', async (t) => {
    const { store } = await serve(t, (_, response) => response.writeHead(403).end());
    await assert.rejects(
      store.head({ key: 'x' }),
      failure({ code: 'AccessDenied', status: 403, isA: 'permanent' }),
    );
  });

  it('notices that the store has other bytes of a part than were sent, and tries again', async (t) => {
    const etags = ['0'.repeat(32), PART_MD5];
    const { store } = await serve(t, (_, response) =>
      response.writeHead(200, { etag: `"${etags.shift()}"` }).end(),
    );
    await assert.rejects(store.uploadPart(PART), failure({ code: 'BadDigest', isA: 'retryable' }));
  });

  it('accepts part ETags that are not MD5 from a store that refuses a wrong digest, and checks that once', async (t) => {
    const right = Buffer.from(PART_MD5, 'hex').toString('base64');
    let etag = 0;
    const { store, asked } = await serve(t, (request, response) => {
      if (request.headers['content-md5'] !== right)
        response.writeHead(400).end('<Error><Code>BadDigest</Code><Message>No</Message></Error>');
      else response.writeHead(200, { etag: `"${`${(etag += 1)}`.padStart(32, '0')}"` }).end();
    });
    assert.deepEqual(await store.uploadPart(PART), { etag: '1'.padStart(32, '0') });
    assert.deepEqual(await store.uploadPart(PART), { etag: '2'.padStart(32, '0') });
    assert.deepEqual(
      asked.map(({ headers, body }) => [headers['content-md5'] === right, body]),
      [
        [true, 'a part'],
        [false, 'a part'],
        [true, 'a part'],
      ],
    );
  });

  it('refuses a store whose ETags are not MD5 and that accepts any digest, and says what to do', async (t) => {
    const { store } = await serve(t, (_, response) =>
      response.writeHead(200, { etag: `"${'0'.repeat(32)}"` }).end(),
    );
    await assert.rejects(store.uploadPart(PART), (error) => {
      failure({ code: 'UncheckedDigest', isA: 'permanent' })(error);
      assert.ok(error instanceof StoreError);
      assert.match(remedyOf(error) ?? '', /^destination odd: use a store that refuses a wrong Content-MD5/);
      return true;
    });
  });

  it('reads an object back when its ETag is not MD5, and compares the bytes', async (t) => {
    const etag = '0'.repeat(32);
    const record = { key: 'x', body: Buffer.from('{}'), contentType: 'application/json' };
    let stored = '{}';
    const { store, asked } = await serve(t, (request, response) => {
      response.writeHead(200, { etag: `"${etag}"` }).end(request.method === 'GET' ? stored : '');
    });
    assert.deepEqual(await store.putObject(record), { etag });
    assert.equal(asked.length, 2);
    stored = '{!';
    await assert.rejects(store.putObject(record), failure({ code: 'BadDigest', isA: 'retryable' }));
  });

  it('accepts an ETag that is not MD5 when the store encrypts', async (t) => {
    const etag = '0'.repeat(32);
    const { store } = await serve(t, (_, response) =>
      response.writeHead(200, { etag: `"${etag}"`, 'x-amz-server-side-encryption': 'aws:kms' }).end(),
    );
    assert.deepEqual(await store.uploadPart(PART), { etag });
  });

  it('sends each part with its length and digest, and parts in ascending order', async (t) => {
    const { store, asked } = await serve(t, (_, response) =>
      response.writeHead(200, { etag: '"e-1"' }).end(COMPLETED),
    );
    await store.uploadPart(PART);
    const parts = [10, 2, 1].map((partNumber) => ({ partNumber, etag: `e${partNumber}` }));
    await store.completeUpload({ ...UPLOAD, parts });
    assert.equal(asked[0]?.headers['content-length'], `${PART.body.length}`);
    const md5 = createHash('md5').update(PART.body).digest('base64');
    assert.equal(asked[0].headers['content-md5'], md5);
    const numbers = [...(asked[1]?.body ?? '').matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => number);
    assert.deepEqual(numbers, ['1', '2', '10']);
  });

  it("aborts a request in flight as soon as its signal is aborted, with the signal's reason", async (t) => {
    const aborting = new AbortController();
    const reason = new Error('the run was cancelled');
    let closed: (() => void) | undefined;
    const closedByUs = new Promise<void>((resolve) => (closed = resolve));
    const { store } = await serve(t, (request) => {
      request.once('close', () => closed?.());
      aborting.abort(reason);
    });
    await assert.rejects(store.head({ key: 'x', signal: aborting.signal }), reason);
    await closedByUs;
  });

  it('aborts a read when its signal is aborted', async (t) => {
    const aborting = new AbortController();
    const reason = new Error('the run was cancelled');
    const { store } = await serve(t, (_, response) => {
      response.writeHead(200);
      response.write('the first bytes');
    });
    const stream = await store.readObject({ key: 'x', signal: aborting.signal });
    await assert.rejects(async () => {
      for await (const chunk of stream) {
        assert.ok(chunk);
        aborting.abort(reason);
      }
    }, reason);
  });

  it('puts the bucket in the path and signs for the host with its port', async (t) => {
    const { store, asked, port } = await serve(t, (_, response) => response.writeHead(404).end());
    await store.head({ key: 'a/b' });
    assert.equal(asked[0]?.url, '/the-bucket/a/b');
    assert.equal(asked[0].headers.host, `127.0.0.1:${port}`);
  });

  it('refuses an endpoint that has a path', () => {
    assert.throws(
      () => openObjectStore({ ...DESTINATION, endpoint: 'http://127.0.0.1/s3' }),
      /endpoint: got/,
    );
  });
});

const DESTINATION = {
  name: 'odd',
  region: 'us-east-1',
  bucket: 'the-bucket',
  pathStyle: true,
  accessKeyId: 'user',
  secretAccessKey: 'password',
  manifestPrefix: '_manifests/',
};

interface Asked {
  url: string | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
}

async function serve(
  t: TestContext,
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => unknown,
  timeouts = { connectMs: 10_000, idleMs: IDLE_MS },
): Promise<{ store: ObjectStore; asked: Asked[]; port: number }> {
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const store = openObjectStore({ ...DESTINATION, endpoint: `http://127.0.0.1:${port}` }, timeouts);
  t.after(async () => {
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { store, asked, port };
}

function failure(wanted: { code: string; status?: number; isA?: string }): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, wanted.code, error.message);
    if (wanted.status !== undefined) assert.equal(error.status, wanted.status);
    if (wanted.isA !== undefined) assert.equal(classifyStoreError(error), wanted.isA);
    return true;
  };
}
