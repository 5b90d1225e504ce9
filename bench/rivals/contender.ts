// What takes part in the comparison: anything that can be run once on the interval. Measures one run:
// seconds, and the processor time of each process that had a part in it.
import { availableParallelism } from 'node:os';
import { readMachineTime, readTimesOf } from '../processor-times.ts';

export interface Contender {
  /** In the report, and in its JSON as a key: `ours`. */
  name: string;
  /** What it does, in one line. */
  what: string;
  /** Rooms of one run. */
  rooms: number;
  /** Process ids of the servers and programs that work for it, by the names of the report. */
  processes: Readonly<Record<string, number>>;
  /** One run, from its start to what a user would wait for. */
  run(): Promise<Output>;
}

/** A contender that is a program of its own. */
export interface StartedProgram {
  contender: Contender;
  stop: () => Promise<void>;
}

/** What one run made or read. */
export interface Output {
  /**
   * Of the document before compression; of a scan, of the answers. Null where the contender does not know:
   * the check of its file tells.
   */
  rawBytes: number | null;
  /** The key of the file in the store; null when the contender makes none. */
  key: string | null;
}

export interface Measured {
  seconds: number;
  /** Seconds of user and system time of each process. */
  processor: Record<string, number>;
  /**
   * Seconds of processor time that the rest of the machine used meanwhile. Where it is not small, the figures
   * mean little.
   */
  elsewhere: number;
  output: Output;
}

/** One run. The processes named are those whose time is read. */
export async function measure(contender: Pick<Contender, 'processes' | 'run'>): Promise<Measured> {
  const { processes } = contender;
  const machineBefore = await readMachineTime();
  const before = await readTimesOf(processes);
  const startedMs = performance.now();
  const output = await contender.run();
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await readTimesOf(processes);
  const machine = ((await readMachineTime()) - machineBefore) / 1000;
  const processor = Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? Number.NaN)) / 1000]),
  );
  const known = Object.values(processor).reduce((sum, used) => sum + used, 0);
  return { seconds, processor, elsewhere: Math.max(0, machine - known), output };
}

/** Of the processor time that the machine had in a run, the share that other programs took. */
export function elsewhereShareOf({ elsewhere, seconds }: Measured): number {
  return elsewhere / (seconds * availableParallelism());
}
