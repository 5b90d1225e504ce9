// What each workflow may be asked: every workflow parses its input by this table before it does anything. A person may have edited it by
// hand, in a schedule of the Web UI or on a command line; what cannot be run fails at once, naming the field, what it got and what is
// allowed, and nothing is half made under it.
import { ApplicationFailure } from '@temporalio/common';
import { FINDING_KINDS, type AuditReport, type AuditRequest, type CarriedAudit } from './audit.ts';
import {
  CONCURRENCY_MAX,
  type BackfillProgress,
  type BackfillRequest,
  type CarriedBackfill,
} from './backfill.ts';
import { EVENT_TYPES, type AnnouncedEvent } from './event.ts';
import { JITTER_SECONDS_MAX } from './firing.ts';
import { type Interval } from './interval.ts';
import { keyTemplateProblems } from './key-template.ts';
import { type ExportedPart, type Fingerprint, type IntervalPlan, type PlannedRange } from './plan.ts';
import { type PreflightRequest } from './preflight.ts';
import { describeProblems, toGot, type Problem } from './problem.ts';
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
  ruled,
  such,
  text,
  truth,
  whole,
  type Shape,
} from './shape.ts';
import { FAILURE, type Target } from './stages.ts';
import { type StatusRequest, type StreamState } from './status.ts';
import {
  EVERY_SECONDS_MAX,
  EVERY_SECONDS_MIN,
  prefixProblem,
  projectProblem,
  STREAM_NAME,
} from './stream-problems.ts';
import { type StreamDefinition, type StreamRevision, type StreamSettings } from './stream.ts';
import { type Covered } from './cover.ts';
import { type VerifyRequest } from './verify.ts';
import { type WatchMemory, type WatchRequest } from './watch.ts';

/** What a run may wait at all, however its definition came to be. `stream create` allows less. */
const WAIT_SECONDS_MAX = 366 * 86_400;

/** Named in one message; the rest is counted. */
const PROBLEMS_NAMED = 6;

const seconds = (low: number, high: number): Shape<number> => whole(low, high, 'whole seconds');

const settingsFields = object<StreamSettings>({
  everySeconds: seconds(EVERY_SECONDS_MIN, EVERY_SECONDS_MAX),
  offsetSeconds: seconds(0, EVERY_SECONDS_MAX - 1),
  project: text,
  destination: filledText,
  prefix: text,
  settleSeconds: seconds(0, WAIT_SECONDS_MAX),
  format: oneOf(['json', 'ndjson']),
  compression: oneOf(['none', 'gzip']),
  fields: oneOf(['standard', 'extended']),
  keyTemplate: text,
  empty: oneOf(['write', 'skip']),
  giveUpSeconds: seconds(1, WAIT_SECONDS_MAX),
});

const settings = ruled(settingsFields, ({ everySeconds, offsetSeconds, project, prefix, keyTemplate }) => {
  const problems: Problem[] = [];
  const refuse = (field: string, value: unknown, allowed: string): number =>
    problems.push({ field, got: toGot(value), allowed });
  if (offsetSeconds >= everySeconds)
    refuse('offsetSeconds', offsetSeconds, `whole seconds from 0 to ${everySeconds - 1}`);
  if (projectProblem(project) !== null) refuse('project', project, 'the id of a project');
  if (prefixProblem(prefix) !== null) refuse('prefix', prefix, 'what a key can begin with');
  for (const problem of keyTemplateProblems(keyTemplate, everySeconds))
    refuse('keyTemplate', keyTemplate, `a template without ${problem}`);
  return problems;
});

export const interval = ruled(
  object<Interval>({ startMs: instantMs, endMs: instantMs }),
  ({ startMs, endMs }) =>
    endMs > startMs
      ? []
      : [{ field: 'endMs', got: String(endMs), allowed: `a time after startMs, ${startMs}` }],
);

const streamName = such<string>(
  STREAM_NAME.source,
  (value) => typeof value === 'string' && STREAM_NAME.test(value),
);

/** As a schedule's action holds it. */
export const definition = ruled(
  object<StreamDefinition>({
    name: streamName,
    revisions: list(object<StreamRevision>({ fromMs: instantMs, settings }), 1),
    fromMs: instantMs,
    untilMs: nullable(instantMs),
    skipped: list(interval),
    jitterSeconds: optional(seconds(0, JITTER_SECONDS_MAX)),
  }),
  orderProblems,
);

function orderProblems({ revisions }: Pick<StreamDefinition, 'revisions'>): Problem[] {
  return revisions.flatMap(({ fromMs }, index) => {
    const before = revisions[index - 1];
    if (before === undefined || fromMs > before.fromMs) return [];
    const field = `revisions[${index}].fromMs`;
    return [{ field, got: String(fromMs), allowed: `a time after the revision before, ${before.fromMs}` }];
  });
}

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
 * Throws an ApplicationFailure that is not retried, with the problems in its details, unless the input is what the workflow takes.
 * Called first by every workflow: an input that is read before could fail its task again and again, and leave it running for ever.
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
