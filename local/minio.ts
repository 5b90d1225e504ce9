// MinIO as the second store of the tests: its open-source edition has no binaries any more, so it is built
// from its Go module once and kept in a folder that git ignores.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts, startOnFreePorts } from './free-ports.ts';
import { keepFromGo } from './kept-program.ts';
import { OwnedServer } from './owned-server.ts';

export interface RunningMinio {
  /** `http://127.0.0.1:port`. */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  server: OwnedServer;
  /** Ends the server and deletes its data. */
  stop(): Promise<void>;
}

/** The last of the open-source edition, so that a build today and one next year are the same. */
const MINIO_VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c';

/** It answers within a second; a busy machine is given time. */
const READY_WITHIN_MS = 60_000;

/** Minutes, unless it was done before. Returns the program's path. */
export function buildMinio(): Promise<string> {
  return keepFromGo(
    { id: `minio-${MINIO_VERSION}`, program: 'minio' },
    `github.com/minio/minio@${MINIO_VERSION}`,
  );
}

/** Builds MinIO unless that was done before, starts it on free ports, and waits until it serves. */
export async function startMinio(): Promise<RunningMinio> {
  const program = await buildMinio();
  return startOnFreePorts(() => startProgram(program));
}

async function startProgram(program: string): Promise<RunningMinio> {
  const directory = await mkdtemp(join(tmpdir(), 'room-streams-minio-'));
  const [port, consolePort] = await findFreePorts(2);
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'room-streams', secretAccessKey: 'room-streams-secret' };
  const server = new OwnedServer({
    name: 'MinIO',
    command: program,
    args: [
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${port}`,
      '--console-address',
      `127.0.0.1:${consolePort}`,
      join(directory, 'data'),
    ],
    env: {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    logFile: join(directory, 'minio.log'),
    readyWithinMs: READY_WITHIN_MS,
    endBy: 'SIGKILL',
    isReady: async (signal) => (await fetch(`${endpoint}/minio/health/ready`, { signal })).ok,
  });
  const stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    server.start();
    await server.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, region: 'us-east-1', ...credentials, server, stop };
}
