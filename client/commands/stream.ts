// `room-streams stream …`: create, list, describe, trigger, delete.
import { type Command } from 'commander';
import { type Terminal } from '../cli.ts';
import { withTemporal, runPageOf } from '../connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { followRun } from '../follow-run.ts';
import { parseDurationSeconds, parseInstantMs, parseWord, toDurationText } from '../parse-arguments.ts';
import { printJson, printTable } from '../print.ts';
import { describeProgress, describeSummary } from '../describe-run.ts';
import {
  checkStream,
  createSchedule,
  deleteSchedule,
  listStreams,
  readStream,
  startRun,
  type StreamState,
} from '../streams.ts';
import {
  intervalContaining,
  lastIntervalEndedBy,
  toRfc3339,
  type Interval,
} from '../../workflows/model/interval.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../workflows/model/key-template.ts';
import { streamProblems } from '../../workflows/model/stream-problems.ts';
import {
  settingsAt,
  settingsEndingAt,
  type StreamDefinition,
  type StreamSettings,
} from '../../workflows/model/stream.ts';

const STREAM_COLUMNS = ['STREAM', 'PROJECT', 'DESTINATION', 'EVERY', 'FORMAT', 'STATE', 'NEXT'];

interface CreateOptions {
  project: string;
  destination: string;
  prefix: string;
  every: number;
  offset: number;
  settle: number;
  format: StreamSettings['format'];
  compression: StreamSettings['compression'];
  fields: StreamSettings['fields'];
  keyTemplate: string;
  empty: StreamSettings['empty'];
  giveUp: number;
  json?: boolean;
}

export function addStreamCommands(program: Command, terminal: Terminal): void {
  const stream = program.command('stream').description('data streams: what is exported, where to, how often');
  addCreate(stream, terminal);
  addReading(stream, terminal);
  addTrigger(stream, terminal);
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

function addCreate(stream: Command, terminal: Terminal): void {
  stream
    .command('create')
    .argument('<name>', 'of the stream: [a-z][a-z0-9-]{0,62}')
    .description('creates a data stream and its schedule')
    .requiredOption('--project <id>', 'whose rooms')
    .requiredOption('--destination <name>', 'one of the destinations that the workers know')
    .option('--prefix <text>', 'put before every key', '')
    .option('--every <duration>', 'length of an interval, 1m to 7d', parseDurationSeconds, 3_600)
    .option('--offset <duration>', 'moves the borders of the intervals', parseDurationSeconds, 0)
    .option('--settle <duration>', 'how long after its end an interval is read', parseDurationSeconds, 60)
    .option('--format <format>', 'json or ndjson', parseWord(['json', 'ndjson']), 'json')
    .option('--compression <kind>', 'none or gzip', parseWord(['none', 'gzip']), 'none')
    .option('--fields <set>', 'standard or extended', parseWord(['standard', 'extended']), 'standard')
    .option('--key-template <template>', 'where a file lies in its bucket', KEY_TEMPLATE_DEFAULT)
    .option(
      '--empty <policy>',
      'write or skip the file of an interval without rooms',
      parseWord(['write', 'skip']),
      'write',
    )
    .option('--give-up <duration>', 'how long a failing interval is retried', parseDurationSeconds, 86_400)
    .option('--json', 'print the stream as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  room-streams stream create demo --project acme --destination demo --prefix rooms/ --every 15m --compression gzip',
    )
    .action(async (name: string, options: CreateOptions) => {
      const definition = toDefinition(name, options);
      refuse(streamProblems(definition));
      await withTemporal(async (connected) => {
        refuse(await checkStream(connected, definition));
        await createSchedule(connected, definition);
        if (options.json === true) printJson(terminal, definition);
        else
          terminal.out(
            `stream ${name} created: project ${options.project} to ${options.destination}, every ${toDurationText(options.every)}`,
          );
      });
    });
}

function addReading(stream: Command, terminal: Terminal): void {
  stream
    .command('list')
    .description('lists all streams')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream list --json')
    .action((options: { json?: boolean }) =>
      withTemporal(async (connected) => {
        const states = await listStreams(connected);
        if (options.json === true) printJson(terminal, states);
        else printTable(terminal, STREAM_COLUMNS, states.map(toRow));
      }),
    );
  stream
    .command('describe')
    .argument('<name>', 'the stream')
    .description('shows the settings of a stream, all revisions')
    .addHelpText('after', '\nExample:\n  room-streams stream describe demo')
    .action((name: string) =>
      withTemporal(async (connected) => printJson(terminal, await readStream(connected, name))),
    );
}

function addTrigger(stream: Command, terminal: Terminal): void {
  stream
    .command('trigger')
    .argument('<name>', 'the stream')
    .description('exports the last complete interval now, or the one named, and follows the run')
    .option('--end <time>', 'end of the interval, with its zone', parseInstantMs)
    .option('--force', 'make the interval again although it is complete')
    .option('--detach', 'start the run and do not wait for it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream trigger demo --end 2026-11-23T10:15:00Z')
    .action((name: string, options: { end?: number; force?: boolean; detach?: boolean; json?: boolean }) =>
      withTemporal(async (connected) => {
        const { stream: definition } = await readStream(connected, name);
        const interval = intervalToTrigger(definition, options.end, Date.now());
        const handle = await startRun(connected, {
          stream: definition,
          interval,
          force: options.force ?? false,
        });
        const page = runPageOf(connected.config, handle.workflowId, handle.firstExecutionRunId);
        terminal.err(`run ${handle.workflowId}${page === null ? '' : `\n  ${page}`}`);
        if (options.detach === true) return;
        const summary = await followRun(handle, (progress) => terminal.err(describeProgress(progress)));
        if (options.json === true) printJson(terminal, summary);
        else terminal.out(describeSummary(summary));
      }),
    );
}

/** The interval that ends at `endMs`, which has to be a border of the stream, or the last one that is complete. */
export function intervalToTrigger(
  stream: StreamDefinition,
  endMs: number | undefined,
  nowMs: number,
): Interval {
  if (endMs === undefined) {
    const { endMs: lastEndMs } = lastIntervalEndedBy(nowMs, settingsAt(stream, nowMs));
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

function toDefinition(name: string, options: CreateOptions): StreamDefinition {
  const settings: StreamSettings = {
    project: options.project,
    destination: options.destination,
    prefix: options.prefix,
    everySeconds: options.every,
    offsetSeconds: options.offset,
    settleSeconds: options.settle,
    format: options.format,
    compression: options.compression,
    fields: options.fields,
    keyTemplate: options.keyTemplate,
    empty: options.empty,
    giveUpSeconds: options.giveUp,
  };
  const { startMs: fromMs } = intervalContaining(Date.now(), settings);
  return { name, fromMs, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings }] };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new CommandError(`stream not created:\n${problems.map((p) => `  ${p}`).join('\n')}`, EXIT.usage);
}

function toRow({ stream, paused, nextFireMs }: StreamState): string[] {
  const settings = settingsAt(stream, Date.now());
  const { project, destination, everySeconds, format, compression } = settings;
  const next = nextFireMs === null ? '-' : toRfc3339(nextFireMs);
  return [
    stream.name,
    project,
    destination,
    toDurationText(everySeconds),
    compression === 'gzip' ? `${format}.gz` : format,
    paused ? 'paused' : 'active',
    next,
  ];
}
