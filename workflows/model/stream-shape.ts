// The shape of a stream in a schedule's action and in the inputs of workflows. It refuses what no run could
// work with. The narrower rules for what a person may choose are in stream-problems.ts.
import { JITTER_SECONDS_MAX } from './firing.ts';
import type { Interval } from './interval.ts';
import { keyTemplateProblems } from './key-template.ts';
import { toGot } from './problem.ts';
import type { Problem } from './problem.ts';
import {
  filledText,
  instantMs,
  list,
  nullable,
  object,
  oneOf,
  optional,
  ruled,
  such,
  text,
  whole,
} from './shape.ts';
import type { Shape } from './shape.ts';
import {
  EVERY_SECONDS_MAX,
  EVERY_SECONDS_MIN,
  prefixProblem,
  projectProblem,
  STREAM_NAME,
} from './stream-problems.ts';
import type { StreamDefinition, StreamRevision, StreamSettings } from './stream.ts';

/** The longest wait of any run. `stream create` allows less. */
export const WAIT_SECONDS_MAX = 366 * 86_400;

export const seconds = (low: number, high: number): Shape<number> => whole(low, high, 'whole seconds');

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

export const settings = ruled(
  settingsFields,
  ({ everySeconds, offsetSeconds, project, prefix, keyTemplate }) => {
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
  },
);

export const interval = ruled(
  object<Interval>({ startMs: instantMs, endMs: instantMs }),
  ({ startMs, endMs }) =>
    endMs > startMs
      ? []
      : [{ field: 'endMs', got: String(endMs), allowed: `a time after startMs, ${startMs}` }],
);

export const streamName = such<string>(
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

/** The one argument of a schedule's action. */
export const scheduledRequest = object<{ stream: StreamDefinition }>({ stream: definition });
