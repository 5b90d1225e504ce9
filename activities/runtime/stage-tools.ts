// The tools of the stages: the history, the stores by name, the limits of this worker, and its clock. They
// are opened once per worker.
import type { Destination } from '../../store/destination.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Hide } from '../../secrets/hide-secrets.ts';
import type { BatchBuffers } from '../batch/batch-buffers.ts';
import type { BatchSizes } from '../batch/batch-memory.ts';
import type { BatchWriters } from '../batch/batch-writers.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import type { EventType } from '../../workflows/webhooks/contract.ts';
import type { WebUi } from '../../workflows/model/run-page.ts';
import type { Webhook } from './webhook.ts';
import { UnknownDestinationError } from './stage-errors.ts';

export interface StageTools {
  history: HistoryReader;
  destinations: ReadonlyMap<string, OpenedDestination>;
  batches: BatchSizes;
  /** The threads that measure, write, compress and hash batches. */
  writers: BatchWriters;
  /** The buffers of the batches in progress. */
  buffers: BatchBuffers;
  webhooks: ReadonlyMap<string, Webhook>;
  /** After this many failed intervals in a row a stream is paused; 0 means never. */
  pauseAfterFailed: number;
  /** Removes this worker's secrets from texts of other programs. */
  hide: Hide;
  /** Null when no address of the Web UI is configured. */
  ui: WebUi | null;
  nowMs(): number;
  newId(): string;
}

export interface OpenedDestination {
  destination: Destination;
  store: ObjectStore;
}

/**
 * Throws UnknownDestinationError, naming what this worker knows, when a stream names a destination that it
 * does not.
 */
export function openDestination(tools: StageTools, name: string): OpenedDestination {
  const found = tools.destinations.get(name);
  if (found !== undefined) return found;
  const known = [...tools.destinations.keys()].join(', ');
  throw new UnknownDestinationError(
    `destination: got "${name}", allowed: ${known === '' ? 'none is configured' : known} (DESTINATIONS of the worker)`,
  );
}

/** The names of the webhooks that want events of this type. */
export function webhooksFor({ webhooks }: StageTools, type: EventType): string[] {
  return [...webhooks.values()].filter(({ events }) => events.includes(type)).map(({ name }) => name);
}
