// MinIO as the second store of the tests: its open-source edition has no binaries any more, so it is built from its Go module once and
// kept in a folder that git ignores. The server ends with the process that started it, also when that one is killed.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface RunningMinio {
  /** `http://127.0.0.1:port`. */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Ends the server and deletes its data. */
  stop(): Promise<void>;
}

/** The last of the open-source edition, so that a build today and one next year are the same. */
const MINIO_VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c';

const CACHE = fileURLToPath(new URL(`../.local/minio/${MINIO_VERSION}/`, import.meta.url));

/** A cold build takes three minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/** It answers within a second; a busy machine is given time. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/**
 * Runs the server as `exec` of a shell that first leaves a watcher behind: it reads a pipe from us, and when that ends, with our life
 * or by `stop`, it kills the server.
 */
const WATCHED = 'exec 3<&0; (cat <&3 >/dev/null; kill -9 $$ 2>/dev/null) & exec "$@" </dev/null 3<&-';

/** Builds MinIO unless that was done before, starts it on free ports, and waits until it serves. */
export async function startMinio(): Promise<RunningMinio> {
  const binary = await buildMinio();
  const directory = await mkdtemp(join(tmpdir(), 'room-streams-minio-'));
  const [port, consolePort] = await freePorts();
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'room-streams', secretAccessKey: 'room-streams-secret' };
  const server = spawn(
    'sh',
    // prettier-ignore
    ['-c', WATCHED, 'sh', binary, 'server', '--quiet', '--address', `127.0.0.1:${port}`,
      '--console-address', `127.0.0.1:${consolePort}`, directory],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
      env: {
        ...process.env,
        MINIO_ROOT_USER: credentials.accessKeyId,
        MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
      },
    },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async () => {
    server.kill('SIGKILL');
    server.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      waitUntilServing(endpoint),
      ended.then(() => Promise.reject(new Error('MinIO ended before it served; its errors are above'))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, region: 'us-east-1', ...credentials, stop };
}

async function buildMinio(): Promise<string> {
  const binary = join(CACHE, 'minio');
  if (existsSync(binary)) return binary;
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(join(CACHE, 'building-'));
  try {
    await promisify(execFile)('go', ['install', `github.com/minio/minio@${MINIO_VERSION}`], {
      env: { ...process.env, GOBIN: building },
      timeout: BUILD_TIMEOUT_MS,
    });
    // In one step: another process that builds at the same time finds nothing or all of it.
    await rename(join(building, 'minio'), binary);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return binary;
}

async function waitUntilServing(endpoint: string): Promise<void> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    try {
      const answer = await fetch(`${endpoint}/minio/health/ready`, { signal: deadline });
      if (answer.ok) return;
    } catch (error) {
      if (deadline.aborted) throw new Error('MinIO did not serve within a minute', { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Two at once, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}
