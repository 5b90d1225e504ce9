// Fills a range that the schedule did not make: what was over when a stream was created, and what a pause left out. By a backfill that goes on by itself.
import { type Interval } from '../workflows/model/interval.ts';
import { type StreamDefinition } from '../workflows/model/stream.ts';
import { startBackfill, type StartedBackfill } from './backfills.ts';
import { type Connected } from './connect.ts';

/** Starts it and does not wait for it. What is complete is left as it is. The range begins and ends on borders of the stream, and is over. */
export function fillRange(
  connected: Connected,
  stream: StreamDefinition,
  range: Interval,
): Promise<StartedBackfill> {
  return startBackfill(connected, { stream, range });
}
