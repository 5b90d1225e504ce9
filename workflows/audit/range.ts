// The range of an audit, an empty report, and the sentence with which an audit fails. Pure.
import { FINDING_KINDS, openOf } from './contract.ts';
import type { AuditReport, AuditRequest, FindingKind } from './contract.ts';
import { countIntervals, intervalsIn, rangeProblems } from '../model/interval-range.ts';
import { describeInterval, intervalContaining, lastIntervalEndedBy, toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import { settingsAt } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** The words for each kind of finding: singular and plural. */
export const KIND_WORDS: Readonly<Record<FindingKind, [string, string]>> = {
  'missing-interval': ['missing interval', 'missing intervals'],
  'missing-file': ['missing file', 'missing files'],
  'file-differs': ['file that differs from its manifest', 'files that differ from their manifests'],
  'history-changed': ['file whose history has changed', 'files whose history has changed'],
  'unreadable-manifest': ['unreadable manifest', 'unreadable manifests'],
};

/** @throws RangeError that names the problem of a requested range */
export function toAuditRange(
  stream: StreamDefinition,
  range: AuditRequest['range'],
  nowMs: number,
): Interval {
  if ('startMs' in range) {
    const problems = rangeProblems(stream, range, nowMs);
    if (problems.length > 0) throw new RangeError(problems.join('; '));
    return range;
  }
  const settledMs = nowMs - settingsAt(stream, nowMs).settleSeconds * 1000;
  const { endMs } = lastIntervalEndedBy(settledMs, settingsAt(stream, settledMs));
  const backMs = endMs - range.backSeconds * 1000;
  const { startMs } = intervalContaining(backMs, settingsAt(stream, backMs));
  return { startMs: Math.min(startMs, endMs), endMs };
}

/** Whether the interval's file should exist by now. */
export function isDue(stream: StreamDefinition, { startMs, endMs }: Interval, nowMs: number): boolean {
  return endMs + settingsAt(stream, startMs).settleSeconds * 1000 <= nowMs;
}

export function newReport(
  { stream, range, repair }: { stream: StreamDefinition; range: Interval; repair: boolean },
  nowMs: number,
): AuditReport {
  const notDue = countNotDue(stream, range, nowMs);
  return {
    stream: stream.name,
    range,
    repair,
    state: 'auditing',
    total: countIntervals(stream, range) - notDue,
    checked: 0,
    underWay: 0,
    notDue,
    open: {
      'missing-interval': 0,
      'missing-file': 0,
      'file-differs': 0,
      'history-changed': 0,
      'unreadable-manifest': 0,
    },
    repaired: 0,
    findings: [],
    ratePerSecond: 0,
    startedAtMs: nowMs,
    updatedAtMs: nowMs,
    continued: 0,
  };
}

/** Only the newest intervals may still be settling, so counting starts at the end of the range. */
function countNotDue(stream: StreamDefinition, range: Interval, nowMs: number): number {
  const settleMsMax = Math.max(...stream.revisions.map(({ settings }) => settings.settleSeconds)) * 1000;
  const settledMs = nowMs - settleMsMax;
  const { startMs } = intervalContaining(settledMs, settingsAt(stream, settledMs));
  let count = 0;
  for (const interval of intervalsIn(stream, { ...range, startMs: Math.max(startMs, range.startMs) }))
    if (!isDue(stream, interval, nowMs)) count += 1;
  return count;
}

/** `2 missing intervals, 1 missing file`; empty when nothing is open. */
export function describeOpen({ open }: AuditReport): string {
  return FINDING_KINDS.filter((kind) => open[kind] > 0)
    .map((kind) => `${open[kind]} ${KIND_WORDS[kind][open[kind] === 1 ? 0 : 1]}`)
    .join(', ');
}

/**
 * The first line of a failure is the one people read, so it says what to do first and then what was found.
 */
export function toFoundSentence(report: AuditReport): string {
  const { stream, range, repair, findings, total } = report;
  const first = findings.find(({ repair: of }) => of?.outcome !== 'repaired');
  const todo = repair
    ? 'what could not be repaired says why below'
    : `repair it by: room-streams audit ${stream} --from ${toRfc3339(range.startMs)} --to ${toRfc3339(range.endMs)} --repair`;
  const example = first === undefined ? '' : `. First: ${describeInterval(first.interval)}: ${first.detail}`;
  const why = first?.repair?.outcome === 'failed' ? ` (${first.repair.message})` : '';
  return `${openOf(report)} of ${total} intervals are not as they should be; ${todo}. Found: ${describeOpen(report)}${example}${why}`;
}
