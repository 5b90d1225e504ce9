// How much processor time the servers of the embedded stack and a worker have used: what the kernel counts for each process, which other work on the
// machine hardly changes. Linux only, as the figures in the documents are.
import { readFile } from 'node:fs/promises';
import { type RunningStack } from '../local/stack.ts';

/** Milliseconds of processor time since a process began, by its name. */
export type ProcessorTimes = Record<'temporal' | 'worker' | 'clickhouse' | 'seaweedfs', number>;

/** The clock of /proc/PID/stat: a hundredth of a second on every Linux that Node runs on. */
const TICK_MS = 10;

export async function readProcessorTimes(
  { servers }: RunningStack,
  workerPid: number,
): Promise<ProcessorTimes> {
  return {
    temporal: await readProcessorTime(servers.temporal.pid),
    worker: await readProcessorTime(workerPid),
    clickhouse: await readProcessorTime(servers.clickhouse.pid),
    seaweedfs: await readProcessorTime(servers.store.pid),
  };
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

/** User and system time of all threads of a process. */
async function readProcessorTime(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may hold spaces; the third comes after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
