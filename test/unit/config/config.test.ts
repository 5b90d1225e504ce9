// The configuration read from made-up environments: every problem told at once, with name, got and allowed;
// secrets from variables and from files, and never in a message. Then the two programs with a broken
// environment: exit code 2, and the same text.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { ConfigError, readClickHouseAdmin, readWorkerConfig } from '../../../config/config.ts';

const AUTHORITY = fileURLToPath(new URL('../store/certificates/authority.pem', import.meta.url));

const FILES = {
  DESTINATIONS: 'files',
  DESTINATION_FILES_ENDPOINT: 'https://store.example:9000',
  DESTINATION_FILES_BUCKET: 'room-files',
  DESTINATION_FILES_ACCESS_KEY_ID: 'AKIA-PLANTED',
  DESTINATION_FILES_SECRET_ACCESS_KEY: 'planted-secret',
};

type Variables = Record<string, string>;

const folder = mkdtempSync(join(tmpdir(), 'room-streams-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the configuration of a worker', () => {
  it('has a default for everything except destinations', () => {
    const config = readWorkerConfig({});
    assert.deepEqual(config, {
      temporal: {
        address: '127.0.0.1:7233',
        namespace: 'default',
        taskQueue: 'room-streams',
        uiUrl: null,
        apiKey: null,
        tls: false,
      },
      clickHouse: {
        url: 'http://127.0.0.1:8123',
        database: 'room_history',
        user: 'exporter',
        password: '',
      },
      destinations: new Map(),
      batches: {
        atOnce: 3,
        threads: Math.min(3, Math.ceil(availableParallelism() / 2)),
        rangeBytesPlain: 16_000_000,
        rangeBytesGzip: 64_000_000,
      },
      webhooks: new Map(),
      pauseAfterFailed: 5,
    });
  });

  it('treats an empty variable as one that is not set', () => {
    const empty = { TEMPORAL_ADDRESS: '', TEMPORAL_API_KEY: '', BATCHES_AT_ONCE: '', DESTINATIONS: '' };
    assert.deepEqual(readWorkerConfig(empty), readWorkerConfig({}));
  });

  it('normalises addresses', () => {
    const config = readWorkerConfig({
      CLICKHOUSE_URL: 'http://history:8123/',
      TEMPORAL_UI_URL: 'https://temporal.example/ui/',
    });
    assert.equal(config.clickHouse.url, 'http://history:8123');
    assert.equal(config.temporal.uiUrl, 'https://temporal.example/ui');
  });

  it('reports all problems at once', () => {
    assert.deepEqual(
      problemsOf({
        ...FILES,
        TEMPORAL_ADDRESS: 'temporal',
        TEMPORAL_TLS: 'yes',
        CLICKHOUSE_URL: 'history:8123',
        BATCHES_AT_ONCE: '0',
        BATCH_MB_PLAIN: '5',
        DESTINATIONS: 'files, Other,files,third',
        DESTINATION_FILES_BUCKET: 'B',
      }),
      [
        'TEMPORAL_ADDRESS: got "temporal", allowed: host:port',
        'TEMPORAL_TLS: got "yes", allowed: true or false',
        'CLICKHOUSE_URL: got "history:8123", allowed: http://host:port or https://host:port, with nothing behind or before the host',
        'BATCHES_AT_ONCE: got "0", allowed: a whole number from 1 to 64',
        'BATCH_MB_PLAIN: got "5", allowed: a number of megabytes from 10 to 512',
        'DESTINATIONS: got "Other", allowed: names of [a-z][a-z0-9-]{0,62}, separated by commas',
        'DESTINATIONS: got "files" twice, allowed: each name once',
        'DESTINATION_FILES_BUCKET: got "B", allowed: 3 to 63 of a-z, 0-9, dot and hyphen',
        'DESTINATION_THIRD_ENDPOINT: got nothing, allowed: http://host:port or https://host:port (it has no default)',
        'DESTINATION_THIRD_BUCKET: got nothing, allowed: a bucket (it has no default)',
        'DESTINATION_THIRD_ACCESS_KEY_ID: got nothing, allowed: a key, or DESTINATION_THIRD_CREDENTIALS=aws (it has no default)',
        'DESTINATION_THIRD_SECRET_ACCESS_KEY: got nothing, allowed: a key, or DESTINATION_THIRD_CREDENTIALS=aws (it has no default)',
      ],
    );
  });

  it('refuses values that are not numbers', () => {
    for (const text of ['three', '1.5', '5.0', '-1', '1e1', '0x3', ' 3', 'Infinity', '65'])
      assert.equal(problemsOf({ BATCHES_AT_ONCE: text }).length, 1, text);
  });
});

describe('the configuration of a destination', () => {
  it('refuses a manifest prefix under which no manifest could have a valid key', () => {
    for (const prefix of ['x', '/x/', '../x/', 'x/./y/', 'x//', 'x\\y/', 'x\ny/', `${'x'.repeat(110)}/`]) {
      const [problem] = problemsOf({ ...FILES, DESTINATION_FILES_MANIFEST_PREFIX: prefix });
      assert.ok(problem?.startsWith('DESTINATION_FILES_MANIFEST_PREFIX: got '), problem);
    }
    const longest = `${'x'.repeat(109)}/`;
    assert.equal(destinationOf({ DESTINATION_FILES_MANIFEST_PREFIX: longest })?.manifestPrefix, longest);
  });

  it('accepts keys, region, addressing style, encryption and a certificate authority', () => {
    const destination = destinationOf({
      DESTINATION_FILES_REGION: 'eu-central-1',
      DESTINATION_FILES_PATH_STYLE: 'false',
      DESTINATION_FILES_SESSION_TOKEN: 'planted-token',
      DESTINATION_FILES_SERVER_SIDE_ENCRYPTION: 'aws:kms',
      DESTINATION_FILES_KMS_KEY_ID: 'key-1',
      DESTINATION_FILES_MANIFEST_PREFIX: 'manifests/of/ours/',
      DESTINATION_FILES_CA_FILE: AUTHORITY,
    });
    const { caCertificates, ...rest } = destination ?? {};
    assert.match(caCertificates ?? '', /BEGIN CERTIFICATE/);
    assert.deepEqual(rest, {
      name: 'files',
      endpoint: 'https://store.example:9000',
      region: 'eu-central-1',
      bucket: 'room-files',
      pathStyle: false,
      manifestPrefix: 'manifests/of/ours/',
      accessKeyId: 'AKIA-PLANTED',
      secretAccessKey: 'planted-secret',
      sessionToken: 'planted-token',
      serverSideEncryption: 'aws:kms',
      kmsKeyId: 'key-1',
    });
  });

  it("uses AWS's own credential chain when no keys are given, and refuses both together", () => {
    const aws = {
      ...FILES,
      DESTINATION_FILES_ACCESS_KEY_ID: '',
      DESTINATION_FILES_SECRET_ACCESS_KEY: '',
      DESTINATION_FILES_CREDENTIALS: 'aws',
    };
    const destination = readWorkerConfig(aws).destinations.get('files');
    assert.equal(destination && 'credentials' in destination && destination.credentials, 'aws');
    assert.equal(destination !== undefined && 'accessKeyId' in destination, false);
    assert.deepEqual(problemsOf({ ...FILES, DESTINATION_FILES_CREDENTIALS: 'aws' }), [
      'DESTINATION_FILES_ACCESS_KEY_ID: got a value that is not shown, allowed: nothing while DESTINATION_FILES_CREDENTIALS is aws',
      'DESTINATION_FILES_SECRET_ACCESS_KEY: got a value that is not shown, allowed: nothing while DESTINATION_FILES_CREDENTIALS is aws',
    ]);
  });

  it('requires both keys', () => {
    assert.deepEqual(problemsOf({ ...FILES, DESTINATION_FILES_SECRET_ACCESS_KEY: '' }), [
      'DESTINATION_FILES_SECRET_ACCESS_KEY: got nothing, allowed: a key, or DESTINATION_FILES_CREDENTIALS=aws (it has no default)',
    ]);
  });

  it('refuses settings that contradict each other', () => {
    const notACertificate = join(folder, 'empty.pem');
    writeFileSync(notACertificate, 'nothing\n');
    assert.deepEqual(
      problemsOf({
        ...FILES,
        DESTINATION_FILES_ENDPOINT: 'http://store:9000',
        DESTINATION_FILES_CA_FILE: notACertificate,
        DESTINATION_FILES_KMS_KEY_ID: 'key-1',
        DESTINATION_FILES_SERVER_SIDE_ENCRYPTION: 'AES256',
      }),
      [
        `DESTINATION_FILES_CA_FILE: got "${notACertificate}", allowed: nothing while DESTINATION_FILES_ENDPOINT is not https`,
        `DESTINATION_FILES_CA_FILE: got "${notACertificate}", allowed: a file of certificates in PEM format`,
        'DESTINATION_FILES_KMS_KEY_ID: got "key-1", allowed: nothing unless DESTINATION_FILES_SERVER_SIDE_ENCRYPTION is aws:kms',
      ],
    );
  });

  it('refuses endpoints that contain more than the address of the store', () => {
    for (const endpoint of ['store:9000', 'ftp://store', 'http://store/s3', 'http://store?x=1', 'https://']) {
      const problems = problemsOf({ ...FILES, DESTINATION_FILES_ENDPOINT: endpoint });
      assert.equal(problems.length, 1, endpoint);
    }
  });

  it('names a misspelt variable, which would be ignored, but not the variables of another destination', () => {
    const two = {
      ...FILES,
      DESTINATIONS: 'files,files-old',
      DESTINATION_FILES_OLD_ENDPOINT: 'https://old.example',
      DESTINATION_FILES_OLD_BUCKET: 'old-files',
      DESTINATION_FILES_OLD_CREDENTIALS: 'aws',
    };
    assert.equal(readWorkerConfig(two).destinations.size, 2);
    const [problem, ...more] = problemsOf({ ...two, DESTINATION_FILES_ENCRYPTION: 'AES256' });
    assert.match(problem ?? '', /^DESTINATION_FILES_ENCRYPTION: not a variable of a destination, allowed: /);
    assert.deepEqual(more, []);
  });
});

describe('a value read from a file', () => {
  it('is the first line of the file', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'planted secret with spaces \nand a note\n');
    const { password } = readClickHouseAdmin({ CLICKHOUSE_ADMIN_PASSWORD_FILE: file });
    assert.equal(password, 'planted secret with spaces ');
  });

  it('is supported for every variable, including those of destinations', () => {
    const file = join(folder, 'key');
    writeFileSync(file, 'from-a-file');
    const name = 'DESTINATION_FILES_SECRET_ACCESS_KEY';
    const destination = destinationOf({ [name]: '', [`${name}_FILE`]: file });
    assert.equal(
      destination && 'secretAccessKey' in destination && destination.secretAccessKey,
      'from-a-file',
    );
  });

  it('is refused when the file is missing, a folder, or empty, or when the variable is set as well', () => {
    const missing = join(folder, 'missing');
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n');
    const refused = (variables: Variables) => problemsOf(variables, readClickHouseAdmin);
    const name = 'CLICKHOUSE_ADMIN_PASSWORD';
    assert.deepEqual(refused({ [`${name}_FILE`]: missing }), [
      `${name}_FILE: got "${missing}", allowed: a file that can be read (ENOENT)`,
    ]);
    assert.deepEqual(refused({ [`${name}_FILE`]: folder }), [
      `${name}_FILE: got "${folder}", allowed: a file that can be read (EISDIR)`,
    ]);
    assert.deepEqual(refused({ [`${name}_FILE`]: empty }), [
      `${name}_FILE: got "${empty}", allowed: a file whose first line is the value`,
    ]);
    assert.deepEqual(refused({ [name]: 'planted', [`${name}_FILE`]: empty }), [
      `${name}_FILE: got "${empty}", allowed: nothing while ${name} is set, too`,
    ]);
  });

  it('reports one problem, not two, when a required value is missing', () => {
    const file = join(folder, 'not-there');
    for (const name of ['DESTINATION_FILES_BUCKET', 'DESTINATION_FILES_SECRET_ACCESS_KEY'])
      assert.equal(problemsOf({ ...FILES, [name]: '', [`${name}_FILE`]: file }).length, 1, name);
  });
});

