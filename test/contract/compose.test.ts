// The servers of docker-compose.yml without an engine to run them: each one's command, health check and
// configuration, tried with the same program on this machine. Only what a container has of its own is
// changed: names of hosts, ports, and folders.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openObjectStore } from '../../store/object-store.ts';
import { withTemporal } from '../../temporal/connect.ts';
import { registerSearchAttributes } from '../../client/register-search-attributes.ts';
import { createSchedule } from '../../client/streams.ts';
import { checkViews } from '../../history/check-views.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { migrate } from '../../history/migrate.ts';
import { makeClickHouse } from '../../local/clickhouse.ts';
import { findFreePorts, startOnFreePorts } from '../../local/free-ports.ts';
import { OwnedServer } from '../../local/owned-server.ts';
import { findSeaweed, SEAWEED_INNER_PORTS } from '../../local/seaweedfs.ts';
import { findTemporal } from '../../local/temporal.ts';
import { readTemporalConfig, readWorkerConfig } from '../../config/config.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/model/search-attributes.ts';
import { readComposeFile, serviceOf } from '../deployment-files.ts';
import type { ComposeFile } from '../deployment-files.ts';
import { makeStream } from '../../local/make-stream.ts';

const READY_WITHIN_MS = 60_000;

/** A password that a shell, a URL and YAML would each stumble over. */
const ODD_PASSWORD = `a'b"c>d $e%41/ü: #{x}`;

