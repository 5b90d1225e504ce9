// `room-streams run …`: shows what one run did or is doing, and retries a failed run.
import type { Command } from 'commander';
import type { Terminal } from '../cli.ts';
import { runPageOf, withTemporal } from '../../temporal/connect.ts';
import { describeProgress, describeShown, describeSummary } from '../describe-run.ts';
import { followRun } from '../follow-workflow.ts';
import { parseInstantMs } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { retryRun } from '../retry-run.ts';
import type { RetryOutcome } from '../retry-run.ts';
import { showRun } from '../show-run.ts';
import { readStream } from '../streams.ts';
import { intervalToTrigger } from './stream.ts';

export function addRunCommands(program: Command, terminal: Terminal): void {
  const run = program.command('run').description('runs: one workflow execution that exports one interval');
  addShow(run, terminal);
  addRetry(run, terminal);
}

function addShow(run: Command, terminal: Terminal): void {
  run
    .command('show')
    .argument('<stream>', 'the stream')
    .argument('[end]', 'end of the interval, with its zone; the last complete one if absent', parseInstantMs)
    .description('shows where a run is, what it made, or why it failed')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: shown, whatever became of the run; 3: neither Temporal nor the store knows of it.\n\n' +
        'Example:\n  room-streams run show demo 2026-11-23T10:15:00Z',
    )
    .action((name: string, endMs: number | undefined, options: { json?: boolean }) =>
      withTemporal(async (connected) => {
        const { stream } = await readStream(connected, name);
        const shown = await showRun(connected, {
          stream,
          interval: intervalToTrigger(stream, endMs, Date.now()),
        });
        if (options.json === true) printJson(terminal, shown);
        else terminal.out(describeShown(shown));
      }),
    );
}

function addRetry(run: Command, terminal: Terminal): void {
  run
    .command('retry')
    .argument('<stream>', 'the stream')
    .argument('[end]', 'end of the interval, with its zone; the last complete one if absent', parseInstantMs)
    .description('continues a failed run at the stage that failed, or exports its interval again')
    .option('--detach', 'do not wait for the run')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      '\nA run that is under way, and one that is complete, are left alone. To export a complete interval again: stream trigger --force.\n' +
        'Exit code 0: the file is complete, or the run is under way; 1: it failed again.\n\n' +
        'Example:\n  room-streams run retry demo 2026-11-23T10:15:00Z',
    )
    .action((name: string, endMs: number | undefined, options: { detach?: boolean; json?: boolean }) =>
      withTemporal(async (connected) => {
        const { stream } = await readStream(connected, name);
        const interval = intervalToTrigger(stream, endMs, Date.now());
        const outcome = await retryRun(connected, { stream, interval });
        const { workflowId, runId } = outcome;
        const page = runId === null ? null : runPageOf(connected.config, workflowId, runId);
        const told = `${describeOutcome(outcome)}${page === null ? '' : `\n  ${page}`}`;
        if (outcome.action === 'left-alone' || options.detach === true) {
          if (options.json === true) printJson(terminal, toPlain(outcome));
          else terminal.out(told);
          return;
        }
        terminal.err(told);
        const summary = await followRun(outcome.handle, (progress) =>
          terminal.err(describeProgress(progress)),
        );
        if (options.json === true) printJson(terminal, { ...toPlain(outcome), summary });
        else terminal.out(describeSummary(summary));
      }),
    );
}

function describeOutcome(outcome: RetryOutcome): string {
  const { workflowId } = outcome;
  switch (outcome.action) {
    case 'left-alone':
      return outcome.state === 'complete'
        ? `run ${workflowId} is complete: nothing to retry`
        : `run ${workflowId} is under way: left alone`;
    case 'reset':
      return `run ${workflowId} goes on with ${outcome.reason}, which failed`;
    case 'made-again':
      return `run ${workflowId} is made again: ${outcome.reason}`;
  }
}

/** Leaves out the handle, which cannot be printed. */
function toPlain(outcome: RetryOutcome): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outcome).filter(([name]) => name !== 'handle'));
}
