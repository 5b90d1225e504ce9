// Finds the problems of a stream's definition that need no server. Each problem names the field, what it got
// and what is allowed. The command line and the worker both use this file.
import { JITTER_SECONDS_MAX } from './firing.ts';
import {
  characterProblem,
  KEY_BYTES_MAX,
  KEY_TEXT_ALLOWED,
  keyProblem,
  textProblem,
  utf8Length,
} from './key-rules.ts';
import { keySpaceOf, ownKeyProblems, sampleKeyOf } from './key-space.ts';
import { keyTemplateProblems } from './key-template.ts';
import { revisionProblems } from './revise-stream.ts';
import { intervalContaining, isBorder, toRfc3339 } from './interval.ts';
import type { Grid } from './interval.ts';
import { toGot } from './problem.ts';
import type { StreamDefinition, StreamSettings } from './stream.ts';

const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;

/**
 * Shorter intervals would make more files than any reader wants; longer ones are a backfill, not a stream.
 */
export const EVERY_SECONDS_MIN = MINUTE_SECONDS;
export const EVERY_SECONDS_MAX = 7 * DAY_SECONDS;

/** A history that needs more than a day to settle is not usable. Later changes are found by the audit. */
export const SETTLE_SECONDS_MAX = DAY_SECONDS;

export const GIVE_UP_SECONDS_MIN = MINUTE_SECONDS;
export const GIVE_UP_SECONDS_MAX = 30 * DAY_SECONDS;

export const STREAM_NAME = /^[a-z][a-z0-9-]{0,62}$/;

export function streamProblems(stream: StreamDefinition): string[] {
  const problems: string[] = [];
  if (!STREAM_NAME.test(stream.name))
    problems.push(`name: got "${stream.name}", allowed: [a-z][a-z0-9-]{0,62}`);
  if (stream.revisions.length === 0) problems.push('revisions: got none, allowed: at least one');
  const ofSettings = stream.revisions.flatMap(({ settings }) => settingsProblems(settings));
  // Two revisions have most of their fields in common.
  problems.push(...new Set(ofSettings));
  if (problems.length === 0) problems.push(...new Set(keysProblems(stream)));
  const { jitterSeconds } = stream;
  if (jitterSeconds !== undefined) checkSeconds(problems, 'jitter', jitterSeconds, [0, JITTER_SECONDS_MAX]);
  if (problems.length > 0) return problems;
  return [...revisionProblems(stream), ...ownKeyProblems(stream, (a, b) => a === b)];
}

/**
 * The problems of a stream's start and end: they must be borders and in order. They are checked when they are
 * set, because a later grid may have other borders.
 */
export function spanProblems(
  stream: Pick<StreamDefinition, 'fromMs' | 'untilMs'>,
  grids: { atFrom: Grid; atUntil: Grid },
): string[] {
  const { fromMs, untilMs } = stream;
  const problems = borderProblems('from', fromMs, grids.atFrom);
  if (untilMs === null) return problems;
  if (untilMs <= fromMs)
    problems.push(
      `until: got ${toRfc3339(untilMs)}, allowed: a time after the stream begins, ${toRfc3339(fromMs)}`,
    );
  return [...problems, ...borderProblems('until', untilMs, grids.atUntil)];
}

function borderProblems(field: string, atMs: number, grid: Grid): string[] {
  if (isBorder(atMs, grid)) return [];
  const { startMs, endMs } = intervalContaining(atMs, grid);
  return [
    `${field}: got ${toRfc3339(atMs)}, allowed: a border of the stream's intervals; the nearest are ${toRfc3339(startMs)} and ${toRfc3339(endMs)}`,
  ];
}

export function settingsProblems(settings: StreamSettings): string[] {
  const problems: string[] = [];
  const { everySeconds, offsetSeconds, settleSeconds, giveUpSeconds } = settings;
  checkSeconds(problems, 'every', everySeconds, [EVERY_SECONDS_MIN, EVERY_SECONDS_MAX]);
  checkSeconds(problems, 'offset', offsetSeconds, [0, Math.max(0, everySeconds - 1)]);
  checkSeconds(problems, 'settle', settleSeconds, [0, SETTLE_SECONDS_MAX]);
  checkSeconds(problems, 'give-up', giveUpSeconds, [GIVE_UP_SECONDS_MIN, GIVE_UP_SECONDS_MAX]);
  const project = projectProblem(settings.project);
  if (project !== null) problems.push(`project: got ${toGot(settings.project)}, ${project}`);
  if (settings.destination === '')
    problems.push('destination: got "", allowed: the name of a destination of the worker');
  const prefix = prefixProblem(settings.prefix);
  if (prefix !== null) problems.push(`prefix: got ${toGot(settings.prefix)}, ${prefix}`);
  for (const problem of keyTemplateProblems(settings.keyTemplate, everySeconds)) {
    problems.push(`key-template: got ${toGot(settings.keyTemplate)}, which has ${problem}`);
  }
  return problems;
}

/** Why a prefix cannot be used, as `allowed: …`; null when it can. For streams and for a preflight. */
export function prefixProblem(prefix: string): string | null {
  const isSound = textProblem(prefix) === null && !/[{}]/.test(prefix) && utf8Length(prefix) <= KEY_BYTES_MAX;
  return isSound
    ? null
    : `allowed: what keys begin with, as rooms/: ${KEY_TEXT_ALLOWED}, no braces, at most ${KEY_BYTES_MAX} bytes`;
}

/** Like `prefixProblem`, for the id of a project. */
export function projectProblem(project: string): string | null {
  if (project === '') return 'allowed: the id of a project';
  const problem = characterProblem(project);
  return problem === null ? null : `which has ${problem}; allowed: the id of a project`;
}

/**
 * Checks the keys with all names filled in. All keys of a revision have the same length, so one represents
 * them all.
 */
function keysProblems({ name, revisions }: StreamDefinition): string[] {
  return revisions.flatMap(({ settings }) => {
    const key = sampleKeyOf(keySpaceOf(name, settings));
    const problem = keyProblem(key);
    return problem === null
      ? []
      : [
          `prefix, key-template: got ${toGot(settings.prefix)} and ${toGot(settings.keyTemplate)}, which make keys as ${toGot(key)} with ${problem}`,
        ];
  });
}

function checkSeconds(problems: string[], field: string, got: number, [low, high]: [number, number]): void {
  if (Number.isInteger(got) && got >= low && got <= high && !Object.is(got, -0)) return;
  problems.push(`${field}: got ${got} s, allowed: whole seconds from ${low} to ${high}`);
}
