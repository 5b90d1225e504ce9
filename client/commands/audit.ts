// `room-streams audit`: compares the stored files of a stream with the history and re-exports what differs.
// It runs once, or every night.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { FINDING_KINDS, openOf } from '../../workflows/audit/contract.ts';
import type { AuditReport } from '../../workflows/audit/contract.ts';
import { describeFinding } from '../../workflows/audit/page.ts';
import { describeOpen } from '../../workflows/audit/range.ts';
import { describeInterval } from '../../workflows/model/interval.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import { scheduleAudit, unscheduleAudit } from '../audit-schedules.ts';
import { followAudit, startAudit } from '../audits.ts';
import type { Terminal } from '../cli.ts';
import { runPageOf, withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT, foundCodeOf } from '../exit-codes.ts';
import { leaveOnInterrupt } from '../follow-workflow.ts';
import { parseDurationSeconds, parseInstantMs, parseTimeOfDay, toDurationText } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { ProgressLine } from '../progress-line.ts';
import { toRange } from '../streams.ts';
import { readStream } from '../streams.ts';

const BACK_SECONDS_DEFAULT = 7 * 86_400;
const BACK_SECONDS_MAX = 366 * 86_400;

const EXIT_CODES = `
Exit code 0: no problem was found, or all were repaired. For problems that are not repaired 32, plus for each kind of problem
  1  a missing interval (no manifest)            4  a file that differs from its manifest     16  an unreadable manifest
  2  a missing file                              8  a file whose history has changed
so 33 is missing intervals only, 42 missing files and changed histories. 1: the audit itself failed, or was canceled; 2: the range is no range of
intervals; 3: no such stream; 4: no worker answered; 130: Ctrl-C, the audit goes on.`;

interface AuditOptions {
  from?: number;
  to?: number;
  repair?: boolean;
  json?: boolean;
}

export function addAuditCommands(program: Command, terminal: Terminal): void {
  const audit = program
    .command('audit')
    // Options behind a subcommand belong to that subcommand.
    .enablePositionalOptions()
    .argument('[name]', 'the stream')
    .description(
      'looks for missing intervals and files, files that differ from their manifests, and files whose history has changed since',
    )
    .option('--from <time>', 'start of the first interval, with its zone', parseInstantMs)
    .option('--to <time>', 'end of the last interval, with its zone', parseInstantMs)
    .option('--repair', 'export again what is missing, differs or has changed: generation + 1')
    .option('--json', 'print the report as JSON, and no progress')
    .addHelpText(
      'after',
      `${EXIT_CODES}\n\nExamples:\n  room-streams audit demo --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z\n  room-streams audit demo --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --repair\n  room-streams audit schedule demo --at 03:00 --back 7d --repair`,
    )
    .action((name: string | undefined, options: AuditOptions) =>
      withTemporal((connected) => runAudit(connected, terminal, { name, options })),
    );
  addSchedule(audit, terminal);
  audit
    .command('unschedule')
    .argument('<name>', 'the stream')
    .description('ends the nightly audit of a stream')
    .addHelpText('after', '\nExample:\n  room-streams audit unschedule demo')
    .action((name: string) =>
      withTemporal(async (connected) => {
        if (!(await unscheduleAudit(connected, name)))
          throw new CommandError(
            `audit: got "${name}", which has no nightly audit; allowed: a stream that has one by audit schedule`,
            EXIT.notFound,
          );
        terminal.out(`stream ${name} is not audited every night any more`);
      }),
    );
}

