// How requests to a store are signed, encrypted and trusted: a server in this process looks at what arrives.
// The places where AWS's own tools find keys are played by it, too, in the words of AWS's documentation; the
// environment that leads there is this process's.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { DestinationAccess, DestinationPlace } from '../../../store/destination.ts';
import { openObjectStore } from '../../../store/object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { classifyStoreError, StoreError } from '../../../store/store-errors.ts';

const PLACE: Omit<DestinationPlace, 'endpoint'> = {
  name: 'seen',
  region: 'eu-central-1',
  bucket: 'the-bucket',
  pathStyle: true,
  manifestPrefix: '_manifests/',
};
const KEYS = { accessKeyId: 'AKIAKEYS', secretAccessKey: 'secret' };
const UPLOAD = { key: 'k', contentType: 'application/json', metadata: {} };

describe('requests to a store', () => {
  it('sign the session token', async (t) => {
    const { seen, open } = await serveStore(t);
    await open({ ...KEYS, sessionToken: 'the-token' }).head({ key: 'k' });
    assert.equal(seen[0]?.['x-amz-security-token'], 'the-token');
    assert.match(signedHeadersOf(seen[0]), /x-amz-security-token/);
  });

  it('ask for the configured encryption when writing, and only then', async (t) => {
    const { seen, open } = await serveStore(t);
    const store = open(KEYS, { serverSideEncryption: 'aws:kms', kmsKeyId: 'key-1' });
    await store.beginUpload(UPLOAD);
    await store.head({ key: 'k' });
    const [written, read] = seen;
    assert.equal(written?.['x-amz-server-side-encryption'], 'aws:kms');
    assert.equal(written['x-amz-server-side-encryption-aws-kms-key-id'], 'key-1');
    assert.equal(read?.['x-amz-server-side-encryption'], undefined);
  });

  it('trust a certificate authority that the destination names, and fail without it', async (t) => {
    const { open } = await serveStore(t, { isTls: true });
    const caCertificates = readCertificate('authority.pem');
    assert.notEqual(await open(KEYS, { caCertificates }).head({ key: 'k' }), null);
    await assert.rejects(open(KEYS).head({ key: 'k' }), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      return true;
    });
  });
});

describe("credentials from AWS's own provider chain", () => {
  const ENVIRONMENT = { ...process.env };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'room-streams-aws-'));
    for (const name of Object.keys(process.env))
      if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
    // Nothing of the machine's own may be found.
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials');
    process.env['AWS_CONFIG_FILE'] = join(folder, 'config');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    process.env = { ...ENVIRONMENT };
  });

  it('are read from the environment', async (t) => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's' });
    await assertSignedBy(t, 'AKIAENV', undefined);
  });

  it('are read from the shared file', async (t) => {
    writeFileSync(
      join(folder, 'credentials'),
      '[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n',
    );
    await assertSignedBy(t, 'AKIAFILE', undefined);
  });

  it('are read from the role of a container', async (t) => {
    const asked = await serveRole(t, (url) => (url === '/keys' ? roleKeys('ASIACONTAINER') : undefined));
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${asked.origin}/keys`;
    await assertSignedBy(t, 'ASIACONTAINER', 'role-token');
  });

  it('are read from the role of an instance, once for many requests', async (t) => {
    const asked = await serveRole(t, (url) => INSTANCE[url]);
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = asked.origin;
    const { seen, open } = await serveStore(t);
    const store = open({ credentials: 'aws' });
    await store.head({ key: 'a' });
    const count = asked.urls.length;
    await store.head({ key: 'b' });
    assert.match(seen[1]?.authorization ?? '', /Credential=ASIAINSTANCE\//);
    assert.equal(seen[1]?.['x-amz-security-token'], 'role-token');
    assert.equal(asked.urls.length, count);
  });

  it('are refreshed shortly before they expire', async (t) => {
    const asked = await serveRole(t, () => roleKeys('ASIASHORT', 60_000));
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${asked.origin}/keys`;
    const { open } = await serveStore(t);
    const store = open({ credentials: 'aws' });
    await store.head({ key: 'a' });
    await store.head({ key: 'b' });
    assert.equal(asked.urls.length, 2);
  });

  it('give a retryable error when there are none', async (t) => {
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    const { seen, open } = await serveStore(t);
    await assert.rejects(open({ credentials: 'aws' }).head({ key: 'k' }), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, 'NoKeys');
      assert.match(error.message, /no AWS credentials/);
      assert.equal(classifyStoreError(error), 'retryable');
      return true;
    });
    assert.equal(seen.length, 0);
  });
});

async function assertSignedBy(t: TestContext, accessKeyId: string, token: string | undefined): Promise<void> {
  const { seen, open } = await serveStore(t);
  await open({ credentials: 'aws' }).head({ key: 'k' });
  assert.match(seen[0]?.authorization ?? '', new RegExp(`Credential=${accessKeyId}/.*/eu-central-1/s3/`));
  assert.equal(seen[0]?.['x-amz-security-token'], token);
}

function roleKeys(accessKeyId: string, validMs = 6 * 3_600_000): string {
  const expiration = new Date(Date.now() + validMs).toISOString();
  return JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyId,
    SecretAccessKey: 'role-secret',
    Token: 'role-token',
    Expiration: expiration,
  });
}

const INSTANCE: Readonly<Record<string, string>> = {
  '/latest/api/token': 'a-session',
  '/latest/meta-data/iam/security-credentials/': 'the-role',
  '/latest/meta-data/iam/security-credentials/the-role': roleKeys('ASIAINSTANCE'),
};

async function serveRole(
  t: TestContext,
  answer: (url: string) => string | undefined,
): Promise<{ origin: string; urls: string[] }> {
  const urls: string[] = [];
  const origin = await listen(t, http.createServer(), (request, response) => {
    urls.push(request.url ?? '');
    const body = answer(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
  });
  return { origin, urls };
}

interface SeenStore {
  seen: http.IncomingHttpHeaders[];
  open: (access: DestinationAccess, more?: Partial<DestinationPlace>) => ObjectStore;
}

async function serveStore(t: TestContext, { isTls = false } = {}): Promise<SeenStore> {
  const seen: http.IncomingHttpHeaders[] = [];
  const server = isTls
    ? https.createServer({ cert: readCertificate('server.pem'), key: readCertificate('server-key.pem') })
    : http.createServer();
  const endpoint = await listen(t, server, (request, response) => {
    seen.push(request.headers);
    const body = '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
    response.writeHead(200, { etag: '"e"' }).end(request.method === 'POST' ? body : undefined);
  });
  const open = (access: DestinationAccess, more: Partial<DestinationPlace> = {}) => {
    const store = openObjectStore({ ...PLACE, endpoint, ...more, ...access });
    t.after(() => store.close());
    return store;
  };
  return { seen, open };
}

async function listen(
  t: TestContext,
  server: http.Server,
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void,
): Promise<string> {
  server.on('request', answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `${server instanceof https.Server ? 'https' : 'http'}://127.0.0.1:${port}`;
}

function readCertificate(name: string): string {
  return readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8');
}

function signedHeadersOf(headers: http.IncomingHttpHeaders | undefined): string {
  return /SignedHeaders=([^,]*)/.exec(headers?.authorization ?? '')?.[1] ?? '';
}
