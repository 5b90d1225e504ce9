// Renders a backfill's progress as the markdown that the Web UI shows as current details: a bar, a table, and
// the runs that failed.
import { finishedOf } from './contract.ts';
import type { BackfillProgress } from './contract.ts';
import { describeInterval, toRfc3339 } from '../model/interval.ts';

const BAR_CELLS = 20;

/**
 * An em space and a zero-width word joiner. The Web UI trims trailing spaces of a cell and puts none between
 * cells.
 */
const GAP = '\u2003\u2060';

/** The page shows this many failures; the result names more. */
const FAILURES_SHOWN = 20;

export function toBackfillPage(progress: BackfillProgress): string {
  const { state, total } = progress;
  const finished = finishedOf(progress);
  const share = total === 0 ? 1 : finished / total;
  const full = Math.floor(share * BAR_CELLS);
  const rows = toRows(progress).map(([name, value]) => `| ${name}${GAP} | ${value} |`);
  const lines = [
    `**${state}**${GAP}${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${Math.floor(share * 100)} %`,
    `| | |\n|---|---|\n${rows.join('\n')}`,
  ];
  const shown = progress.failures.slice(0, FAILURES_SHOWN);
  if (shown.length > 0) {
    const failed = shown.map(
      ({ workflowId, message }) => `- \`${workflowId}\`: ${message.replaceAll('\n', ' ')}`,
    );
    const more = progress.failed - shown.length;
    lines.push(['**Failed**', ...failed, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n'));
  }
  if (state === 'canceled')
    lines.push('Runs under way go on. Start the same backfill again, and it skips what is complete by then.');
  return lines.join('\n\n');
}

function toRows(progress: BackfillProgress): [name: string, value: string][] {
  const { isDryRun, ratePerSecond, secondsLeft, state, continued } = progress;
  return [
    ['Range', describeInterval(progress.range)],
    ['Intervals', toCount(progress.total)],
    ...(isDryRun
      ? [['Would be made', toCount(progress.missing)] as [string, string]]
      : [['Made', toCount(progress.done)] as [string, string]]),
    ['Complete before', toCount(progress.skipped)],
    ['Failed', toCount(progress.failed)],
    ['Under way', `${progress.running} of ${progress.concurrency} at once`],
    ...(ratePerSecond > 0
      ? [
          [
            'Speed',
            `${ratePerSecond} intervals/s${state === 'running' && secondsLeft !== null ? `, about ${toCount(secondsLeft)} s left` : ''}`,
          ] as [string, string],
        ]
      : []),
    ...(continued > 0 ? [['Continued', `${continued} times as new`] as [string, string]] : []),
    ['Updated', toRfc3339(progress.updatedAtMs)],
  ];
}

function toCount(count: number): string {
  return count.toLocaleString('en');
}
