// Renders a run's progress as the markdown that the Web UI shows as current details. The state or the failure
// comes first, then a table. The Web UI puts no space between table cells and cuts off long words. That is
// why cells have extra spaces and the key has a code block.
import { toRfc3339 } from '../model/interval.ts';
import type { RunProgress } from '../model/run.ts';

const BAR_CELLS = 20;

/** An em space, followed by a zero-width word joiner because trailing spaces of a cell are trimmed. */
const GAP = '\u2003\u2060';

export function toMarkdown(progress: RunProgress): string {
  const { state, note, key } = progress;
  const share = describeShare(progress);
  const lines = [share === null ? `**${state}**` : `**${state}**${GAP}${share}`];
  if (note !== null) lines.push(`> ${note.replaceAll('\n', '\n> ')}`);
  const rows = toRows(progress).map(([name, value]) => `| ${name}${GAP} | ${value} |`);
  lines.push(`| | |\n|---|---|\n${rows.join('\n')}`);
  if (key !== null) lines.push(`\`\`\`\n${key}\n\`\`\``);
  return lines.join('\n\n');
}

/** Null while nothing is planned. */
function describeShare({ batchesPlanned, roomsPlanned, roomsDone }: RunProgress): string | null {
  if (batchesPlanned === 0) return null;
  const share = roomsPlanned === 0 ? 1 : Math.min(1, roomsDone / roomsPlanned);
  const full = Math.floor(share * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${Math.floor(share * 100)} %`;
}

function toRows(progress: RunProgress): [name: string, value: string][] {
  const { batchesPlanned, batchesDone, batchesRedone, generation, rawBytesDone } = progress;
  const rows: [string, string][] = [['Interval', progress.interval]];
  if (batchesPlanned > 0) {
    rows.push(
      ['Rooms', `${toCount(progress.roomsDone)} of ${toCount(progress.roomsPlanned)}`],
      [
        'Batches',
        `${batchesDone} of ${batchesPlanned}${batchesRedone > 0 ? `, ${batchesRedone} re-exported` : ''}`,
      ],
      ['Bytes', `${(rawBytesDone / 1e6).toFixed(1)} MB before compression`],
    );
    const speed = describeSpeed(progress);
    if (speed !== null) rows.push(['Speed', speed]);
  }
  if (generation !== null) rows.push(['Generation', `${generation}${generation > 1 ? ', re-exported' : ''}`]);
  rows.push(['Updated', toRfc3339(progress.updatedAtMs)]);
  return rows;
}

/** Null before any room was exported. */
function describeSpeed(progress: RunProgress): string | null {
  const { exportStartedAtMs, updatedAtMs, roomsDone, roomsPlanned, state } = progress;
  const seconds = exportStartedAtMs === null ? 0 : (updatedAtMs - exportStartedAtMs) / 1000;
  if (seconds <= 0 || roomsDone === 0) return null;
  const rate = roomsDone / seconds;
  const left = state === 'exporting' ? Math.ceil((roomsPlanned - roomsDone) / rate) : 0;
  return `${toCount(Math.round(rate))} rooms/s${left > 0 ? `, about ${left} s left` : ''}`;
}

function toCount(count: number): string {
  return count.toLocaleString('en');
}
