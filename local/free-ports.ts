// Free ports of 127.0.0.1. Between finding a port and using it somebody else may take it; the server is then
// started on others.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { PortTakenError } from './owned-server.ts';

/**
 * Below the ports that systems hand out to outgoing connections (from 32768 on Linux, 49152 elsewhere): a
 * server may listen seconds after its port was found, and in that time a connection of any process could take
 * one of those.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 32_000;

/** How often a port is drawn before the machine counts as full. */
const DRAWS_MAX = 1_000;

/**
 * How often servers are started before a port taken under them is an error: one is rare, three in a row are
 * no accident.
 */
const STARTS_MAX = 3;

/**
 * Starts servers on ports that `start` draws anew at each call, again when one of the ports was taken before
 * its server listened. `start` leaves nothing running when it fails. Throws what it throws: PortTakenError
 * after the third time.
 */
export async function startOnFreePorts<Started>(start: () => Promise<Started>): Promise<Started> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await start();
    } catch (error) {
      if (starts === STARTS_MAX || !(error instanceof PortTakenError)) throw error;
    }
  }
}

/**
 * As many different free ports as asked for, drawn at random, so that two who look at the same time rarely
 * find the same.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let draw = 0; ports.size < count; draw += 1) {
    if (draw === DRAWS_MAX) throw new Error(`no ${count} free ports from ${PORT_MIN} to ${PORT_MAX}`);
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (await isPortFree(port)) ports.add(port);
  }
  return [...ports];
}

/** True when nothing listens on this port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port));
    return true;
  } catch {
    return false;
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
