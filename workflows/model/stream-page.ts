// Describes a stream for the Web UI's page of each run: one line, and a table with what to do when a run
// fails. It is written into the schedule's action, and beside runs that are started by hand. It does not
// change during the run.
import { describeInterval, scheduleIdOf, toRfc3339 } from './interval.ts';
import type { Interval } from './interval.ts';
import { extensionOf } from './stream.ts';
import type { StreamDefinition, StreamSettings } from './stream.ts';

/**
 * An em space and a zero-width word joiner. The Web UI trims trailing spaces of a cell and puts none between
 * cells.
 */
const GAP = '\u2003\u2060';

/** Short enough for a row of the Web UI's lists. */
export function toStaticSummary(
  name: string,
  { project, destination }: StreamSettings,
  interval?: Interval,
): string {
  const what = `stream ${name}: project ${project} to ${destination}`;
  return interval === undefined ? what : `${what}, ${describeInterval(interval)}`;
}

/** Describes the stream under the settings of one interval. */
export function toStaticDetails({ name, untilMs }: StreamDefinition, settings: StreamSettings): string {
  const rows: [string, string][] = [
    ['Stream', `\`${scheduleIdOf(name)}\``],
    ['Project', settings.project],
    ['Destination', settings.destination],
    ['Every', toLength(settings.everySeconds)],
    ...(settings.offsetSeconds > 0 ? [['Offset', toLength(settings.offsetSeconds)] as [string, string]] : []),
    ['Settle', `${toLength(settings.settleSeconds)} after the interval's end`],
    ['File', `\`.${extensionOf(settings)}\`, ${settings.fields} fields`],
    ['Without rooms', settings.empty === 'write' ? 'an empty file' : 'no file, a manifest'],
    ['Gives up', `${toLength(settings.giveUpSeconds)} after it could begin`],
    ...(typeof untilMs === 'number' ? [['Ends', toRfc3339(untilMs)] as [string, string]] : []),
  ];
  const table = rows.map(([field, value]) => `| ${field}${GAP} | ${value} |`).join('\n');
  return [
    `| | |\n|---|---|\n${table}`,
    'The current details show its state and what it waits for. **When it failed**: fix what its failure names, then press Reset and choose ' +
      'the first event, or type `room-streams run retry`.',
  ].join('\n\n');
}

function toLength(seconds: number): string {
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
  ] as const)
    if (seconds >= length && seconds % length === 0) return `${seconds / length} ${unit}`;
  return `${seconds} s`;
}
