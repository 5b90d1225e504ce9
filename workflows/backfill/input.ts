// The input shape of a backfill, including the state it carries over continue-as-new.
import { CONCURRENCY_MAX } from './contract.ts';
import type { BackfillProgress, BackfillRequest, CarriedBackfill } from './contract.ts';
import {
  count,
  instantMs,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  text,
  truth,
  whole,
} from '../model/shape.ts';
import { definition, interval } from '../model/stream-shape.ts';

const backfillProgress = object<BackfillProgress>({
  stream: text,
  range: interval,
  force: truth,
  concurrency: number,
  isDryRun: truth,
  state: oneOf(['running', 'complete', 'failed', 'canceled']),
  total: count,
  done: count,
  skipped: count,
  failed: count,
  running: count,
  missing: count,
  missingRanges: list(interval),
  failures: list(object({ interval, workflowId: text, message: text })),
  ratePerSecond: number,
  secondsLeft: nullable(number),
  startedAtMs: number,
  updatedAtMs: number,
  continued: count,
});

const carriedBackfill = object<CarriedBackfill>({
  progress: backfillProgress,
  cursorMs: instantMs,
  runs: object<CarriedBackfill['runs']>({
    queue: list(interval),
    running: list(object({ interval, isInTheWay: truth })),
  }),
});

export const backfillRequest = object<BackfillRequest>({
  stream: definition,
  range: interval,
  concurrency: whole(1, CONCURRENCY_MAX),
  force: truth,
  includesSkipped: truth,
  isDryRun: truth,
  intervalsPerExecution: optional(positive),
  carried: optional(carriedBackfill),
});