function addSchedule(audit: Command, terminal: Terminal): void {
  audit
    .command('schedule')
    .argument('<name>', 'the stream')
    .description(
      'audits a stream every night; a workflow of Temporal fails, saying what to do, when something is found',
    )
    .requiredOption('--at <time>', 'when it begins, UTC', parseTimeOfDay)
    .addOption(
      new Option('--back <duration>', 'how far to look back, up to 366d')
        .argParser(parseBack)
        .default(BACK_SECONDS_DEFAULT, toDurationText(BACK_SECONDS_DEFAULT)),
    )
    .option('--repair', 'export again what is missing, differs or has changed: generation + 1')
    .option('--json', 'print what was scheduled as JSON')
    .addHelpText('after', '\nExample:\n  room-streams audit schedule demo --at 03:00 --back 7d --repair')
    .action(
      (
        name: string,
        {
          at,
          back,
          repair = false,
          json,
        }: { at: { hour: number; minute: number }; back: number; repair?: boolean; json?: boolean },
      ) =>
        withTemporal(async (connected) => {
          const { stream } = await readStream(connected, name);
          const { everySeconds } = settingsAt(stream, Date.now());
          if (back < everySeconds)
            throw new CommandError(
              `back: got ${toDurationText(back)}, allowed: at least one interval of the stream, ${toDurationText(everySeconds)}`,
              EXIT.usage,
            );
          const nightly = { name, at, backSeconds: back, repair };
          await scheduleAudit(connected, nightly);
          const clock = [at.hour, at.minute].map((part) => String(part).padStart(2, '0')).join(':');
          if (json === true) printJson(terminal, nightly);
          else
            terminal.out(
              `stream ${name} is audited every day at ${clock} UTC, ${toDurationText(back)} back${repair ? ', and repaired' : ''}`,
            );
        }),
    );
}

function parseBack(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds >= 60 && seconds <= BACK_SECONDS_MAX) return seconds;
  throw new InvalidArgumentError(`got "${text}", allowed: 1m to ${toDurationText(BACK_SECONDS_MAX)}`);
}

async function runAudit(
  connected: Connected,
  terminal: Terminal,
  { name, options }: { name: string | undefined; options: AuditOptions },
): Promise<void> {
  const asked = assertAsked(name, options);
  const { stream } = await readStream(connected, asked.name);
  const range = toRange(stream, asked, Date.now());
  const repair = options.repair ?? false;
  const handle = await startAudit(connected, { stream, range, repair });
  const page = runPageOf(connected.config, handle.workflowId, handle.firstExecutionRunId);
  terminal.err(`${handle.workflowId}${page === null ? '' : `\n  ${page}`}`);
  const line = new ProgressLine(terminal);
  const following = followAudit(handle, (report) => {
    if (options.json === true) return;
    const { checked, total, ratePerSecond } = report;
    line.show({
      stage: 'auditing',
      done: checked,
      total,
      toText: String,
      perSecond: ratePerSecond,
    });
  });
  const words = `${handle.workflowId} goes on; the same command follows it`;
  const report = await leaveOnInterrupt(following, words).finally(() => line.clear());
  if (options.json === true) printJson(terminal, report);
  else terminal.out(describeReport(report));
  refuseFound(report);
}

/**
 * These options are checked here because commander would also demand required options in every subcommand.
 */
function assertAsked(
  name: string | undefined,
  { from, to }: AuditOptions,
): { name: string; from: number; to: number } {
  if (name === undefined) throw new CommandError('name: got none, allowed: the name of a stream', EXIT.usage);
  if (from === undefined || to === undefined)
    throw new CommandError(
      `${from === undefined ? 'from' : 'to'}: got none, allowed: a time with its zone, as 2026-11-23T10:15:00Z`,
      EXIT.usage,
    );
  return { name, from, to };
}

function describeReport(report: AuditReport): string {
  const { stream, range, state, checked, total, repaired, underWay, notDue, findings } = report;
  const open = describeOpen(report);
  const lines = [
    `${state}: stream ${stream}, ${describeInterval(range)}, ${checked} of ${total} intervals looked at`,
  ];
  if (open !== '') lines.push(`  found      ${open}`);
  if (report.repair) lines.push(`  repaired   ${repaired}`);
  if (underWay > 0) lines.push(`  under way  ${underWay}`);
  if (notDue > 0) lines.push(`  not due    ${notDue}: not settled yet`);
  for (const finding of findings) lines.push(`  ${describeFinding(finding)}`);
  const unnamed = openOf(report) + repaired - findings.length;
  if (unnamed > 0) lines.push(`  and ${unnamed} more`);
  return lines.join('\n');
}

function refuseFound(report: AuditReport): void {
  if (openOf(report) === 0) return;
  const kinds = FINDING_KINDS.filter((kind) => report.open[kind] > 0);
  const todo = report.repair
    ? 'what could not be repaired says why'
    : 'the same command with --repair makes them again';
  throw new CommandError(
    `${openOf(report)} of ${report.total} intervals are not as they should be; ${todo}`,
    foundCodeOf(kinds),
  );
}
