// A short workflow by which the command line asks a worker for the newest complete intervals of many streams: only workers open stores.
import { proxyActivities } from '@temporalio/workflow';
import { type FoundLatest, type LatestRequest } from './model/lateness.ts';
import { type Stages } from './model/stages.ts';

/** One activity reads so many: a thousand streams are spread over the workers that are there. */
const STREAMS_EACH = 250;

/** A person waits for the answer; a store that is down is part of it. */
const { readLatestIntervals } = proxyActivities<Stages>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 2 },
});

/** In the order in which they were asked for. */
export async function latestIntervals({ streams }: LatestRequest): Promise<FoundLatest[]> {
  const asked: LatestRequest[] = [];
  for (let at = 0; at < streams.length; at += STREAMS_EACH)
    asked.push({ streams: streams.slice(at, at + STREAMS_EACH) });
  const found = await Promise.all(
    asked.map((request) =>
      readLatestIntervals.executeWithOptions({ summary: `${request.streams.length} streams` }, [request]),
    ),
  );
  return found.flat();
}
