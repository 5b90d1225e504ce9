// What the store says of an interval: its manifest, read by a worker. The record where Temporal has forgotten
// the run.
import { describeInterval } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import type { Target } from '../workflows/export/contract.ts';
import { askWorker } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';

/** One small object is read; a store that is silent for so long is down. */
const TIMEOUT_MS = 60_000;

/**
 * Null when the interval has no complete file. Throws CommandError when no worker answers, or the store does
 * not.
 */
export function findManifest(
  connected: Connected,
  { stream, interval }: { stream: StreamDefinition; interval: Interval },
): Promise<Manifest | null> {
  const request: Target = {
    stream: stream.name,
    settings: settingsAt(stream, interval.startMs),
    interval,
  };
  return askWorker<Manifest | null>(connected, {
    workflow: 'findManifest',
    request,
    summary: `what the store has of stream ${stream.name}, ${describeInterval(interval)}`,
    timeoutMs: TIMEOUT_MS,
  });
}
