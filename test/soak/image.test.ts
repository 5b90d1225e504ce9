// The image without an engine to build it: a folder laid out as the Dockerfile lays it out (the built
// product, production packages and nothing else), whose programs are run as docker-compose.yml and the
// Dockerfile run them, with the environment that Compose would give them, against the shared stack.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import ts from 'typescript';
import { z } from 'zod';
import { ConfigError } from '../../config/config.ts';
import { readComposeFile, readDockerfileWords, ROOT, serviceOf } from '../deployment-files.ts';
import type { ComposeFile } from '../deployment-files.ts';
import { getTestStack } from '../stack.ts';
import { until } from '../../local/until.ts';
import { dropDatabase, nameDatabase } from '../contract/history-database.ts';

const lockShape = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), optional: z.boolean().optional() }).loose(),
  ),
});

/** What runs longer than this hangs. */
const COMMAND_TIMEOUT_MS = 60_000;

/** A worker hands over what is under way and ends long before Docker would kill it. */
const STOPPED_WITHIN_MS = 15_000;

describe('the image', () => {
  const app = mkdtempSync(join(tmpdir(), 'room-streams-image-'));
  let compose: ComposeFile;
  let drop: () => Promise<void>;

  before(async () => {
    layOut(app);
    const { clickhouse, temporal, store } = await getTestStack();
    const target = await nameDatabase();
    drop = () => dropDatabase(target);
    compose = readComposeFile({
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_TASK_QUEUE: target.database,
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_DATABASE: target.database,
      CLICKHOUSE_USER: clickhouse.exporterUser,
      CLICKHOUSE_PASSWORD: clickhouse.exporterPassword,
      CLICKHOUSE_ADMIN_USER: clickhouse.adminUser,
      CLICKHOUSE_ADMIN_PASSWORD: clickhouse.adminPassword,
      DESTINATION_FILES_ENDPOINT: store.endpoint,
      DESTINATION_FILES_BUCKET: store.bucket,
      DESTINATION_FILES_ACCESS_KEY_ID: store.accessKeyId,
      DESTINATION_FILES_SECRET_ACCESS_KEY: store.secretAccessKey,
    });
  });

  after(async () => {
    await drop();
    rmSync(app, { recursive: true, force: true });
  });

  const run = (service: string, words: readonly string[]) => {
    const [program = '', ...args] = words;
    const env = environmentOf(compose, service, app);
    return spawnSync(program, args, { cwd: app, env, encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS });
  };

  it('imports only production packages at run time', () => {
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')));
    const allowed = new Set([...Object.keys(dependencies), ...builtinModules.map((name) => `node:${name}`)]);
    const imports = importsOf(join(app, 'dist'));
    assert.ok(imports.some(([, imported]) => imported === '@aws-sdk/credential-provider-node'));
    for (const [file, imported] of imports) assert.ok(allowed.has(imported), `${file} imports ${imported}`);
  });

  it('has the command line on its path', () => {
    const { status, stdout, stderr } = run('room-streams', ['room-streams', '--help']);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: room-streams /);
  });

  it('contains every command with all the files that it reads', () => {
    const { stdout: completion } = run('room-streams', ['room-streams', 'completion', 'bash']);
    assert.match(completion, /\bbackfill\b/);
    const call = 'dist/recorder/demo-call.jsonl.gz';
    const { status, stdout, stderr } = run('migrate', [
      'room-streams',
      'import',
      '--dry-run',
      '--json',
      call,
    ]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"rooms": ?1\b/);
  });

  it('exits with code 2 for a wrong configuration, for both the worker and the command line', () => {
    for (const words of [readDockerfileWords('CMD'), ['room-streams', 'migrate']]) {
      const [program = '', ...args] = words;
      const env = { ...environmentOf(compose, 'worker', app), TEMPORAL_ADDRESS: 'nowhere' };
      const { status, stderr } = spawnSync(program, args, { cwd: app, env, encoding: 'utf8' });
      assert.equal(status, 2);
      assert.equal(
        stderr,
        `${new ConfigError(['TEMPORAL_ADDRESS: got "nowhere", allowed: host:port']).message}\n`,
      );
    }
  });

  it('migrates, and changes nothing the second time', () => {
    const { command = [] } = serviceOf(compose, 'migrate');
    const first = run('migrate', command);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /^history: \d+ migrations applied$/m);
    assert.equal(
      run('migrate', command).stdout,
      'history: up to date\nsearch attributes: up to date\nwatch over the streams: up to date\n',
    );
  });

  it('runs a worker that exports, is healthy, and ends with code 0 on SIGTERM', async () => {
    const worker = startWorker(compose, app);
    try {
      await until('the worker says it has started', () =>
        Promise.resolve(worker.said().includes('worker started') ? true : undefined),
      );
      const health = readDockerfileWords('HEALTHCHECK');
      await until('the health check passes', () =>
        Promise.resolve(run('worker', health).status === 0 ? true : undefined),
      );
      exportEmptyInterval((words) => run('room-streams', ['room-streams', ...words]));
      const asked = Date.now();
      worker.process.kill('SIGTERM');
      assert.deepEqual(await worker.ended, [0, null], worker.said());
      assert.ok(Date.now() - asked < STOPPED_WITHIN_MS);
    } finally {
      worker.process.kill('SIGKILL');
    }
  });

  it('is unhealthy when no worker runs', () => {
    const [program = '', ...args] = readDockerfileWords('HEALTHCHECK');
    const env = { ...environmentOf(compose, 'worker', app), TEMPORAL_TASK_QUEUE: 'nobody-here' };
    const { status, stderr } = spawnSync(program, args, { cwd: app, env, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^no worker on \S+ has asked for work of task queue nobody-here lately\n$/);
  });
});

