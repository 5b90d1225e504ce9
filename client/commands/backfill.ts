// `room-streams backfill`: exports past intervals of a stream through a workflow that continues without this
// command. It also follows or cancels the workflow, or reports beforehand what it would do.
import { Option } from 'commander';
import type { Command } from 'commander';
import { CONCURRENCY_DEFAULT, CONCURRENCY_MAX, finishedOf } from '../../workflows/backfill/contract.ts';
import type { BackfillProgress } from '../../workflows/backfill/contract.ts';
import { describeInterval, toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { findBackfill, followBackfill, startBackfill } from '../backfills.ts';
import type { StartedBackfill } from '../backfills.ts';
import type { Terminal } from '../cli.ts';
import { runPageOf, withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { leaveOnInterrupt } from '../follow-workflow.ts';
import { parseCount, parseInstantMs } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { ProgressLine } from '../progress-line.ts';
import { toRange } from '../streams.ts';
import { readStream } from '../streams.ts';

interface BackfillOptions {
  from: number;
  to: number;
  concurrency: number;
  force?: boolean;
  skipped?: boolean;
  dryRun?: boolean;
  detach?: boolean;
  follow?: boolean;
  cancel?: boolean;
  json?: boolean;
}

export function addBackfillCommand(program: Command, terminal: Terminal): void {
  program
    .command('backfill')
    .argument('<name>', 'the stream')
    .description(
      'exports past intervals that have no complete file, by a workflow that goes on without this command; the same command joins it later',
    )
    .requiredOption('--from <time>', 'start of the first interval, with its zone', parseInstantMs)
    .requiredOption('--to <time>', 'end of the last interval, with its zone', parseInstantMs)
    .option(
      '--concurrency <number>',
      `runs at once, 1 to ${CONCURRENCY_MAX}`,
      parseCount(1, CONCURRENCY_MAX),
      CONCURRENCY_DEFAULT,
    )
    .option('--force', 'also export complete intervals again: generation + 1')
    .option('--skipped', 'also intervals that the stream leaves out on purpose')
    .addOption(
      new Option('--dry-run', 'show what would be made; start nothing').conflicts([
        'detach',
        'follow',
        'cancel',
      ]),
    )
    .addOption(new Option('--detach', 'start it and do not wait').conflicts(['follow', 'cancel']))
    .addOption(new Option('--follow', 'follow the one under way; start none').conflicts('cancel'))
    .option('--cancel', 'cancel the one under way: it starts no more runs, those under way go on')
    .option('--json', 'print the result as JSON, and no progress')
    .addHelpText(
      'after',
      '\nExit code 0: every interval has its file (a dry run: it was looked); 1: some runs failed, the others did their work, or it was canceled;\n2: the range is no range of intervals; 3: no such stream, or nothing to follow or cancel; 130: Ctrl-C, the backfill goes on.\n\nExamples:\n  room-streams backfill demo --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --concurrency 8\n  room-streams backfill demo --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --dry-run\n  room-streams backfill demo --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --cancel',
    )
    .action((name: string, options: BackfillOptions) =>
      withTemporal((connected) => backfill(connected, terminal, { name, options })),
    );
}

async function backfill(
  connected: Connected,
  terminal: Terminal,
  { name, options }: { name: string; options: BackfillOptions },
): Promise<void> {
  const { stream } = await readStream(connected, name);
  const range = toRange(stream, options, Date.now());
  if (options.cancel === true) {
    await cancel(terminal, await findBackfill(connected, name, range), options);
    return;
  }
  const started =
    options.follow === true
      ? await findBackfill(connected, name, range)
      : await startBackfill(connected, {
          stream,
          range,
          concurrency: options.concurrency,
          force: options.force ?? false,
          includesSkipped: options.skipped ?? false,
          isDryRun: options.dryRun ?? false,
        });
  const page = runPageOf(connected.config, started.workflowId, started.runId);
  terminal.err(
    `${started.isJoined ? 'joined' : 'started'} ${started.workflowId}${page === null ? '' : `\n  ${page}`}`,
  );
  if (options.detach === true) {
    const { workflowId, runId, isJoined } = started;
    if (options.json === true) printJson(terminal, { workflowId, runId, isJoined, page });
    else
      terminal.out(
        `${isJoined ? 'under way already' : 'started'}; to follow it: ${toCommand(name, range, '--follow')}`,
      );
    return;
  }
  const progress = await follow(terminal, started, { name, range, isQuiet: options.json === true });
  if (options.json === true) printJson(terminal, progress);
  else terminal.out(describeBackfill(progress));
  refuseUnlessComplete(progress);
}

async function follow(
  terminal: Terminal,
  { handle, workflowId }: StartedBackfill,
  { name, range, isQuiet }: { name: string; range: Interval; isQuiet: boolean },
): Promise<BackfillProgress> {
  const line = new ProgressLine(terminal);
  const following = followBackfill(handle, (progress) => {
    if (!isQuiet) line.show(toLineState(progress));
  });
  try {
    return await leaveOnInterrupt(
      following,
      `${workflowId} goes on; to follow it: ${toCommand(name, range, '--follow')}; to cancel it: --cancel instead`,
    );
  } finally {
    line.clear();
  }
}

async function cancel(
  terminal: Terminal,
  { handle, workflowId }: StartedBackfill,
  { json }: BackfillOptions,
): Promise<void> {
  await handle.cancel();
  const progress = await followBackfill(handle, () => undefined);
  if (json === true) printJson(terminal, progress);
  else
    terminal.out(
      progress.state === 'canceled'
        ? `${workflowId} canceled; ${progress.running} runs under way go on. The same command without --cancel goes on where it stopped`
        : `${workflowId} had ended before it could be canceled\n${describeBackfill(progress)}`,
    );
}

function toLineState(progress: BackfillProgress): Parameters<ProgressLine['show']>[0] {
  return {
    stage: progress.isDryRun ? 'looking' : 'intervals',
    done: finishedOf(progress),
    total: progress.total,
    toText: String,
    perSecond: progress.ratePerSecond,
  };
}

function describeBackfill(progress: BackfillProgress): string {
  const { stream, range, state, total, done, skipped, failed, missing, isDryRun, updatedAtMs, startedAtMs } =
    progress;
  const seconds = ((updatedAtMs - startedAtMs) / 1000).toFixed(1);
  const lines = [
    `${isDryRun ? 'dry run' : state}: stream ${stream}, ${describeInterval(range)}, ${total} intervals, ${seconds} s`,
  ];
  if (isDryRun) {
    lines.push(`  would be made    ${missing}`);
    for (const missingRange of progress.missingRanges) lines.push(`    ${describeInterval(missingRange)}`);
  } else lines.push(`  made             ${done}`);
  lines.push(`  complete before  ${skipped}`);
  if (isDryRun) return lines.join('\n');
  lines.push(`  failed           ${failed}`);
  for (const { workflowId, message } of progress.failures) lines.push(`    ${workflowId}: ${message}`);
  const unnamed = failed - progress.failures.length;
  if (unnamed > 0) lines.push(`    and ${unnamed} more`);
  return lines.join('\n');
}

function refuseUnlessComplete({ state, failed, total }: BackfillProgress): void {
  if (state === 'canceled')
    throw new CommandError('it was canceled; the same command goes on where it stopped', EXIT.failed);
  if (failed > 0)
    throw new CommandError(
      `${failed} of ${total} intervals failed: mend what their runs failed with, then the same command makes them`,
      EXIT.failed,
    );
}

function toCommand(name: string, { startMs, endMs }: Interval, option: string): string {
  return `room-streams backfill ${name} --from ${toRfc3339(startMs)} --to ${toRfc3339(endMs)} ${option}`;
}
