// `room-streams stream apply`: makes the streams match a file. Missing streams are created, and differing
// streams are updated from the next border on. Nothing is ever deleted, and applying the same file again
// changes nothing.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { intervalContaining, toRfc3339 } from '../../workflows/model/interval.ts';
import { lastSettings } from '../../workflows/model/revise-stream.ts';
import { spanProblems, streamProblems } from '../../workflows/model/stream-problems.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { planChange, writeChange } from '../change-stream.ts';
import type { PlannedChange } from '../change-stream.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { createStream } from '../pause-stream.ts';
import { printJson } from '../print.ts';
import { checkStreams, listAllStreams } from '../streams.ts';
import { STREAM_FIELDS } from '../stream-fields.ts';
import type { FieldChange } from '../stream-fields.ts';
import { parseStreamsFile } from '../streams-file.ts';
import type { FileStream } from '../streams-file.ts';
import { describeFieldChange, describePlanned } from './stream-update.ts';

interface ApplyOptions {
  dryRun?: boolean;
  json?: boolean;
}

type Step = { line: number; after: StreamDefinition } & (
  { action: 'create' } | { action: 'update'; planned: PlannedChange } | { action: 'unchanged' }
);

interface AppliedStream {
  name: string;
  action: Step['action'];
  /** The start of a new stream, or of the first interval with new settings; null when no setting changes. */
  from: string | null;
  changes: FieldChange[];
  /** The backfill that exports the past intervals of a new stream. */
  backfill: string | null;
}