/** As in the last stage of the Dockerfile. */
function layOut(app: string): void {
  const { status, stderr } = spawnSync(process.execPath, ['local/build.mjs', '--out', join(app, 'dist')], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  for (const path of ['package.json', 'bin']) cpSync(join(ROOT, path), join(app, path), { recursive: true });
  for (const path of productionPackages()) linkFiles(join(ROOT, path), join(app, path));
  mkdirSync(join(app, 'usr/local/bin'), { recursive: true });
  symlinkSync(join(app, 'bin/room-streams.mjs'), join(app, 'usr/local/bin/room-streams'));
}

/** What `npm ci --omit=dev --omit=optional` leaves, by the lock file. */
function productionPackages(): string[] {
  const { packages } = lockShape.parse(JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')));
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
    .map(([path]) => path)
    .filter((path) => path.lastIndexOf('node_modules/') === 0);
}

/** Packages are 300 MB: linked in a moment where both folders are on one disk, copied elsewhere. */
function linkFiles(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    mkdirSync(dirname(target), { recursive: true });
    try {
      linkSync(source, target);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      copyFileSync(source, target);
    }
  }
}

function environmentOf(compose: ComposeFile, service: string, app: string): Record<string, string> {
  const path = [join(app, 'usr/local/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  return { NODE_ENV: 'production', PATH: path, ...serviceOf(compose, service).environment };
}

interface RunningProcess {
  process: ChildProcess;
  said(): string;
  /** Exit code and signal. */
  ended: Promise<unknown[]>;
}

function startWorker(compose: ComposeFile, app: string): RunningProcess {
  const [program = '', ...args] = readDockerfileWords('CMD');
  const env = environmentOf(compose, 'worker', app);
  const child = spawn(program, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { process: child, said: () => said, ended: once(child, 'exit') };
}

/** By the built bundle and the built stages, down to the file. */
function exportEmptyInterval(run: (words: readonly string[]) => ReturnType<typeof spawnSync>): void {
  const name = `image-${Date.now()}`;
  const command = (...words: string[]) => {
    const { status, stdout, stderr } = run(words);
    assert.equal(status, 0, String(stderr));
    return String(stdout);
  };
  command('stream', 'create', name, '--project', 'nobody', '--destination', 'files', '--every', '1h');
  try {
    const end = '2026-11-23T11:00:00Z';
    const summary: unknown = JSON.parse(command('stream', 'trigger', name, '--end', end, '--json'));
    const { outcome, manifest } = z
      .object({ outcome: z.string(), manifest: z.object({ size_bytes: z.number(), rooms: z.number() }) })
      .parse(summary);
    assert.deepEqual({ outcome, ...manifest }, { outcome: 'complete', size_bytes: 3, rooms: 0 });
  } finally {
    command('stream', 'delete', name);
  }
}

/** Packages and all. The command line's is made of modules that lie in `dist` as well. */
const BUNDLES = /^(workflow-bundle\.js|command-line\/)/;

/** File and package of every import that is not of a file beside it, dynamic ones among them. */
function importsOf(dist: string): [string, string][] {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.js') && !BUNDLES.test(file));
  return sources.flatMap((file) => {
    const text = readFileSync(join(dist, file), 'utf8');
    const { importedFiles } = ts.preProcessFile(text, true, true);
    const names = importedFiles.map(({ fileName }) => fileName).filter((name) => !name.startsWith('.'));
    return names.map((name): [string, string] => [file, packageOf(name)]);
  });
}

/** `@scope/name/inner` is of `@scope/name`. */
function packageOf(name: string): string {
  if (name.startsWith('node:')) return name;
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
