// The worker's process: reads the configuration, runs until SIGINT or SIGTERM, ends with 0. Exit code 2: the
// configuration is wrong; 1: a server could not be reached at the start, or the worker failed.
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { ConfigError, readWorkerConfig } from '../config/config.ts';
import type { WorkerConfig } from '../config/config.ts';
import { describeMemoryBound, makeBundle, startWorker } from './run-worker.ts';
import type { RunningWorker } from './run-worker.ts';

async function main(): Promise<void> {
  const config = readWorkerConfig();
  const logger = new DefaultLogger('INFO');
  // The process handles signals itself, so that a second signal is not swallowed.
  Runtime.install({ logger, shutdownSignals: [] });
  const worker = await start(config);
  const stop = (): void => {
    worker.stop().catch((error: unknown) => logger.error('could not stop cleanly', { error: String(error) }));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  logger.info(`worker started: ${describeMemoryBound(config)}`, {
    taskQueue: config.temporal.taskQueue,
    destinations: [...config.destinations.keys()],
  });
  await worker.stopped;
}

async function start(config: WorkerConfig): Promise<RunningWorker> {
  const bundle = await makeBundle();
  try {
    return await startWorker(config, bundle);
  } catch (error) {
    // The SDK does not export its class of this name.
    if (!(error instanceof Error) || error.name !== 'TransportError') throw error;
    const { address } = config.temporal;
    throw new Error(`Temporal does not answer at ${address} (TEMPORAL_ADDRESS); is it running?`, {
      cause: error,
    });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
