// Some workers as processes, so that they can be killed; one that has ended is replaced at once.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ArmedFault } from './fault-points.ts';

const FAULTY_WORKER = fileURLToPath(new URL('faulty-worker.ts', import.meta.url));

export interface PooledWorker {
  pid: number;
  /**
   * Arms a fault; resolves with the point's name when it has been hit, or rejects with WorkerEndedError when
   * the worker ended otherwise.
   */
  arm(fault: ArmedFault): Promise<string>;
  disarm(): void;
  signal(signal: NodeJS.Signals): void;
  ended: Promise<void>;
}

/** By another fault, or because a server was not there when it started. */
export class WorkerEndedError extends Error {
  override readonly name = 'WorkerEndedError';
}

export class WorkerPool {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #workers: PooledWorker[] = [];
  #isClosing = false;
  /** How many ended without being told to, by whatever hand. */
  deaths = 0;

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** Resolves when all of them take work. */
  static async start(size: number, environment: Readonly<Record<string, string>>): Promise<WorkerPool> {
    const pool = new WorkerPool(environment);
    await Promise.all(Array.from({ length: size }, () => pool.add()));
    return pool;
  }

  get workers(): readonly PooledWorker[] {
    return this.#workers;
  }

  async stop(): Promise<void> {
    this.#isClosing = true;
    const all = [...this.#workers];
    for (const worker of all) {
      // One that is frozen would not hear the other.
      worker.signal('SIGCONT');
      worker.signal('SIGTERM');
    }
    const timer = setTimeout(() => {
      for (const worker of all) worker.signal('SIGKILL');
    }, STOP_WITHIN_MS);
    await Promise.all(all.map((worker) => worker.ended));
    clearTimeout(timer);
  }

  /** One more; resolves when it takes work. */
  async add(): Promise<PooledWorker> {
    const child = spawn(process.execPath, ['--import', 'tsx', FAULTY_WORKER], {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const worker = toPooled(child);
    this.#workers.push(worker);
    void worker.ended.then(() => {
      this.#workers.splice(this.#workers.indexOf(worker), 1);
      if (this.#isClosing) return;
      this.deaths += 1;
      this.add().catch(tellOfEarlyEnd);
    });
    const isReady = await Promise.race([untilMessage(child, 'ready'), worker.ended]);
    if (isReady === undefined)
      throw new WorkerEndedError(
        'a worker ended before it took work; if nobody killed it, what it said is above',
      );
    return worker;
  }
}

/** Random kills also hit workers that have just been started. They are replaced as all others. */
function tellOfEarlyEnd(error: unknown): void {
  if (!(error instanceof WorkerEndedError)) throw error;
  console.error(error.message);
}

/** Longer than a worker's grace for what it is at. */
const STOP_WITHIN_MS = 15_000;

function toPooled(child: ChildProcess): PooledWorker {
  const ended = once(child, 'exit').then(() => undefined);
  return {
    pid: child.pid ?? 0,
    async arm(fault) {
      const hit = untilMessage(child, fault.point);
      send(child, fault);
      const end = await Promise.race([hit, ended]);
      if (end === undefined) throw new WorkerEndedError(`the worker ended before it came to ${fault.point}`);
      return end;
    },
    disarm: () => send(child, 'disarm'),
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

/** A worker that has just been killed hears nothing; that it has ended is seen elsewhere. */
function send(child: ChildProcess, message: ArmedFault | 'disarm'): void {
  if (child.connected) child.send(message, () => undefined);
}

function untilMessage(child: ChildProcess, wanted: string): Promise<string> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if (message !== wanted) return;
      child.off('message', listen);
      resolve(wanted);
    };
    child.on('message', listen);
  });
}
