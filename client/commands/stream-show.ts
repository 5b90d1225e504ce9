// `room-streams stream list` and `stream describe`: show the settings of streams, as text and as JSON.
// `status` shows what their runs did.
import type { Command } from 'commander';
import { jitterSecondsOf } from '../../workflows/model/firing.ts';
import { describeInterval, intervalContaining, toRfc3339 } from '../../workflows/model/interval.ts';
import { renderKey } from '../../workflows/model/key-template.ts';
import { parsePauseNote } from '../../workflows/model/pause-note.ts';
import type { StreamState } from '../../workflows/questions/status-contract.ts';
import { extensionOf, settingsAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import { toDurationText } from '../parse-arguments.ts';
import { printJson, printTable } from '../print.ts';
import { describeChanges, STREAM_FIELDS } from '../stream-fields.ts';
import { listAllStreams, readStream } from '../streams.ts';

const STREAM_COLUMNS = ['STREAM', 'PROJECT', 'DESTINATION', 'EVERY', 'FORMAT', 'STATE', 'NEXT'];

/** The width of the column of field names. */
const NAME_WIDTH = 14;

/** At most this many left-out ranges are listed, newest first. */
const SKIPPED_SHOWN = 5;

export function addReading(stream: Command, terminal: Terminal): void {
  stream
    .command('list')
    .description('lists all streams')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream list --json')
    .action((options: { json?: boolean }) =>
      withTemporal(async (connected) => {
        const { states, unreadable } = await listAllStreams(connected);
        if (options.json === true) printJson(terminal, [...states, ...unreadable]);
        else {
          const broken = unreadable.map(({ name }) => [name, '-', '-', '-', '-', 'unreadable', '-']);
          printTable(terminal, STREAM_COLUMNS, [
            ...states.map((state) => toRow(state, Date.now())),
            ...broken,
          ]);
        }
        for (const { problem } of unreadable) terminal.err(problem);
      }),
    );
  stream
    .command('describe')
    .argument('<name>', 'the stream')
    .description('shows the settings of a stream, and how they changed or will change')
    .option('--json', 'print the whole definition as JSON')
    .addHelpText('after', '\nExample:\n  room-streams stream describe demo')
    .action((name: string, options: { json?: boolean }) =>
      withTemporal(async (connected) => {
        const state = await readStream(connected, name);
        if (options.json === true) printJson(terminal, state);
        else terminal.out(describeStream(state, Date.now()));
      }),
    );
}

function toRow({ stream, paused, nextFireMs }: StreamState, nowMs: number): string[] {
  const settings = settingsAt(stream, nowMs);
  return [
    stream.name,
    settings.project,
    settings.destination,
    toDurationText(settings.everySeconds),
    extensionOf(settings),
    paused ? 'paused' : nextFireMs === null ? 'over' : 'active',
    nextFireMs === null ? '-' : toRfc3339(nextFireMs),
  ];
}

export function describeStream({ stream, paused, note, nextFireMs }: StreamState, nowMs: number): string {
  const settings = settingsAt(stream, nowMs);
  const rows: [string, string][] = STREAM_FIELDS.map(({ name, field, toText }) => [
    name,
    toText(settings[field]),
  ]);
  rows.push(
    ['jitter', toDurationText(jitterSecondsOf(stream, settings))],
    ['from', toRfc3339(stream.fromMs)],
    ['until', stream.untilMs === null ? 'none' : toRfc3339(stream.untilMs)],
    ['next', nextFireMs === null ? 'none' : toRfc3339(nextFireMs)],
    ['key, as', exampleKey(stream, nowMs)],
  );
  const lines = rows.map(([name, value]) => `  ${name.padEnd(NAME_WIDTH)}${value === '' ? '-' : value}`);
  return [
    `stream ${stream.name}: ${paused ? describePause(note) : nextFireMs === null ? 'over' : 'active'}`,
    ...lines,
    ...describeRevisions(stream, nowMs),
    ...describeSkipped(stream),
  ].join('\n');
}

function describePause(note: string | null): string {
  const noted = parsePauseNote(note);
  if (noted === null) return `paused${note === null ? '' : `: ${note}`}`;
  return `paused since ${toRfc3339(noted.atMs)}${noted.words === null ? '' : `: ${noted.words}`}`;
}

function exampleKey(stream: StreamDefinition, nowMs: number): string {
  const settings = settingsAt(stream, nowMs);
  const { prefix, project, keyTemplate } = settings;
  const names = { prefix, project, stream: stream.name, extension: extensionOf(settings) };
  return renderKey(keyTemplate, names, intervalContaining(nowMs, settings));
}

function describeRevisions({ revisions }: StreamDefinition, nowMs: number): string[] {
  const lines: string[] = [];
  for (const [index, { fromMs, settings }] of revisions.entries()) {
    const before = revisions[index - 1];
    if (before === undefined) continue;
    lines.push(`  from ${toRfc3339(fromMs)} on${fromMs > nowMs ? ' (planned)' : ''}`);
    for (const { field, from, to } of describeChanges(before.settings, settings))
      lines.push(`    ${field.padEnd(NAME_WIDTH)}${from === '' ? '-' : from} → ${to === '' ? '-' : to}`);
  }
  return lines.length === 0 ? [] : ['changes', ...lines];
}

function describeSkipped({ skipped }: StreamDefinition): string[] {
  if (skipped.length === 0) return [];
  const shown = skipped.slice(-SKIPPED_SHOWN).reverse();
  const more = skipped.length - shown.length;
  return [
    'left out on purpose',
    ...shown.map((range) => `  ${describeInterval(range)}`),
    ...(more > 0 ? [`  and ${more} earlier`] : []),
  ];
}
