// A worker as a process that can be told where to die or freeze: `send({point, passes, signal})` arms it, it
// answers 'armed', and says the point's name just before it is hit. Otherwise it is the product's own worker.
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readWorkerConfig } from '../../config/config.ts';
import { startWorker } from '../../worker/run-worker.ts';
import { withFaultPoints } from './fault-points.ts';
import type { ArmedFault, FaultPoint } from './fault-points.ts';

let armed: ArmedFault | undefined;

process.on('message', (fault: ArmedFault | 'disarm') => {
  armed = fault === 'disarm' ? undefined : fault;
  tell('armed');
});

async function pass(point: FaultPoint): Promise<boolean> {
  if (armed?.point !== point) return false;
  armed.passes -= 1;
  if (armed.passes > 0) return false;
  const { signal } = armed;
  armed = undefined;
  // Told before the process is hit, not after.
  await new Promise<void>((resolve) => process.send?.(point, undefined, undefined, () => resolve()));
  process.kill(process.pid, signal);
  return signal === 'SIGSTOP';
}

function tell(message: string): void {
  process.send?.(message);
}

async function main(): Promise<void> {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger, shutdownSignals: [] });
  const bundle = process.env['TEST_WORKFLOW_BUNDLE'];
  if (bundle === undefined)
    throw new Error('TEST_WORKFLOW_BUNDLE: got nothing, allowed: the path of a bundle');
  const worker = await startWorker(
    readWorkerConfig(),
    { codePath: bundle },
    { wrapTools: (tools) => withFaultPoints(tools, pass) },
  );
  process.once('SIGTERM', () => void worker.stop());
  // Whoever started it is gone: nobody would end it.
  process.once('disconnect', () => process.exit());
  tell('ready');
  await worker.stopped;
  process.exit();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