describe('Temporal in docker-compose', () => {
  it('starts with a database that its user may write, and passes its health check', async (t) => {
    const { uiPort } = await startOnFreePorts(() => startTemporal(t));
    assert.equal((await fetch(`http://127.0.0.1:${uiPort}/`)).status, 200);
  });

  it('accepts a stream as soon as the search attributes are registered', async (t) => {
    const { port } = await startOnFreePorts(() => startTemporal(t));
    const config = readTemporalConfig({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    await withTemporal(async (connected) => {
      const added = await registerSearchAttributes(connected);
      assert.equal(added.length, SEARCH_ATTRIBUTES.length);
      await createSchedule(connected, makeStream('early'));
      assert.deepEqual(await registerSearchAttributes(connected), []);
    }, config);
  });

  it('publishes its default ports', () => {
    assert.deepEqual(serviceOf(readComposeFile(), 'temporal').ports, [
      '127.0.0.1:7233:7233',
      '127.0.0.1:8233:8233',
    ]);
  });
});

describe('the object store in docker-compose', () => {
  it('serves the bucket that the job creates, only to its keys, and the job can run again', async (t) => {
    const { compose, folder, program, here } = await startOnFreePorts(() => startObjectStore(t));
    makeBucket(compose, { folder, program, here });
    makeBucket(compose, { folder, program, here });
    const destination = readWorkerConfig(serviceOf(compose, 'worker').environment).destinations.get('files');
    assert.ok(destination !== undefined);
    const store = openObjectStore(destination);
    t.after(() => store.close());
    await store.checkBucket();
    assert.equal((await fetch(`${destination.endpoint}/${destination.bucket}`)).status, 403);
  });
});

/** What the image's entrypoint puts before the arguments of `server`. */
const SEAWEED_ENTRYPOINT = [
  '-logtostderr=true',
  'server',
  '-dir=/data',
  '-volume.max=0',
  '-master.volumePreallocate',
  '-master.volumeSizeLimitMB=1024',
];

describe('ClickHouse in docker-compose', () => {
  it('has an administrator who can migrate and an exporter who can only export', async (t) => {
    const compose = readComposeFile({
      CLICKHOUSE_PASSWORD: ODD_PASSWORD,
      CLICKHOUSE_ADMIN_PASSWORD: `admin ${ODD_PASSWORD}`,
    });
    const url = await startOnFreePorts(() => startClickHouse(t, compose));
    const { environment: forWorker } = serviceOf(compose, 'worker');
    const { environment: forMigration } = serviceOf(compose, 'migrate');
    const database = forWorker['CLICKHOUSE_DATABASE'] ?? '';
    await migrate({
      url,
      database,
      user: forMigration['CLICKHOUSE_ADMIN_USER'] ?? '',
      password: forMigration['CLICKHOUSE_ADMIN_PASSWORD'] ?? '',
    });
    const exporter = openConnection({
      url,
      database,
      user: forWorker['CLICKHOUSE_USER'] ?? '',
      password: forWorker['CLICKHOUSE_PASSWORD'] ?? '',
    });
    t.after(() => exporter.close());
    const lines = await checkViews(exporter);
    assert.ok(lines.length > 5);
    for (const line of lines) assert.equal(line.ok, true, JSON.stringify(line));
    await assert.rejects(exporter.command({ query: 'TRUNCATE TABLE rooms' }), /Not enough privileges/);
    await assert.rejects(
      exporter.query({ query: 'SELECT count() FROM media_samples' }),
      /Not enough privileges/,
    );
  });

  it('has no user without a password', () => {
    const { content = '' } = readComposeFile().configs['clickhouse-users'] ?? {};
    assert.match(content, /<default remove="remove"\/>/);
    assert.equal(serviceOf(readComposeFile(), 'clickhouse').environment['CLICKHOUSE_SKIP_USER_SETUP'], '1');
  });
});

/** Returns the port of its Web UI. */
async function startTemporal(t: TestContext): Promise<{ port: number; uiPort: number }> {
  const folder = makeFolder();
  const { command = [], healthcheck } = serviceOf(readComposeFile(), 'temporal');
  const [port = 0, uiPort = 0] = await findFreePorts(2);
  const program = await findTemporal();
  const here = replaceAll({
    '0.0.0.0': '127.0.0.1',
    '/home/temporal': folder,
    '127.0.0.1:7233': `127.0.0.1:${port}`,
  });
  const [checkProgram, ...checkArgs] = testOf(healthcheck).map(here);
  assert.equal(checkProgram, 'temporal');
  await start(t, {
    name: 'Temporal',
    command: program,
    // Its ports are those of its defaults, which the compose file publishes.
    args: [...command.map(here), `--port=${port}`, `--ui-port=${uiPort}`],
    logFile: join(folder, 'temporal.log'),
    isReady: () => Promise.resolve(spawnSync(program, checkArgs).status === 0),
  });
  return { port, uiPort };
}

/** With what is needed to run the job that makes its bucket. */
async function startObjectStore(t: TestContext) {
  const folder = makeFolder();
  const [s3 = 0, master = 0, ...inner] = await findFreePorts(2 + SEAWEED_INNER_PORTS);
  const compose = readComposeFile({ DESTINATION_FILES_ENDPOINT: `http://127.0.0.1:${s3}` });
  const { command = [], environment } = serviceOf(compose, 'object-store');
  const program = await findSeaweed();
  // The image has it.
  mkdirSync(join(folder, 'data'));
  const here = replaceAll({
    'object-store': '127.0.0.1',
    '0.0.0.0': '127.0.0.1',
    '/data': join(folder, 'data'),
    '8333': `${s3}`,
    '9333': `${master}`,
  });
  const [volume, filer] = inner;
  await start(t, {
    name: 'SeaweedFS',
    command: program,
    args: [
      ...[...SEAWEED_ENTRYPOINT, ...command.slice(1)].map(here),
      `-master.port=${master}`,
      `-volume.port=${volume}`,
      `-filer.port=${filer}`,
    ],
    env: environment,
    logFile: join(folder, 'weed.log'),
    isReady: () => answers(testOf(serviceOf(compose, 'object-store').healthcheck).map(here)),
  });
  return { compose, folder, program, here };
}

/**
 * With the users of the compose file. `default` stays: it runs the statement that makes the embedded engine a
 * server.
 */
async function startClickHouse(t: TestContext, compose: ComposeFile): Promise<string> {
  const folder = makeFolder();
  const [httpPort = 0] = await findFreePorts(1);
  const { content = '' } = compose.configs['clickhouse-users'] ?? {};
  const { command } = await makeClickHouse({
    folder,
    logFile: join(folder, 'clickhouse.log'),
    httpPort,
    adminPassword: '',
    exporterPassword: '',
    exporterReads: '*.*',
  });
  writeFileSync(
    join(folder, 'users.xml'),
    content
      .replace('<default remove="remove"/>', SERVING_USER)
      .replace('<profiles>', '<quotas><default/></quotas><profiles><default/>'),
  );
  await start(t, { ...command, env: serviceOf(compose, 'clickhouse').environment });
  return `http://127.0.0.1:${httpPort}`;
}

const SERVING_USER =
  '<default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>';

/** Runs the job of the compose file; throws when it fails. */
function makeBucket(
  compose: ComposeFile,
  { folder, program, here }: { folder: string; program: string; here: (text: string) => string },
): void {
  const { entrypoint = [], command = [], environment } = serviceOf(compose, 'bucket');
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  rmSync(join(bin, 'weed'), { force: true });
  symlinkSync(program, join(bin, 'weed'));
  const [shell = '', ...args] = [...entrypoint, ...command].map(here);
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, ...environment };
  const { status, stdout, stderr } = spawnSync(shell, args, { env, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
}

interface ServerToStart {
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  logFile: string;
  isReady(signal: AbortSignal): Promise<boolean>;
}

async function start(t: TestContext, server: ServerToStart): Promise<void> {
  const owned = new OwnedServer({ ...server, readyWithinMs: READY_WITHIN_MS, endBy: 'SIGKILL' });
  t.after(() => owned.stop());
  owned.start();
  await owned.ready();
}

/** The words of a health check, without the one that says how they are run. */
function testOf(healthcheck: ComposeFile['services'][string]['healthcheck']): string[] {
  assert.ok(healthcheck !== undefined && 'test' in healthcheck);
  const [how, ...words] = healthcheck.test;
  assert.equal(how, 'CMD');
  return words;
}

/** `wget -q -O /dev/null URL`, by what Node has of its own. */
async function answers(words: readonly string[]): Promise<boolean> {
  const [url = '', ...rest] = [...words].reverse();
  assert.deepEqual(rest.reverse(), ['wget', '-q', '-O', '/dev/null']);
  return (await fetch(url)).ok;
}

function replaceAll(changes: Readonly<Record<string, string>>): (text: string) => string {
  return (text) =>
    Object.entries(changes).reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
}

/**
 * Removed when all tests are over: hooks of a test run in the order in which they were made, so its own would
 * come before its server ends.
 */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'room-streams-compose-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
