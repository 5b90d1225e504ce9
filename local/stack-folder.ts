// The folder in which an embedded stack lives: data, logs, and what has to be the same at the next start:
// passwords and, where they are still free, ports. One process at a time owns it.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { findFreePorts, isPortFree } from './free-ports.ts';
import { ServerFailedError } from './owned-server.ts';
import { SEAWEED_INNER_PORTS } from './seaweedfs.ts';

const portsSchema = z.object({
  clickHouseHttp: z.number(),
  temporal: z.number(),
  temporalUi: z.number(),
  s3: z.number(),
  seaweedInner: z.array(z.number()).length(SEAWEED_INNER_PORTS),
});

const settingsSchema = z.object({
  adminPassword: z.string(),
  exporterPassword: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  ports: portsSchema,
});

export type StackPorts = z.infer<typeof portsSchema>;
export type StackSettings = z.infer<typeof settingsSchema>;

/** Ports that a person may fix, by variable; the others are nobody's business. */
const PORT_VARIABLES: Readonly<Record<string, Exclude<keyof StackPorts, 'seaweedInner'>>> = {
  LOCAL_CLICKHOUSE_PORT: 'clickHouseHttp',
  LOCAL_TEMPORAL_PORT: 'temporal',
  LOCAL_TEMPORAL_UI_PORT: 'temporalUi',
  LOCAL_S3_PORT: 's3',
};

/** Where the stack of `npm start` and `npm run stack` lives: `.local/stack`, or LOCAL_STACK_DIR. */
export function stackFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['LOCAL_STACK_DIR'];
  if (named !== undefined && named !== '') return resolve(named);
  return fileURLToPath(new URL('../.local/stack', import.meta.url));
}

/**
 * Settings of the folder, made at its first use. Throws ServerFailedError when a port that was asked for is
 * taken.
 */
export async function readStackSettings(
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StackSettings> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'stack.json');
  const kept = existsSync(file) ? settingsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  const secrets = kept?.success === true ? kept.data : makeSecrets();
  const ports =
    kept?.success === true && (await areFree(kept.data.ports)) ? kept.data.ports : await findPorts();
  const settings = { ...secrets, ports: await fixPorts(ports, environment) };
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  return settings;
}

function makeSecrets(): Omit<StackSettings, 'ports'> {
  const secret = () => randomBytes(18).toString('base64url');
  return {
    adminPassword: secret(),
    exporterPassword: secret(),
    accessKeyId: 'room-streams',
    secretAccessKey: secret(),
  };
}

async function findPorts(): Promise<StackPorts> {
  const [clickHouseHttp = 0, temporal = 0, temporalUi = 0, s3 = 0, ...seaweedInner] = await findFreePorts(
    4 + SEAWEED_INNER_PORTS,
  );
  return { clickHouseHttp, temporal, temporalUi, s3, seaweedInner };
}

async function areFree(ports: StackPorts): Promise<boolean> {
  const { seaweedInner, ...named } = ports;
  const free = await Promise.all([...Object.values(named), ...seaweedInner].map(isPortFree));
  return free.every(Boolean);
}

async function fixPorts(ports: StackPorts, environment: NodeJS.ProcessEnv): Promise<StackPorts> {
  const fixed = { ...ports };
  for (const [variable, name] of Object.entries(PORT_VARIABLES)) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new ServerFailedError(`${variable}: got "${text}", allowed: a port from 1 to 65535`);
    if (!(await isPortFree(port)))
      throw new ServerFailedError(
        `${variable}: got ${port}, on which another process listens; allowed: a free port`,
      );
    fixed[name] = port;
  }
  return fixed;
}

/**
 * Takes the folder for this process; returns what gives it back. Throws ServerFailedError when a living
 * process has it.
 */
export function ownFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'owner.pid');
  for (;;) {
    try {
      writeFileSync(file, `${process.pid}`, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const owner = Number(readFileSync(file, 'utf8'));
    if (isAlive(owner)) {
      throw new ServerFailedError(
        `another stack runs in ${folder} (process ${owner}); stop it, or choose another folder with LOCAL_STACK_DIR`,
      );
    }
    // Left behind by one that was killed; its servers went with it.
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
