// What can be done to a running export, each with how to do it and how to undo it. Kills of processes count
// as such; what a network does, and a history that changes, are thrown in between.
import { FAULT_POINTS } from './fault-points.ts';
import type { FaultPoint } from './fault-points.ts';
import type { FaultWorld, ServerName } from './fault-world.ts';
import type { Random } from './random.ts';
import { WorkerEndedError } from './worker-pool.ts';

export interface Fault {
  name: string;
  isKill: boolean;
  /** Resolves when it has happened, with false when it had no occasion to. */
  happen(world: FaultWorld, random: Random): Promise<boolean>;
}

/** How long a slow network lasts, and how long a fault waits for its occasion. */
const SLOW_MS = 1_500;
const OCCASION_MS = 20_000;

const SERVERS: readonly ServerName[] = ['clickhouse', 'temporal', 'store'];

function killAt(point: FaultPoint): Fault {
  return {
    name: `worker killed ${point}`,
    isKill: true,
    async happen(world, random) {
      const worker = random.pick(world.workers.workers);
      if (worker === undefined) return false;
      const passes = random.below(3) + 1;
      const isHit = await Promise.race([
        isHitBy(worker.arm({ point, passes, signal: 'SIGKILL' })),
        random.wait(OCCASION_MS).then(() => false),
      ]);
      if (isHit) await worker.ended;
      else worker.disarm();
      return isHit;
    },
  };
}

/** False when the worker ended by something else before. */
async function isHitBy(hit: Promise<string>): Promise<boolean> {
  try {
    await hit;
    return true;
  } catch (error) {
    if (error instanceof WorkerEndedError) return false;
    throw error;
  }
}

const killAtRandom: Fault = {
  name: 'worker killed at random',
  isKill: true,
  async happen(world, random) {
    await random.wait(random.below(2_000));
    const worker = random.pick(world.workers.workers);
    worker?.signal('SIGKILL');
    await worker?.ended;
    return worker !== undefined;
  },
};

function restart(server: ServerName): Fault {
  return {
    name: `${server} killed and restarted`,
    isKill: true,
    async happen(world, random) {
      await random.wait(random.below(1_000));
      await world.restart(server);
      return true;
    },
  };
}

function cut(server: ServerName): Fault {
  return {
    name: `${server}: connections cut`,
    isKill: false,
    happen: (world) => hits(world, server, (proxy) => proxy.cut()),
  };
}

function slow(server: ServerName): Fault {
  return {
    name: `${server}: slow`,
    isKill: false,
    async happen(world, random) {
      const proxy = world.proxies[server];
      proxy.slow(random.below(2) === 0 ? { delayMs: 30 } : { bytesPerSecond: 20_000_000 });
      await random.wait(SLOW_MS);
      proxy.slow({});
      return true;
    },
  };
}

/**
 * Far enough into a connection's traffic that it is a body that is hit: heads are not protected by anything
 * but TLS.
 */
const BODY_AFTER_BYTES = 1_000_000;

function damage(server: 'clickhouse' | 'store'): Fault {
  const direction = server === 'clickhouse' ? 'to-worker' : 'to-server';
  return {
    name: `${server}: a byte damaged ${direction}`,
    isKill: false,
    happen: (world) =>
      hits(world, server, (proxy) => proxy.damageNext({ direction, afterBytes: BODY_AFTER_BYTES })),
  };
}

/** A completion is the only POST to S3 with an upload id. */
const COMPLETION = /^POST \S+uploadId=/;

const eatCompletion: Fault = {
  name: 'store: answer to a completion eaten',
  isKill: false,
  happen: (world) => hits(world, 'store', (proxy) => proxy.eatNextAnswer(COMPLETION)),
};

async function hits(
  world: FaultWorld,
  server: ServerName,
  act: (proxy: FaultWorld['proxies'][ServerName]) => void,
): Promise<boolean> {
  const proxy = world.proxies[server];
  const isHit = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), OCCASION_MS);
    proxy.onHit = () => {
      clearTimeout(timer);
      resolve(true);
    };
    act(proxy);
  });
  proxy.onHit = () => undefined;
  proxy.heal();
  return isHit;
}

export const KILLS: readonly Fault[] = [
  ...FAULT_POINTS.filter((point) => point !== 'during-abort').map(killAt),
  killAt('during-abort'),
  killAtRandom,
  ...SERVERS.map(restart),
];

export const NUISANCES: readonly Fault[] = [
  ...SERVERS.map(cut),
  ...SERVERS.map(slow),
  damage('clickhouse'),
  damage('store'),
  eatCompletion,
];
