// `room-streams stream pause` and `stream resume`. A paused stream exports nothing. Resuming exports the
// missed intervals, or records that they are left out on purpose.
import type { Command } from 'commander';
import { describeInterval, toRfc3339 } from '../../workflows/model/interval.ts';
import { parsePauseNote } from '../../workflows/model/pause-note.ts';
import { pauseStream, resumeStream } from '../pause-stream.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import { printJson } from '../print.ts';

export function addPausing(stream: Command, terminal: Terminal): void {
  stream
    .command('pause')
    .argument('<name>', 'the stream')
    .description('starts no more runs until the stream is resumed; runs under way go on')
    .option('--note <text>', 'why, for whoever finds it paused')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream pause demo --note "store is moved"')
    .action((name: string, options: { note?: string; json?: boolean }) =>
      withTemporal(async (connected) => {
        const { state, wasPaused } = await pauseStream(connected, name, options.note ?? null);
        const since = parsePauseNote(state.note);
        const sinceText = since === null ? null : toRfc3339(since.atMs);
        if (options.json === true)
          printJson(terminal, { name, wasPaused, since: sinceText, note: state.note });
        else if (wasPaused)
          terminal.out(`stream ${name} is paused already${sinceText === null ? '' : `, since ${sinceText}`}`);
        else
          terminal.out(
            `stream ${name} paused; room-streams stream resume ${name} makes what is missed meanwhile`,
          );
      }),
    );
  stream
    .command('resume')
    .argument('<name>', 'the stream')
    .description('starts runs again, and exports the missed intervals by a backfill')
    .option('--skip', 'leave the missed intervals out; audits do not miss them')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  room-streams stream resume demo\n  room-streams stream resume demo --skip',
    )
    .action((name: string, options: { skip?: boolean; json?: boolean }) =>
      withTemporal(async (connected) => {
        const skips = options.skip ?? false;
        const { wasPaused, missed, backfillId } = await resumeStream(connected, name, { skips });
        const range = missed === null ? null : describeInterval(missed);
        if (options.json === true) {
          printJson(terminal, {
            name,
            wasPaused,
            missed: range,
            skipped: skips,
            backfill: backfillId,
          });
          return;
        }
        if (!wasPaused) terminal.out(`stream ${name} is not paused`);
        else if (range === null) terminal.out(`stream ${name} resumed; no interval was missed`);
        else if (backfillId === null) terminal.out(`stream ${name} resumed; left out on purpose: ${range}`);
        else terminal.out(`stream ${name} resumed; what was missed, ${range}, is made by ${backfillId}`);
      }),
    );
}
