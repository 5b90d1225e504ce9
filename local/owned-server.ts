// A server process of ours: started with its log in a file, asked until it answers, stopped; and gone when we
// are gone, even by SIGKILL. It leads a process group of its own, so that Ctrl-C in a terminal reaches us
// only and the order of stopping is ours.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface ServerCommand {
  /** For people: "ClickHouse". */
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Output of the process, appended. */
  logFile: string;
  /** Resolves to true once the server answers; false or a rejection means not yet. */
  isReady(signal: AbortSignal): Promise<boolean>;
  /** After this a server that does not answer counts as failed. */
  readyWithinMs: number;
  /** SIGKILL for servers that do not heed SIGTERM or take long: all of ours keep their data through it. */
  endBy: 'SIGTERM' | 'SIGKILL';
}

/** A server could not be started; the message is one sentence and says where its log is. */
export class ServerFailedError extends Error {
  override readonly name: string = 'ServerFailedError';
}

/**
 * A server ended because somebody else had one of its ports, by what its log says; on other ports it may well
 * start.
 */
export class PortTakenError extends ServerFailedError {
  override readonly name = 'PortTakenError';
}

/**
 * A watcher beside the server reads a pipe from us: when it ends with our life, the watcher kills the whole
 * group. The group's id cannot pass to another process while the watcher is in it, so no stranger is ever
 * hit.
 */
const LEASHED = '(cat <&3 >/dev/null 2>&1; kill -9 0) & exec "$@" 3<&-';

const POLL_MS = 25;

/** A server that does not end by itself in this time is killed. */
const END_WITHIN_MS = 5_000;

/** The end of a log, for the message of a failed start. */
const LOG_TAIL_BYTES = 2_000;

export class OwnedServer {
  readonly command: ServerCommand;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** Aborted at the end of the process; the reason says how it ended. */
  #ended = new AbortController();

  constructor(command: ServerCommand) {
    this.command = command;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && !this.#ended.signal.aborted;
  }

  /** Of the server itself; undefined before its first start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; `ready` tells when it serves. After `stop` it can be started again. */
  start(): void {
    if (this.isRunning) throw new Error(`${this.command.name} is running already`);
    const { command, args, env, logFile } = this.command;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const child = spawn('sh', ['-c', LEASHED, 'sh', command, ...args], {
      detached: true,
      stdio: ['ignore', log, log, 'pipe'],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    const ended = new AbortController();
    this.#ended = ended;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = (how: string) => {
        ended.abort(how);
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => {
        killGroup(child);
        end(signal === null ? `code ${code ?? 0}` : `signal ${signal}`);
      });
    });
  }

  /**
   * Resolves when the server answers. Throws ServerFailedError when it ended before, or took too long;
   * nothing of it runs then.
   */
  async ready(): Promise<void> {
    const { name, readyWithinMs, logFile } = this.command;
    const deadline = AbortSignal.timeout(readyWithinMs);
    // Whoever took its port may accept our question and never answer.
    const ended = this.#ended.signal;
    const askUntil = AbortSignal.any([deadline, ended]);
    for (;;) {
      if (ended.aborted) {
        const log = describeLog(logFile);
        const Failure = /address already in use/i.test(log) ? PortTakenError : ServerFailedError;
        throw new Failure(`${name} did not start: it ended with ${String(ended.reason)}; ${log}`);
      }
      if (await this.#answers(askUntil)) return;
      if (deadline.aborted) {
        await this.kill();
        throw new ServerFailedError(
          `${name} did not answer within ${readyWithinMs / 1000} s; ${describeLog(logFile)}`,
        );
      }
      await wait(POLL_MS);
    }
  }

  /** Ends the process and all it started; resolves when it is gone. Fine when it is not running. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    if (this.command.endBy === 'SIGTERM') {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), END_WITHIN_MS);
      await this.#exited;
      clearTimeout(timer);
    } else await this.kill();
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) killGroup(this.#child);
    await this.#exited;
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.command.isReady(signal);
    } catch {
      // Refused connections are what a starting server does; a real failure ends the process or runs into the
      // deadline.
      return false;
    }
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Gone already: the watcher went with the last of its group.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function describeLog(logFile: string): string {
  const tail = readFileSync(logFile, 'utf8').slice(-LOG_TAIL_BYTES).trim();
  const lines = tail.split('\n').slice(-5).join('\n  ');
  return `its log, ${logFile}, ends with\n  ${lines === '' ? '(nothing)' : lines}`;
}
