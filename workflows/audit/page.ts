// Renders an audit's report as the markdown that the Web UI shows as current details: its progress, a table
// of the findings, and the first findings in full.
import { FINDING_KINDS } from './contract.ts';
import type { AuditReport, Finding } from './contract.ts';
import { KIND_WORDS } from './range.ts';
import { describeInterval, toRfc3339 } from '../model/interval.ts';

/**
 * An em space and a zero-width word joiner. The Web UI trims trailing spaces of a cell and puts none between
 * cells.
 */
const GAP = '\u2003\u2060';

/** The page shows this many findings; the result names more. */
const FINDINGS_SHOWN = 30;

export function toAuditPage(report: AuditReport): string {
  const { state, total, checked, findings } = report;
  const share = total === 0 ? 100 : Math.floor((100 * checked) / total);
  const rows = toRows(report).map(([name, value]) => `| ${name}${GAP} | ${value} |`);
  const lines = [`**${state}**${GAP}${share} %`, `| | |\n|---|---|\n${rows.join('\n')}`];
  const shown = findings.slice(0, FINDINGS_SHOWN).map((finding) => `- ${describeFinding(finding)}`);
  const more = findings.length - shown.length;
  if (shown.length > 0)
    lines.push(['**Found**', ...shown, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n'));
  return lines.join('\n\n');
}

/** One line. */
export function describeFinding({ interval, kind, detail, repair }: Finding): string {
  const came =
    repair === null ? '' : repair.outcome === 'repaired' ? '; repaired' : `; not repaired: ${repair.message}`;
  return `${describeInterval(interval)}: ${KIND_WORDS[kind][0]}: ${detail}${came}`.replaceAll('\n', ' ');
}

function toRows(report: AuditReport): [name: string, value: string][] {
  const { open, repaired, underWay, notDue, ratePerSecond } = report;
  return [
    ['Range', describeInterval(report.range)],
    ['Looked at', `${report.checked} of ${report.total} intervals`],
    ...FINDING_KINDS.filter((kind) => open[kind] > 0).map((kind): [string, string] => [
      KIND_WORDS[kind][1],
      String(open[kind]),
    ]),
    ...(report.repair ? [['Repaired', String(repaired)] as [string, string]] : []),
    ...(underWay > 0 ? [['Run under way', String(underWay)] as [string, string]] : []),
    ...(notDue > 0 ? [['Not settled yet', String(notDue)] as [string, string]] : []),
    ...(ratePerSecond > 0 ? [['Speed', `${ratePerSecond} intervals/s`] as [string, string]] : []),
    ['Updated', toRfc3339(report.updatedAtMs)],
  ];
}
