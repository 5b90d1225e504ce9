// What each workflow may be asked: every workflow parses its input by this table before it does anything. A
// person may have edited it by hand, in a schedule of the Web UI or on a command line; what cannot be run
// fails at once, naming the field, what it got and what is allowed, and nothing is half made under it.
import { ApplicationFailure } from '@temporalio/common';
import { FINDING_KINDS, type AuditReport, type AuditRequest, type CarriedAudit } from './audit.ts';
import {
  CONCURRENCY_MAX,
  type BackfillProgress,
  type BackfillRequest,
  type CarriedBackfill,
} from './backfill.ts';
import { EVENT_TYPES, type AnnouncedEvent } from './event.ts';
import { type ExportedPart, type Fingerprint, type IntervalPlan, type PlannedRange } from './plan.ts';
import { type PreflightRequest } from './preflight.ts';
import { describeProblems } from './problem.ts';
import { type CarriedRun, type ExportRequest } from './run.ts';
import {
  count,
  either,
  filledText,
  instantMs,
  isObject,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  such,
  text,
  truth,
  whole,
  type Shape,
} from './shape.ts';
import { FAILURE, type Target } from './stages.ts';
import { type StatusRequest, type StreamState } from './status.ts';
import { definition, interval, seconds, settings, streamName, WAIT_SECONDS_MAX } from './stream-shape.ts';
import { type StreamDefinition } from './stream.ts';
import { type Covered } from './cover.ts';
import { type VerifyRequest } from './verify.ts';
import { type WatchMemory, type WatchRequest } from './watch.ts';

/** Named in one message; the rest is counted. */
const PROBLEMS_NAMED = 6;

const fingerprint = object<Fingerprint>({
  rooms: count,
  peers: count,
  totals: count,
  hash: such('decimal digits', (value) => typeof value === 'string' && /^\d{1,20}$/.test(value)),
});

const bound = object<PlannedRange['from']>({ finalizedAtMs: number, sessionHex: text });

const plan = object<IntervalPlan>({
  key: filledText,
  writeId: filledText,
  generation: whole(1, Number.MAX_SAFE_INTEGER),
  supersedes: nullable(text),
  manifestEtag: nullable(text),
  replacesObject: truth,
  ranges: list(object<PlannedRange>({ from: bound, to: bound, fingerprint })),
  isUncut: truth,
  fingerprint,
  batchesAtOnce: whole(1, 1_000),
  isAnnounced: truth,
});

const part = object<ExportedPart>({
  partNumber: whole(1, 10_000),
  etag: filledText,
  bytes: count,
  rawBytes: count,
  crc32: count,
  rooms: count,
  faultyRooms: count,
  heldAfter: optional(fingerprint),
});

const carriedRun = object<CarriedRun>({
  startedAtMs: number,
  plan,
  uploadId: filledText,
  parts: list(part),
  uploadsBegun: count,
  checksMade: count,
  batchesRedone: count,
  looksBack: truth,
});

const exportRequest = object<ExportRequest>({
  stream: definition,
  interval: optional(interval),
  force: optional(truth),
  carried: optional(carriedRun),
});

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

const perExecution = optional(whole(1, Number.MAX_SAFE_INTEGER));

const backfillRequest = object<BackfillRequest>({
  stream: definition,
  range: interval,
  concurrency: whole(1, CONCURRENCY_MAX),
  force: truth,
  includesSkipped: truth,
  isDryRun: truth,
  intervalsPerExecution: perExecution,
  carried: optional(carriedBackfill),
});

const finding = object<AuditReport['findings'][number]>({
  interval,
  kind: oneOf(FINDING_KINDS),
  key: text,
  detail: text,
  generation: nullable(number),
  repair: nullable(such('an outcome', isObject)),
});

const auditReport = object<AuditReport>({
  stream: text,
  range: interval,
  repair: truth,
  state: oneOf(['auditing', 'clean', 'repaired', 'found', 'canceled']),
  total: count,
  checked: count,
  underWay: count,
  notDue: count,
  open: record(count),
  repaired: count,
  findings: list(finding),
  ratePerSecond: number,
  startedAtMs: number,
  updatedAtMs: number,
  continued: count,
});

const backSeconds = object<{ backSeconds: number }>({ backSeconds: seconds(1, WAIT_SECONDS_MAX) });

const auditRequest = object<AuditRequest>({
  stream: either({ when: (value) => typeof value === 'string', shape: streamName }, definition),
  range: either({ when: (value) => isObject(value) && 'backSeconds' in value, shape: backSeconds }, interval),
  repair: truth,
  intervalsPerExecution: perExecution,
  carried: optional(
    object<CarriedAudit>({ stream: definition, range: interval, report: auditReport, cursorMs: instantMs }),
  ),
});

const covered = { stream: streamName, settings, interval };

const target = object<Target>({ ...covered, projects: optional(list(text)) });

const state = object<StreamState>({
  stream: definition,
  paused: truth,
  note: nullable(text),
  nextFireMs: nullable(number),
});

const statusRequest: Shape<StatusRequest> = either(
  {
    when: (value) => isObject(value) && 'states' in value,
    shape: object<{ states: StreamState[] }>({ states: list(state) }),
  },
  object<{ from: string | null; rowsMax: number }>({ from: nullable(text), rowsMax: whole(1, 100_000) }),
);

const preflightRequest = object<PreflightRequest>({
  destinations: list(text),
  dataPrefixes: record(list(text)),
  morePrefixes: list(text),
  asks: oneOf(['checks', 'policy']),
});

const verifyRequest = object<VerifyRequest>({
  destination: text,
  key: text,
  deep: truth,
  covers: optional(object<Covered>(covered)),
});

const event = object<AnnouncedEvent>({
  id: filledText,
  type: oneOf(EVENT_TYPES),
  atMs: number,
  data: such(
    'an object that names its stream',
    (value) => isObject(value) && typeof value['stream'] === 'string',
  ),
} as never);

const ends = record(nullable(text));

/** The one argument of a schedule's action. */
export const scheduledRequest = object<{ stream: StreamDefinition }>({ stream: definition });

/** What a look of the watch left for the next one. */
export const watchMemory = object<WatchMemory>({ latest: ends, told: ends, pausedAtMs: record(number) });

/** By the names under which Temporal knows the workflows. */
export const INPUTS = {
  exportInterval: exportRequest,
  checkStreams: object<{ streams: StreamDefinition[] }>({ streams: list(such('an object', isObject)) }),
  preflight: preflightRequest,
  announceEvent: event,
  findManifest: target,
  backfill: backfillRequest,
  streamStatus: statusRequest,
  watchStreams: object<WatchRequest>({ names: optional(list(text)) }),
  audit: auditRequest,
  verifyFile: verifyRequest,
};

/**
 * Throws an ApplicationFailure that is not retried, with the problems in its details, unless the input is
 * what the workflow takes. Called first by every workflow: an input that is read before could fail its task
 * again and again, and leave it running for ever.
 */
export function assertInput(workflow: keyof typeof INPUTS, input: unknown): void {
  const problems = INPUTS[workflow].check(input, '');
  if (problems.length === 0) return;
  const named = problems
    .slice(0, PROBLEMS_NAMED)
    .map((problem) => ({ ...problem, field: problem.field || 'input' }));
  const more = problems.length - named.length;
  throw ApplicationFailure.create({
    type: FAILURE.invalidRequest,
    message: `the input of ${workflow} cannot be used: ${describeProblems(named)}${more > 0 ? `; and ${more} more` : ''}. Correct it where the run was started, as in the action of its schedule`,
    nonRetryable: true,
    details: [named],
  });
}
