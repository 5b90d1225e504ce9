// `room-streams stream update`: changes settings from a border on. Intervals that have begun keep their
// settings and their key.
import type { Command } from 'commander';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import { streamProblems } from '../../workflows/model/stream-problems.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { planChange, writeChange } from '../change-stream.ts';
import type { PlannedChange } from '../change-stream.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { parseInstantMs, toDurationText } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import {
  describeChanges,
  givenFields,
  parseDurationOrDefault,
  parseInstantOrNone,
  STREAM_FIELDS,
  toSettings,
} from '../stream-fields.ts';
import type { FieldChange } from '../stream-fields.ts';
import { checkStream, readStream } from '../streams.ts';

interface UpdateOptions extends Record<string, unknown> {
  at?: number;
  until?: number | null;
  jitter?: number | null;
  dropPlanned?: boolean;
  json?: boolean;
}

export interface DescribedChange {
  name: string;
  action: 'update' | 'unchanged';
  /** The start of the first interval with new settings; null when no setting changes. */
  from: string | null;
  changes: FieldChange[];
}

export function addUpdate(stream: Command, terminal: Terminal): void {
  const update = stream
    .command('update')
    .argument('<name>', 'the stream')
    .description(
      'changes settings from the next border on; intervals that began keep theirs, and their keys',
    );
  for (const { name, value, description, parse } of STREAM_FIELDS)
    update.option(`--${name} <${value}>`, description, parse);
  update
    .option('--until <time>', 'where its last interval ends; none: there is no last one', parseInstantOrNone)
    .option(
      '--jitter <duration>',
      'runs start up to this much after their time; default: a tenth of the interval, 10s at most',
      parseDurationOrDefault,
    )
    .option(
      '--at <time>',
      'from the first border at or after this on that the old and the new grid have in common; default: now',
      parseInstantMs,
    )
    .option('--drop-planned', 'forget changes that have not taken effect yet')
    .option('--json', 'print what changes as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  room-streams stream update demo --every 1h --compression gzip\n  room-streams stream update demo --prefix archive/ --at 2027-01-01T00:00:00Z',
    )
    .action((name: string, options: UpdateOptions) =>
      withTemporal(async (connected) => {
        const described = await updateStream(connected, name, options);
        if (options.json === true) printJson(terminal, described);
        else terminal.out(describeUpdate(described));
      }),
    );
}

async function updateStream(
  connected: Connected,
  name: string,
  options: UpdateOptions,
): Promise<DescribedChange> {
  const { stream } = await readStream(connected, name);
  const { at, until, jitter, dropPlanned = false } = options;
  const changes = toSettings(givenFields(options));
  if (Object.keys(changes).length === 0 && until === undefined && jitter === undefined && !dropPlanned) {
    throw new CommandError(
      `update: got no setting, allowed: at least one of ${STREAM_FIELDS.map((field) => `--${field.name}`).join(', ')}, --until, --jitter`,
      EXIT.usage,
    );
  }
  const change = { changes, atMs: at, dropsPlanned: dropPlanned, untilMs: until, jitterSeconds: jitter };
  const planned = planChange(stream, change, Date.now());
  const described = describePlanned(planned);
  if (described.action === 'unchanged') return described;
  refuse(name, streamProblems(planned.after));
  refuse(name, await checkStream(connected, planned.after));
  await writeChange(connected, planned);
  return described;
}

/** Describes every difference with its old and new value. */
export function describePlanned({ before, after, fromMs }: PlannedChange): DescribedChange {
  const changes =
    fromMs === null ? [] : describeChanges(settingsAt(before, fromMs), settingsAt(after, fromMs));
  const others = [
    { field: 'until', from: endOf(before), to: endOf(after) },
    { field: 'jitter', from: jitterOf(before), to: jitterOf(after) },
  ].filter(({ from, to }) => from !== to);
  const all = [...changes, ...others];
  return {
    name: before.name,
    action: all.length === 0 ? 'unchanged' : 'update',
    from: fromMs === null ? null : toRfc3339(fromMs),
    changes: all,
  };
}

export function describeUpdate({ name, action, from, changes }: DescribedChange): string {
  if (action === 'unchanged') return `stream ${name} unchanged`;
  const lines = changes.map((change) => `  ${describeFieldChange(change)}`);
  return [`stream ${name} updated${from === null ? '' : `, from ${from} on`}`, ...lines].join('\n');
}

export function describeFieldChange({ field, from, to }: FieldChange): string {
  return `${field}: ${from === '' ? '-' : from} → ${to === '' ? '-' : to}`;
}

function endOf({ untilMs }: StreamDefinition): string {
  return untilMs === null ? 'none' : toRfc3339(untilMs);
}

function jitterOf({ jitterSeconds }: StreamDefinition): string {
  return jitterSeconds === undefined ? 'default' : toDurationText(jitterSeconds);
}

function refuse(name: string, problems: readonly string[]): void {
  if (problems.length > 0)
    throw new CommandError(
      `stream ${name} not changed:\n${problems.map((p) => `  ${p}`).join('\n')}`,
      EXIT.usage,
    );
}
