// `room-streams stream create`: creates a stream and its schedule. If the stream begins in the past, it also
// starts a backfill of the past intervals.
import { Option } from 'commander';
import type { Command } from 'commander';
import { jitterSecondsOf } from '../../workflows/model/firing.ts';
import { describeInterval, intervalContaining, toRfc3339 } from '../../workflows/model/interval.ts';
import { spanProblems, streamProblems } from '../../workflows/model/stream-problems.ts';
import type { StreamDefinition, StreamSettings } from '../../workflows/model/stream.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { parseDurationSeconds, parseInstantMs, toDurationText } from '../parse-arguments.ts';
import { createStream } from '../pause-stream.ts';
import { printJson } from '../print.ts';
import { givenFields, STREAM_FIELDS, toSettings } from '../stream-fields.ts';
import { checkStream } from '../streams.ts';

interface CreateOptions extends Record<string, unknown> {
  from?: number;
  until?: number;
  jitter?: number;
  json?: boolean;
}

export function addCreate(stream: Command, terminal: Terminal): void {
  const command = stream
    .command('create')
    .argument('<name>', 'of the stream: [a-z][a-z0-9-]{0,62}')
    .description('creates a data stream and its schedule');
  for (const { name, value, description, parse, toText, fallback } of STREAM_FIELDS) {
    const option = new Option(`--${name} <${value}>`, description).argParser(parse);
    // The default is shown as `1h`, which the parser accepts, and not as 3600, which it refuses.
    if (fallback !== undefined) option.default(fallback, toText(fallback));
    command.addOption(option.makeOptionMandatory(fallback === undefined));
  }
  command
    .option(
      '--from <time>',
      'where its first interval begins; what is over is filled by a backfill; default: the interval under way',
      parseInstantMs,
    )
    .option('--until <time>', 'where its last interval ends; default: there is no last one', parseInstantMs)
    .option(
      '--jitter <duration>',
      'runs start up to this much after their time; default: a tenth of the interval, 10s at most',
      parseDurationSeconds,
    )
    .option('--json', 'print the stream as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  room-streams stream create demo --project acme --destination demo --prefix rooms/ --every 15m --compression gzip\n  room-streams stream create demo --project acme --destination demo --from 2026-11-01T00:00:00Z',
    )
    .action((name: string, options: CreateOptions) => {
      const definition = toDefinition(name, options, Date.now());
      assertSound(definition);
      return withTemporal((connected) =>
        create(connected, terminal, { definition, json: options.json ?? false }),
      );
    });
}

async function create(
  connected: Connected,
  terminal: Terminal,
  { definition, json }: { definition: StreamDefinition; json: boolean },
): Promise<void> {
  refuse(await checkStream(connected, definition));
  const { missed, backfillId } = await createStream(connected, definition);
  if (json) printJson(terminal, definition);
  else terminal.out(describeCreated(definition));
  if (missed !== null) terminal.err(`what is over, ${describeInterval(missed)}, is filled by ${backfillId}`);
}

export function toDefinition(name: string, options: CreateOptions, nowMs: number): StreamDefinition {
  // Required options and defaults guarantee that every setting has a value.
  const settings = toSettings(givenFields(options)) as StreamSettings;
  const { from, until = null, jitter } = options;
  const fromMs = from ?? intervalContaining(nowMs, settings).startMs;
  return {
    name,
    fromMs,
    untilMs: until,
    skipped: [],
    revisions: [{ fromMs: 0, settings }],
    ...(jitter === undefined ? {} : { jitterSeconds: jitter }),
  };
}

/** Throws CommandError with every problem that can be found without asking a server. */
function assertSound(definition: StreamDefinition): void {
  const problems = streamProblems(definition);
  const [first] = definition.revisions;
  // Borders can be checked only once the interval length and offset are known.
  if (problems.length === 0 && first !== undefined)
    problems.push(...spanProblems(definition, { atFrom: first.settings, atUntil: first.settings }));
  refuse(problems);
}

function describeCreated(definition: StreamDefinition): string {
  const { name, fromMs, untilMs, revisions } = definition;
  const settings = revisions[0]?.settings;
  if (settings === undefined) return `stream ${name} created`;
  const { project, destination, everySeconds } = settings;
  const end = untilMs === null ? '' : ` until ${toRfc3339(untilMs)}`;
  return `stream ${name} created: project ${project} to ${destination}, every ${toDurationText(everySeconds)} from ${toRfc3339(fromMs)}${end}, jitter ${toDurationText(jitterSecondsOf(definition, settings))}`;
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new CommandError(`stream not created:\n${problems.map((p) => `  ${p}`).join('\n')}`, EXIT.usage);
}
