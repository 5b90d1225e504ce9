// Runs of another commit's export, started by that commit's own client from its own build: what a run is
// asked may have changed since. On a task queue of its own, so that neither worker takes the other's work.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toEnvironment } from '../../local/stack-environment.ts';
import type { RunningStack } from '../../local/stack.ts';
import { buildFolderOf } from '../built-worker.ts';
import { INTERVAL, streamOf } from '../export-run.ts';
import type { Compression } from './sql-statements.ts';

export interface BaselineRuns {
  /** For its worker, beside the addresses of the stack. */
  environment: Record<string, string>;
  /** One run of the interval; resolves with its manifest, as that commit has it. */
  exportOnce: () => Promise<unknown>;
}

const TASK_QUEUE = { TEMPORAL_TASK_QUEUE: 'room-streams-baseline' };

/**
 * The functions of the client and the worker's configuration that have had these names and arguments since
 * version 0.3.
 */
interface ClientOfBuild {
  readTemporalConfig(environment: Record<string, string>): unknown;
  withTemporal<Result>(use: (connected: unknown) => Promise<Result>, config: unknown): Promise<Result>;
  startRun(connected: unknown, request: unknown): Promise<unknown>;
  awaitResult(handle: unknown): Promise<{ manifest: unknown }>;
}

/** Loads the client of a checkout that was built before. Throws when it lacks one of the functions. */
export async function startBaselineRuns(
  stack: RunningStack,
  { checkout, compression }: { checkout: string; compression: Compression },
): Promise<BaselineRuns> {
  const client = await loadClient(buildFolderOf(checkout));
  const config = client.readTemporalConfig({ ...toEnvironment(stack), ...TASK_QUEUE });
  const stream = { ...streamOf({ compression, fields: 'standard' }), name: 'baseline' };
  const exportOnce = (): Promise<unknown> =>
    client.withTemporal(async (connected) => {
      const handle = await client.startRun(connected, { stream, interval: INTERVAL, force: true });
      return (await client.awaitResult(handle)).manifest;
    }, config);
  return { environment: TASK_QUEUE, exportOnce };
}

async function loadClient(build: string): Promise<ClientOfBuild> {
  const [config, connect, streams, follow] = await Promise.all(
    ['worker/config.js', 'client/connect.js', 'client/streams.js', 'client/follow-workflow.js'].map((file) =>
      importModule(join(build, file)),
    ),
  );
  const functions = { ...config, ...connect, ...streams, ...follow };
  for (const name of ['readTemporalConfig', 'withTemporal', 'startRun', 'awaitResult'])
    if (typeof functions[name] !== 'function')
      throw new Error(`${build} has no function ${name}: its commit cannot be a baseline`);
  return functions as unknown as ClientOfBuild;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}
