// A program of a contender's own: started once, warm in every round as a worker is, asked by messages, ended
// with the benchmark. Both sides of it: what starts and asks, and what serves.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const answerSchema = z.union([z.object({ error: z.string() }), z.object({ result: z.unknown() })]);

export class RivalProcess<Task, Result> {
  readonly #child: ChildProcess;
  readonly #result: z.ZodType<Result>;

  /** @param file A TypeScript file of this folder that calls `serve`. */
  constructor(file: string, result: z.ZodType<Result>) {
    this.#result = result;
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the program could not be started');
    return pid;
  }

  /** One task at a time. Rejects with what went wrong there, or when the program ended. */
  async ask(task: Task): Promise<Result> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      const answered = once(this.#child, 'message', { signal });
      const ended = once(this.#child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a program of the benchmark ended with code ${String(code)}`);
      });
      this.#child.send({ task });
      const [message] = (await Promise.race([answered, ended])) as [unknown];
      const answer = answerSchema.parse(message);
      if ('error' in answer) throw new Error(answer.error);
      return this.#result.parse(answer.result);
    } finally {
      settled.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    // Its channel closed, nothing holds it.
    this.#child.disconnect();
    await ended;
  }
}

/** The other side: answers every task until the channel is closed. */
export function serve<Task>(task: z.ZodType<Task>, work: (task: Task) => Promise<unknown>): void {
  const taskSchema = z.object({ task });
  const answer = async (message: unknown): Promise<unknown> => {
    try {
      return { result: await work(taskSchema.parse(message).task) };
    } catch (error) {
      return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (message) => {
    void answer(message).then((said) => process.send?.(said));
  });
}
