// `room-streams run …`: what one run did or is doing.
import {
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { type Command } from 'commander';
import { type RunSummary } from '../../workflows/model/run.ts';
import { type Terminal } from '../cli.ts';
import { runPageOf, withTemporal, type Connected } from '../connect.ts';
import { describeProgress, describeSummary } from '../describe-run.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { innermostMessage, readProgress } from '../follow-run.ts';
import { parseInstantMs } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { readStream } from '../streams.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import { intervalToTrigger } from './stream.ts';

export function addRunCommands(program: Command, terminal: Terminal): void {
  const run = program.command('run').description('runs: one workflow execution that exports one interval');
  run
    .command('show')
    .argument('<stream>', 'the stream')
    .argument('[end]', 'end of the interval, with its zone; the last complete one if absent', parseInstantMs)
    .description('shows where a run is, what it made, or why it failed')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  room-streams run show demo 2026-11-23T10:15:00Z')
    .action((name: string, endMs: number | undefined, options: { json?: boolean }) =>
      withTemporal(async (connected) => {
        const { stream } = await readStream(connected, name);
        const shown = await showRun(connected, runIdOf(name, intervalToTrigger(stream, endMs, Date.now())));
        if (options.json === true) printJson(terminal, shown);
        else terminal.out(describeShown(shown));
      }),
    );
}

interface ShownRun {
  workflowId: string;
  runId: string;
  status: string;
  startedAt: string;
  closedAt: string | null;
  page: string | null;
  progress: Awaited<ReturnType<typeof readProgress>>;
  summary: RunSummary | null;
  /** What the run, or the attempt under way, failed with. */
  failure: string | null;
  pending: { stage: string; attempt: number; lastFailure: string | null }[];
}

async function showRun({ client, config }: Connected, workflowId: string): Promise<ShownRun> {
  const handle = client.workflow.getHandle<(request: unknown) => Promise<RunSummary>>(workflowId);
  const description = await describe(handle, workflowId);
  const { runId, status, startTime, closeTime, raw } = description;
  let summary: RunSummary | null = null;
  let failure: string | null = null;
  if (status.name !== 'RUNNING') {
    try {
      summary = await handle.result();
    } catch (error) {
      failure = innermostMessage(error);
    }
  }
  return {
    workflowId,
    runId,
    status: status.name,
    startedAt: startTime.toISOString(),
    closedAt: closeTime?.toISOString() ?? null,
    page: runPageOf(config, workflowId, runId),
    progress: await readProgress(handle),
    summary,
    failure,
    pending: (raw.pendingActivities ?? []).map((activity) => ({
      stage: activity.activityType?.name ?? '',
      attempt: activity.attempt ?? 1,
      lastFailure: activity.lastFailure?.message ?? null,
    })),
  };
}

async function describe(handle: WorkflowHandle, workflowId: string): Promise<WorkflowExecutionDescription> {
  try {
    return await handle.describe();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError(
      `run: got "${workflowId}", which Temporal does not know; its manifest may still be in the store`,
      EXIT.notFound,
      {
        cause: error,
      },
    );
  }
}

function describeShown(shown: ShownRun): string {
  const lines = [
    `run ${shown.workflowId}  ${shown.status}`,
    `  started ${shown.startedAt}${shown.closedAt === null ? '' : `, ended ${shown.closedAt}`}`,
  ];
  if (shown.progress !== null) lines.push(`  ${describeProgress(shown.progress)}`);
  for (const { stage, attempt, lastFailure } of shown.pending) {
    lines.push(`  ${stage}, attempt ${attempt}${lastFailure === null ? '' : `: ${lastFailure}`}`);
  }
  if (shown.failure !== null) lines.push(`  failed: ${shown.failure}`);
  if (shown.summary !== null) lines.push(describeSummary(shown.summary));
  if (shown.page !== null) lines.push(`  ${shown.page}`);
  return lines.join('\n');
}
