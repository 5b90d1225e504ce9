// `room-streams status`: shows one row per stream, from the schedules and the stored files. It prints once,
// or repeatedly until Ctrl-C.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { MISSING_MAX } from '../../workflows/watch/lateness.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { StreamStatus } from '../../workflows/questions/status-contract.ts';
import type { Terminal } from '../cli.ts';
import { describeConnectionError, withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { toDurationText } from '../parse-arguments.ts';
import { printJson, toByteText, toColumns } from '../print.ts';
import { readStatus } from '../stream-status.ts';

/**
 * This is fast enough for a person to see changes. Reading a thousand streams keeps their servers busy for a
 * tenth of this time.
 */
const REDRAW_MS = 5_000;

const COLUMNS = [
  'STREAM',
  'STATE',
  'LAST COMPLETE',
  'LAG',
  'TOOK',
  'ROOMS',
  'SIZE',
  'MISSING',
  'NEXT',
  'NOTE',
];

interface StatusOptions {
  watch?: boolean;
  json?: boolean;
}

export function addStatusCommand(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .argument('[streams...]', 'names of streams; all if absent')
    .description('shows where every stream is: its newest complete interval, and what is missing since')
    .option('--watch', `show it again every ${REDRAW_MS / 1000} s until Ctrl-C`)
    .option('--json', 'print as JSON; with --watch one array a line')
    .addHelpText(
      'after',
      '\nLAG: how long the oldest missing interval is overdue; late: by more than twice its length, and 30 minutes at least. MISSING: intervals that are over\n' +
        'and settled and not complete, one of which may be under way. Exit code 0: shown, whatever the streams are; 3: no such stream.\n\n' +
        'Examples:\n  room-streams status\n  room-streams status calls --json\n  room-streams status --watch',
    )
    .action((names: string[], options: StatusOptions) =>
      withTemporal(async (connected) => {
        if (options.watch === true) return watch(connected, names, { options, terminal });
        const rows = await readStatus(connected, names);
        if (options.json === true) printJson(terminal, rows);
        else terminal.out(toTable(rows).join('\n'));
      }),
    );
}

/** The first query fails as it does without --watch. Later failures are shown and retried. */
async function watch(
  connected: Connected,
  names: readonly string[],
  { options, terminal }: { options: StatusOptions; terminal: Terminal },
): Promise<void> {
  const interrupted = new AbortController();
  void once(process, 'SIGINT', { signal: interrupted.signal }).then(
    () => interrupted.abort(),
    () => undefined,
  );
  try {
    for (let isFirst = true; !interrupted.signal.aborted; isFirst = false) {
      const lines = await look(connected, names, { options, terminal, isFirst });
      if (terminal.redraw === undefined || options.json === true) terminal.out(lines.join('\n'));
      else terminal.redraw(lines);
      await wait(REDRAW_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
    }
  } finally {
    interrupted.abort();
  }
}

async function look(
  connected: Connected,
  names: readonly string[],
  { options, terminal, isFirst }: { options: StatusOptions; terminal: Terminal; isFirst: boolean },
): Promise<string[]> {
  try {
    const rows = await readStatus(connected, names);
    if (options.json === true) return [JSON.stringify(rows)];
    const head = `${toRfc3339(Date.now())}  ${countStates(rows)}`;
    // The screen may be too small for all streams, so those that need attention come first.
    const shown = terminal.redraw === undefined ? rows : rows.toSorted(byNeed);
    return [head, ...toTable(shown), ...(terminal.redraw === undefined ? [''] : [])];
  } catch (error) {
    if (isFirst) throw error;
    const told = describeConnectionError(error) ?? (error instanceof Error ? error.message : String(error));
    if (options.json !== true) return [`${toRfc3339(Date.now())}  ${told}`];
    terminal.err(told);
    return [];
  }
}

const BY_NEED: readonly StreamStatus['state'][] = [
  'unreadable',
  'late',
  'unknown',
  'paused',
  'active',
  'ended',
];

function byNeed(a: StreamStatus, b: StreamStatus): number {
  return BY_NEED.indexOf(a.state) - BY_NEED.indexOf(b.state) || (b.lagSeconds ?? 0) - (a.lagSeconds ?? 0);
}

/** For example `12 streams: 10 active, 1 late, 1 paused`. */
function countStates(rows: readonly StreamStatus[]): string {
  const counts = BY_NEED.toReversed()
    .map((state) => ({ state, count: rows.filter((row) => row.state === state).length }))
    .filter(({ count }) => count > 0);
  const parts = counts.map(({ state, count }) => `${count} ${state}`);
  return `${rows.length} ${rows.length === 1 ? 'stream' : 'streams'}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

function toTable(rows: readonly StreamStatus[]): string[] {
  return toColumns([COLUMNS, ...rows.map(toRow)]).map((line) => line.trimEnd());
}

function toRow(row: StreamStatus): string[] {
  const { lagSeconds, lastSeconds, rooms, bytes, missing } = row;
  return [
    row.stream,
    row.state === 'paused' && row.isLate ? 'paused, late' : row.state,
    row.lastCompleteEnd ?? '-',
    lagSeconds === null ? '?' : toDurationText(lagSeconds),
    lastSeconds === null ? '-' : `${lastSeconds.toFixed(lastSeconds < 10 ? 1 : 0)} s`,
    rooms === null ? '-' : String(rooms),
    bytes === null ? '-' : toByteText(bytes),
    missing === null ? '?' : missing >= MISSING_MAX ? `${MISSING_MAX}+` : String(missing),
    row.nextEnd ?? '-',
    row.problem ?? row.note ?? '',
  ];
}
