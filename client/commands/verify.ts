// `room-streams verify`: a worker reads a whole file back and compares it with its manifest.
import { Option } from 'commander';
import type { Command } from 'commander';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import { keyProblem } from '../../workflows/model/key-rules.ts';
import { renderKey } from '../../workflows/model/key-template.ts';
import { extensionOf, settingsAt } from '../../workflows/model/stream.ts';
import type { VerifyAnswer, VerifyReport, VerifyRequest } from '../../workflows/questions/verify-contract.ts';
import { askWorker } from '../ask-worker.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT, foundCodeOf } from '../exit-codes.ts';
import { leaveOnInterrupt } from '../follow-workflow.ts';
import { parseInstantMs } from '../parse-arguments.ts';
import { printJson, toByteText } from '../print.ts';
import { readStream } from '../streams.ts';
import { intervalToTrigger } from './stream.ts';

/** This is longer than the time that the workflow gives the largest file. */
const TIMEOUT_MS = 13 * 3_600_000;

interface VerifyOptions {
  destination?: string;
  stream?: string;
  end?: number;
  deep?: boolean;
  json?: boolean;
}

export function addVerifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('verify')
    .argument('[key]', 'of the file, with --destination; or name --stream')
    .description(
      'reads a whole file and compares it with its manifest: CRC, sizes, gzip trailer, frame and count of rooms',
    )
    .option('--destination <name>', 'the destination that holds the key')
    .addOption(new Option('--stream <name>', 'instead of a key: the stream').conflicts('destination'))
    .option(
      '--end <time>',
      'with --stream: end of the interval, with its zone; the last if absent',
      parseInstantMs,
    )
    .option('--deep', 'also parse each room and check it by the schema of the file')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: the file is what its manifest says; 33: no manifest; 34: no file; 36: the file differs; 48: an unreadable manifest;\n2: the command is wrong; 3: no such destination or stream; 4: no worker answered; 130: Ctrl-C.\n\nExamples:\n  room-streams verify rooms/demo/2026/11/23/demo_20261123T100000Z_20261123T101500Z.json.gz --destination lake\n  room-streams verify --stream demo --end 2026-11-23T10:15:00Z --deep',
    )
    .action((key: string | undefined, options: VerifyOptions) =>
      withTemporal(async (connected) => {
        const request = await toRequest(connected, key, options);
        const asking = askWorker<VerifyAnswer>(connected, {
          workflow: 'verifyFile',
          request,
          summary: `verifies ${request.destination}: ${request.key}`,
          timeoutMs: TIMEOUT_MS,
        });
        const report = toReport(
          await leaveOnInterrupt(asking, 'left; the worker reads on, and nobody waits for it'),
          request,
        );
        if (options.json === true) printJson(terminal, report);
        else terminal.out(describeReport(report));
        if (report.kind === null) return;
        throw new CommandError(report.problems.join('\n'), foundCodeOf([report.kind]));
      }),
    );
}

async function toRequest(
  connected: Connected,
  key: string | undefined,
  { destination, stream: name, end, deep = false }: VerifyOptions,
): Promise<VerifyRequest> {
  if (name !== undefined) {
    if (key !== undefined)
      throw new CommandError(`key: got "${key}", allowed: either a key or --stream`, EXIT.usage);
    const { stream } = await readStream(connected, name);
    const { untilMs } = stream;
    if (end !== undefined && untilMs !== null && end > untilMs)
      throw new CommandError(
        `end: got ${toRfc3339(end)}, allowed: ${toRfc3339(untilMs)}, where stream ${name} ends, or before`,
        EXIT.usage,
      );
    const interval = intervalToTrigger(stream, end, Date.now());
    const settings = settingsAt(stream, interval.startMs);
    const { keyTemplate, prefix, project } = settings;
    const names = { prefix, project, stream: name, extension: extensionOf(settings) };
    const covers = { stream: name, settings, interval };
    return { destination: settings.destination, key: renderKey(keyTemplate, names, interval), deep, covers };
  }
  if (end !== undefined)
    throw new CommandError('end: got a time without --stream, allowed: both, or a key', EXIT.usage);
  if (key === undefined)
    throw new CommandError('key: got none, allowed: a key with --destination, or --stream', EXIT.usage);
  const problem = keyProblem(key);
  if (problem !== null) throw new CommandError(`key: got ${problem}`, EXIT.usage);
  if (destination === undefined)
    throw new CommandError('destination: got none, allowed: one that the workers know', EXIT.usage);
  return { destination, key, deep };
}

function toReport(answer: VerifyAnswer, { destination }: VerifyRequest): VerifyReport {
  if (!('known' in answer)) return answer;
  const known = answer.known.length === 0 ? 'none is configured' : answer.known.join(', ');
  throw new CommandError(
    `destination: got "${destination}", allowed: ${known} (DESTINATIONS of the worker)`,
    EXIT.notFound,
  );
}

function describeReport({ key, destination, kind, manifest, read, deep }: VerifyReport): string {
  const lines = [`${kind ?? 'as its manifest says'}: ${destination}: ${key}`];
  if (manifest !== null && !manifest.file_written) lines.push('  no file: the interval is empty');
  if (read !== null)
    lines.push(
      `  rooms   ${read.rooms}${deep ? ', each of the right shape unless named below' : ''}`,
      `  size    ${toByteText(read.bytes)} stored, ${toByteText(read.rawBytes)} raw, CRC-32 ${read.rawCrc32}`,
      `  read in ${read.seconds} s`,
    );
  if (manifest !== null) lines.push(`  made    ${manifest.completed_at}, generation ${manifest.generation}`);
  return lines.join('\n');
}
