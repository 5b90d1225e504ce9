// How much processor time processes have used, from Linux' /proc: what the kernel counts for each process,
// which other work on the machine changes less than it changes seconds. Benchmarks read it before and after a
// step; the difference is what the step cost. All times are milliseconds of user and system time together.
import { readdir, readFile } from 'node:fs/promises';
import type { RunningStack } from '../local/stack.ts';

/** Milliseconds of processor time since a process began, by its name. */
export type ProcessorTimes = Record<'temporal' | 'worker' | 'clickhouse' | 'seaweedfs', number>;

/** The clock of /proc/PID/stat: a hundredth of a second on every Linux that Node runs on. */
const TICK_MS = 10;

/**
 * Fields of /proc/PID/stat after the name of the program: utime, stime, and the same two of children that
 * were waited for.
 */
const TIME_FIELDS = [11, 12, 13, 14] as const;

/**
 * Fields of the first line of /proc/stat: user, nice, system, irq, softirq. Idle time and waiting for disks
 * are not work.
 */
const BUSY_FIELDS = [1, 2, 3, 6, 7] as const;

/** Of the servers of the embedded stack and a worker. */
export async function readProcessorTimes(
  { servers }: RunningStack,
  workerPid: number,
): Promise<ProcessorTimes> {
  const { temporal, clickhouse, store } = servers;
  const [temporalPid, clickhousePid, storePid] = [temporal.pid, clickhouse.pid, store.pid];
  if (temporalPid === undefined || clickhousePid === undefined || storePid === undefined)
    throw new Error('a server of the stack was never started');
  return readTimesOf({
    temporal: temporalPid,
    worker: workerPid,
    clickhouse: clickhousePid,
    seaweedfs: storePid,
  });
}

export function lessEach(later: ProcessorTimes, earlier: ProcessorTimes): ProcessorTimes {
  const less = (name: keyof ProcessorTimes): number => later[name] - earlier[name];
  return {
    temporal: less('temporal'),
    worker: less('worker'),
    clickhouse: less('clickhouse'),
    seaweedfs: less('seaweedfs'),
  };
}

/**
 * What each process has used since it started, in milliseconds: all its threads, its living children and
 * those that it has waited for.
 * @throws when a process does not exist.
 */
export async function readTimesOf<Name extends string>(
  processes: Readonly<Record<Name, number>>,
): Promise<Record<Name, number>> {
  const times = await Promise.all(
    Object.entries<number>(processes).map(async ([name, pid]) => [name, await readTimeOfTree(pid)] as const),
  );
  return Object.fromEntries(times) as Record<Name, number>;
}

/**
 * Above this share of a machine's processor time, what other programs took decides over how long a step
 * takes. Its processor time grows, too, but less.
 */
export const ELSEWHERE_SHARE_MAX = 0.1;

/** What all processes of the machine and its kernel have used since it started, in milliseconds. */
export async function readMachineTime(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n', 1);
  return sumFields(line.split(/\s+/), BUSY_FIELDS);
}

async function readTimeOfTree(pid: number): Promise<number> {
  const children = await readChildren(pid);
  const ofChildren = await Promise.all(children.map(readTimeOfChild));
  return ofChildren.reduce((sum, ms) => sum + ms, await readTime(pid));
}

/** A child may end between its listing and its reading; its parent then has its time. */
async function readTimeOfChild(pid: number): Promise<number> {
  try {
    return await readTimeOfTree(pid);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

async function readTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The program's name is in parentheses and may contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return sumFields(fields, TIME_FIELDS);
}

/** Each thread lists the children that it started. */
async function readChildren(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readChildrenOfThread(pid, thread)));
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  );
}

/** A thread may end between its listing and its reading. */
async function readChildrenOfThread(pid: number, thread: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}

function sumFields(fields: readonly string[], places: readonly number[]): number {
  const ticks = places.reduce((sum, place) => sum + Number(fields[place]), 0);
  if (!Number.isFinite(ticks)) throw new Error('/proc has another form than expected');
  return ticks * TICK_MS;
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