describe('secrets', () => {
  const SECRETS = [
    'TEMPORAL_API_KEY',
    'CLICKHOUSE_PASSWORD',
    'DESTINATION_FILES_ACCESS_KEY_ID',
    'DESTINATION_FILES_SECRET_ACCESS_KEY',
    'DESTINATION_FILES_SESSION_TOKEN',
    'WEBHOOK_OPS_URL',
    'WEBHOOK_OPS_SECRET',
  ];

  it('never appear in a message, whatever else is wrong', () => {
    const planted = fc.stringMatching(/^PLANTED[a-z]{8}$/);
    const odd = fc.record({
      TEMPORAL_ADDRESS: fc.constantFrom('temporal:7233', 'user:PLANTEDpassword@temporal:7233', 'x'),
      CLICKHOUSE_URL: fc.constantFrom('http://history:8123', 'http://user:PLANTEDpassword@history:8123'),
      DESTINATION_FILES_ENDPOINT: fc.constantFrom('http://store', 'http://user:PLANTEDpassword@store'),
      DESTINATION_FILES_CREDENTIALS: fc.constantFrom('keys', 'aws', 'other'),
      DESTINATION_FILES_BUCKET: fc.constantFrom('room-files', ''),
    });
    fc.assert(
      fc.property(odd, fc.array(planted, { minLength: 7, maxLength: 7 }), (variables, values) => {
        const secrets = Object.fromEntries(SECRETS.map((name, index) => [name, values[index] ?? '']));
        const problems = problemsOf({ ...FILES, WEBHOOKS: 'ops', ...variables, ...secrets });
        assert.ok(problems.length > 0);
        assert.doesNotMatch(problems.join('\n'), /PLANTED/);
      }),
    );
  });
});

function destinationOf(variables: Variables) {
  return readWorkerConfig({ ...FILES, ...variables }).destinations.get('files');
}

/** Of a configuration that has some. */
function problemsOf(
  variables: Variables,
  read: (environment: Variables) => unknown = readWorkerConfig,
): readonly string[] {
  try {
    read(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return assert.fail('no problem was found');
}
