// Asks a worker for the manifest of an interval. The manifest is the record of an interval that Temporal no
// longer knows.
import { describeInterval } from '../workflows/model/interval.ts';
import type { Interval } from '../workflows/model/interval.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';
import type { Target } from '../workflows/export/contract.ts';
import { askWorker } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';

/** The worker reads one small object; a store that does not answer within this time is down. */
const TIMEOUT_MS = 60_000;

/**
 * Returns null when the interval has no complete file.
 * @throws CommandError when no worker answers, or when the store does not answer.
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
