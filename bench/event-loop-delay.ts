// Measures the event loop of a worker from outside, by the module that was loaded into it
// (event-loop-delay.mjs).
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { until } from '../local/until.ts';

const delaysSchema = z.object({ p99Ms: z.number(), maxMs: z.number() });

/** How long the main thread could not turn to anything else, in ms. */
export type EventLoopDelays = z.infer<typeof delaysSchema>;

export interface EventLoopProbe {
  /** For the worker, when it starts. */
  environment: Record<string, string>;
  /** What the worker's event loop was held up while `use` ran. */
  measure(pid: number, use: () => Promise<void>): Promise<EventLoopDelays>;
}

export function openEventLoopProbe(): EventLoopProbe {
  const file = join(tmpdir(), `room-streams-event-loop-${process.pid}.json`);
  const module = new URL('event-loop-delay.mjs', import.meta.url).href;
  return {
    environment: { NODE_OPTIONS: `--import ${module}`, EVENT_LOOP_DELAY_FILE: file },
    async measure(pid, use) {
      // Before it listens, the signal would end it.
      await until('the worker listens', () => read(file));
      process.kill(pid, 'SIGUSR2');
      await use();
      process.kill(pid, 'SIGUSR2');
      const text = await until('the worker says how its event loop did', async () => {
        const written = await read(file);
        return written?.endsWith('}') === true ? written : undefined;
      });
      await rm(file);
      return delaysSchema.parse(JSON.parse(text));
    },
  };
}

/** Undefined while there is no file. */
async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