export function addApply(stream: Command, terminal: Terminal): void {
  stream
    .command('apply')
    .argument('<file>', 'of streams, in YAML; - reads the standard input')
    .description('creates and updates streams as a file has them; never deletes one')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `\nA file is a list of streams; names are those of the options of stream create, and what is left out has its default:\n
  streams:
    - name: demo
      project: acme
      destination: demo
      every: 15m
      compression: gzip\n
Exit code 2: something in the file is wrong, named with its line, and nothing was changed.\n
Examples:\n  room-streams stream apply streams.yaml --dry-run\n  room-streams stream apply streams.yaml`,
    )
    .action(async (file: string, options: ApplyOptions) => {
      const parsed = parseStreamsFile(await readText(file), file);
      if ('problems' in parsed) throw new CommandError(parsed.problems.join('\n'), EXIT.usage);
      await withTemporal((connected) =>
        apply(connected, terminal, { file, streams: parsed.streams, ...options }),
      );
    });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new CommandError(
      `file: got "${file}", allowed: a file that can be read: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.usage,
      {
        cause: error,
      },
    );
  }
}

async function apply(
  connected: Connected,
  terminal: Terminal,
  { file, streams, dryRun = false, json = false }: ApplyOptions & { file: string; streams: FileStream[] },
): Promise<void> {
  const { states: existing, unreadable } = await listAllStreams(connected);
  const broken = new Map(unreadable.map(({ name, problem }) => [name, problem]));
  const byName = new Map(existing.map((state) => [state.stream.name, state.stream]));
  const nowMs = Date.now();
  const problems: string[] = [];
  const steps: Step[] = [];
  for (const stream of streams) {
    const unread = broken.get(stream.name);
    const step = unread === undefined ? planStep(stream, byName.get(stream.name), nowMs) : [unread];
    if (Array.isArray(step))
      problems.push(...step.map((sentence) => `${file}:${stream.line}: ${stream.name}: ${sentence}`));
    else steps.push(step);
  }
  const changing = steps.filter(({ action }) => action !== 'unchanged');
  if (problems.length === 0 && changing.length > 0) {
    const checked = await checkStreams(
      connected,
      changing.map(({ after }) => after),
    );
    for (const [index, { line, after }] of changing.entries())
      problems.push(
        ...(checked[index] ?? []).map((sentence) => `${file}:${line}: ${after.name}: ${sentence}`),
      );
  }
  if (problems.length > 0) throw new CommandError(problems.join('\n'), EXIT.usage);
  const applied: AppliedStream[] = [];
  for (const step of steps) {
    const result = { ...describeStep(step), backfill: dryRun ? null : await takeStep(connected, step) };
    applied.push(result);
    if (!json) terminal.out(describeApplied(result, dryRun));
  }
  const others = existing.length - steps.filter(({ after }) => byName.has(after.name)).length;
  if (json) printJson(terminal, { dryRun, streams: applied, notInFile: others });
  else if (others > 0)
    terminal.out(`${others} other ${others === 1 ? 'stream stays as it is' : 'streams stay as they are'}`);
}

/** Returns the steps that a stream of the file needs, or the problems that prevent them. */
function planStep(
  wanted: FileStream,
  existing: StreamDefinition | undefined,
  nowMs: number,
): Step | string[] {
  const { line } = wanted;
  if (existing === undefined) {
    const after = toDefinition(wanted, nowMs);
    const problems = streamProblems(after);
    if (problems.length === 0)
      problems.push(...spanProblems(after, { atFrom: wanted.settings, atUntil: wanted.settings }));
    return problems.length > 0 ? problems : { action: 'create', line, after };
  }
  const { name, settings, fromMs, untilMs, jitterSeconds } = wanted;
  if (fromMs !== undefined && fromMs !== existing.fromMs)
    return [
      `from: got ${toRfc3339(fromMs)}, allowed: ${toRfc3339(existing.fromMs)}, where the stream begins, or none; room-streams backfill ${name} makes what is earlier`,
    ];
  const last = lastSettings(existing);
  const isSame = STREAM_FIELDS.every(({ field }) => last[field] === settings[field]);
  try {
    // The file is authoritative: a planned change that differs from it is discarded.
    const planned = planChange(
      existing,
      { changes: isSame ? {} : settings, dropsPlanned: !isSame, untilMs, jitterSeconds },
      nowMs,
    );
    const problems = streamProblems(planned.after);
    if (problems.length > 0) return problems;
    const { action } = describePlanned(planned);
    return action === 'unchanged'
      ? { action, line, after: existing }
      : { action, line, after: planned.after, planned };
  } catch (error) {
    if (error instanceof CommandError) return error.message.split('\n');
    throw error;
  }
}

function toDefinition(
  { name, settings, fromMs, untilMs, jitterSeconds }: FileStream,
  nowMs: number,
): StreamDefinition {
  return {
    name,
    fromMs: fromMs ?? intervalContaining(nowMs, settings).startMs,
    untilMs,
    skipped: [],
    revisions: [{ fromMs: 0, settings }],
    ...(jitterSeconds === null ? {} : { jitterSeconds }),
  };
}

/** Returns the id of the backfill, if one was started. */
async function takeStep(connected: Connected, step: Step): Promise<string | null> {
  if (step.action === 'update') await writeChange(connected, step.planned);
  if (step.action !== 'create') return null;
  return (await createStream(connected, step.after)).backfillId;
}

function describeStep(step: Step): Omit<AppliedStream, 'backfill'> {
  const { name, fromMs } = step.after;
  if (step.action === 'update') return { ...describePlanned(step.planned) };
  if (step.action === 'unchanged') return { name, action: 'unchanged', from: null, changes: [] };
  return { name, action: 'create', from: toRfc3339(fromMs), changes: [] };
}

function describeApplied({ name, action, from, changes, backfill }: AppliedStream, dryRun: boolean): string {
  const would = dryRun && action !== 'unchanged' ? 'would ' : '';
  const since = from === null ? '' : ` from ${from} on`;
  const lines = changes.map((change) => `\n  ${describeFieldChange(change)}`);
  const filled = backfill === null ? '' : `\n  what is over is made by ${backfill}`;
  return `${would}${action} ${name}${since}${lines.join('')}${filled}`;
}
