// `room-streams stream …`: the group of stream commands. The larger commands have their own files; trigger
// and delete are here.
import type { Command } from 'commander';
import type { Terminal } from '../cli.ts';
import { withTemporal, runPageOf } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { followRun } from '../follow-workflow.ts';
import { parseInstantMs } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { describeProgress, describeSummary } from '../describe-run.ts';
import { deleteSchedule, readStream, startRun } from '../streams.ts';
import type { RunHandle } from '../streams.ts';
import { isFileOf } from '../../workflows/model/cover.ts';
import { lastIntervalEndedBy, toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { settingsAt, settingsEndingAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { addApply } from './stream-apply.ts';
import { addCreate } from './stream-create.ts';
import { addPausing } from './stream-pause.ts';
import { addReading } from './stream-show.ts';
import { addUpdate } from './stream-update.ts';

export function addStreamCommands(program: Command, terminal: Terminal): void {
  const stream = program.command('stream').description('data streams: what is exported, where to, how often');
  addCreate(stream, terminal);
  addReading(stream, terminal);
  addUpdate(stream, terminal);
  addPausing(stream, terminal);
  addTrigger(stream, terminal);
  addApply(stream, terminal);
  stream
    .command('delete')
    .argument('<name>', 'the stream')
    .description('removes the stream; files, manifests and runs under way stay as they are')
    .addHelpText('after', '\nExample:\n  room-streams stream delete demo')
    .action((name: string) =>
      withTemporal(async (connected) => {
        await deleteSchedule(connected, name);
        terminal.out(`stream ${name} deleted; its files and manifests stay`);
      }),
    );
}

function addTrigger(stream: Command, terminal: Terminal): void {
  stream
    .command('trigger')
    .argument('<name>', 'the stream')
    .description('exports the last complete interval now, or the one named, and follows the run')
    .option('--end <time>', 'end of the interval, with its zone', parseInstantMs)
    .option('--force', 'export the interval again although it is complete')
    .option('--detach', 'start the run and do not wait for it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream trigger demo --end 2026-11-23T10:15:00Z')
    .action((name: string, options: { end?: number; force?: boolean; detach?: boolean; json?: boolean }) =>
      withTemporal(async (connected) => {
        const { stream: definition } = await readStream(connected, name);
        const interval = intervalToTrigger(definition, options.end, Date.now());
        const run = { stream: definition, interval, force: options.force ?? false };
        let handle = await startAndSay(connected, terminal, run);
        if (options.detach === true) return;
        const follow = () => followRun(handle, (progress) => terminal.err(describeProgress(progress)));
        let summary = await follow();
        const covered = { stream: name, settings: settingsAt(definition, interval.startMs), interval };
        while (!isFileOf(summary.manifest, covered)) {
          terminal.err('that run was one of another stream of this name; starting the run of this one');
          handle = await startAndSay(connected, terminal, run);
          summary = await follow();
        }
        if (options.json === true) printJson(terminal, summary);
        else terminal.out(describeSummary(summary));
      }),
    );
}

async function startAndSay(
  connected: Connected,
  terminal: Terminal,
  run: Parameters<typeof startRun>[1],
): Promise<RunHandle> {
  const handle = await startRun(connected, run);
  const page = runPageOf(connected.config, handle.workflowId, handle.firstExecutionRunId);
  terminal.err(`run ${handle.workflowId}${page === null ? '' : `\n  ${page}`}`);
  return handle;
}

/**
 * Returns the interval that ends at `endMs`, which must be a border of the stream. Without `endMs`, returns
 * the last interval of the stream that has ended.
 */
export function intervalToTrigger(
  stream: StreamDefinition,
  endMs: number | undefined,
  nowMs: number,
): Interval {
  if (endMs === undefined) {
    const lastMs = Math.min(nowMs, stream.untilMs ?? nowMs);
    const { endMs: lastEndMs } = lastIntervalEndedBy(lastMs, settingsAt(stream, lastMs));
    return settingsEndingAt(stream, lastEndMs).interval;
  }
  const { interval, settings } = settingsEndingAt(stream, endMs);
  const before = lastIntervalEndedBy(endMs, settings);
  if (before.endMs !== endMs) {
    const after = before.endMs + settings.everySeconds * 1000;
    throw new CommandError(
      `end: got ${toRfc3339(endMs)}, allowed: a border of the stream's intervals; the nearest are ${toRfc3339(before.endMs)} and ${toRfc3339(after)}`,
      EXIT.usage,
    );
  }
  if (endMs > nowMs)
    throw new CommandError(`end: got ${toRfc3339(endMs)}, allowed: an interval that is over`, EXIT.usage);
  return interval;
}
